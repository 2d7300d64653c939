"""The AsyncAPI 3 document: servers, channels with their parameter and policies, messages with headers and examples."""

from typing import Any

from shared.contracts import CATALOGUE, EVERY_SERVICE, SERVICES
from shared.contracts.base import State, Visibility
from shared.contracts.meanings import MEANINGS
from shared.messaging.describe.examples import example_of
from shared.messaging.describe.headers import COMMON, header_schema
from shared.messaging.describe.servers import SECURITY, servers
from shared.messaging.envelope import schema_name
from shared.messaging.registry import Topic, topic_of
from shared.messaging.topology import topics_of

ASYNCAPI = "3.1.0"
BINDING = "0.5.0"  # of Kafka
_SIREN = {"description": "SIREN de l’EPCI propriétaire, seul à écrire dans ce sujet", "examples": ["123456782"]}
_GROUP = {
    "type": "string",
    "description": "Votre groupe de consommateurs, sous le préfixe qui vous a été donné",
    "examples": ["opendata.projets"],
}
_READERS = {
    Visibility.PUBLIC: "Lu par tout intégrateur qui en a reçu le droit",
    Visibility.TERRITORY: "Lu par les EPCI du territoire, et par un intégrateur qui a un accord avec eux",
    Visibility.PRIVATE: "Lu par les services de l’EPCI propriétaire, et par personne d’autre",
}
_ABOUT = (
    "Ce que les EPCI d’un Territoire d’industrie publient sur Kafka. Un sujet par portée, EPCI, type d’objet et "
    "version majeure\u00a0; une partition, compactée\u00a0; la clé est l’identifiant de l’objet, la valeur son état "
    "complet, une valeur nulle son retrait. Gardez la plus haute ce_sequence de chaque clé, ignorez les champs "
    "inconnus et prenez une valeur inconnue d’une liste pour «\u00a0autre\u00a0»."
)


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3 document: one channel per aggregate and visibility, with a ``siren`` parameter."""
    published = {
        f"{scope.value}.{state.aggregate}": (state, scope) for state in CATALOGUE.values() for scope in state.scopes
    }
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Estuaire",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "EUPL-1.2"},
            "tags": [{"name": scope.value, "description": text} for scope, text in _READERS.items()],
        },
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": {name: _channel(name, *one) for name, one in published.items()},
        "operations": {
            key: body for name, (_, scope) in published.items() for key, body in _operations(name, scope).items()
        },
        "components": {
            "messages": {name: _message(name, *one) for name, one in published.items()},
            "schemas": COMMON,
            "securitySchemes": SECURITY,
        },
    }


def _channel(name: str, state: type[State], scope: Visibility) -> dict[str, Any]:
    return {
        "address": str(Topic(scope, "{siren}", state.aggregate, state.major)),
        "title": f"{state.aggregate}, {scope.value}",
        "summary": MEANINGS[state.__name__],
        "description": _READERS[scope],
        "tags": [{"name": scope.value}],
        "parameters": {"siren": _SIREN},
        "messages": {state.aggregate: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"kafka": _policies(state, scope)},
    }


def _policies(state: type[State], scope: Visibility) -> dict[str, Any]:
    """Return how the topic is set up on every cluster; what depends on their size is told with the servers."""
    single, replicated = (_config(state, scope, replicas=replicas) for replicas in (1, 3))
    same = {key: value for key, value in single.items() if replicated.get(key) == value}
    return {
        "partitions": 1,
        "topicConfiguration": {key: _typed(key, value) for key, value in same.items()},
        "bindingVersion": BINDING,
    }


def _config(state: type[State], scope: Visibility, *, replicas: int) -> dict[str, str]:
    siren = "0" * 9
    name = str(topic_of(state, visibility=scope, epci=siren))
    return next(topic.config for topic in topics_of(siren, replicas=replicas) if topic.name == name)


def _typed(key: str, value: str) -> object:
    """Return a configuration value as the Kafka binding wants it: numbers as such, policies as a list."""
    if key == "cleanup.policy":
        return value.split(",")
    if value in {"true", "false"}:
        return value == "true"
    if value.isdigit():
        return int(value)
    return float(value) if value.replace(".", "", 1).isdigit() else value


def _operations(name: str, scope: Visibility) -> dict[str, Any]:
    channel = {"channel": {"$ref": f"#/channels/{name}"}}
    return {
        f"send.{name}": {"action": "send", "summary": "Écrit par l’EPCI propriétaire, et lui seul", **channel},
        f"receive.{name}": {
            "action": "receive",
            "summary": _READERS[scope],
            "bindings": {"kafka": {"groupId": _GROUP, "bindingVersion": BINDING}},
            **channel,
        },
    }


def _message(name: str, state: type[State], scope: Visibility) -> dict[str, Any]:
    senders = SERVICES if state.service == EVERY_SERVICE else (state.service,)
    return {
        "name": name,
        "title": MEANINGS[state.__name__],
        "summary": f"Faits\u00a0: {', '.join(sorted(state.facts))}. Une valeur nulle est un retrait.",
        "contentType": "application/json",
        "headers": header_schema(state, scope, senders=senders),
        "payload": {"$ref": f"./{schema_name(state, scope)}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": "Identifiant de l’objet"},
                "bindingVersion": BINDING,
            }
        },
        **_examples(state, scope),
    }


def _examples(state: type[State], scope: Visibility) -> dict[str, Any]:
    shown = example_of(state, scope)
    if shown is None:
        return {}
    example = {"name": shown.fact, "summary": "Donnée inventée", "headers": shown.headers, "payload": shown.value}
    return {"examples": [example]}
