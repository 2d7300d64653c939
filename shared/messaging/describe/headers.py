"""The headers of a record as schemas: those of every message once, those of one channel with what they must hold."""

from collections.abc import Sequence
from typing import Any

from shared.contracts.base import State, Visibility
from shared.messaging.envelope import message_type, schema_name

_UUID = {"type": "string", "format": "uuid"}
COMMON: dict[str, dict[str, Any]] = {
    "content-type": {"const": "application/json", "description": "Absent d’un message sans valeur (retrait)"},
    "ce_specversion": {"const": "1.0", "description": "Version de CloudEvents"},
    "ce_id": _UUID | {"description": "Identifiant du message (UUIDv7)\u00a0; unique avec ce_source"},
    "ce_subject": _UUID | {"description": "Identifiant de l’objet, égal à la clé"},
    "ce_partitionkey": _UUID | {"description": "Égal à la clé"},
    "ce_time": {
        "type": "string",
        "format": "date-time",
        "description": "Instant du fait, en UTC\u00a0; ne donne aucun ordre",
    },
    "ce_sequence": {
        "type": "string",
        "pattern": "^[0-9]{12,16}$",
        "description": "Version de l’objet, sur 12 chiffres au moins\u00a0; le seul ordre qui compte",
        "examples": ["000000000007"],
    },
    "ce_epci": {
        "type": "string",
        "pattern": "^[0-9]{9}$",
        "description": "SIREN du propriétaire, égal à celui du sujet",
    },
    "ce_instance": _UUID | {"description": "Incarnation de la base de données qui a écrit le message"},
    "ce_traceparent": {
        "type": "string",
        "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        "description": "Contexte de trace (W3C) de ce qui a écrit le message\u00a0; ne décide de rien",
    },
    "ce_republished": {
        "const": "true",
        "description": "Présent sur un message écrit de nouveau après une perte de Kafka\u00a0; même version",
    },
}
SOMETIMES = frozenset({"content-type", "ce_republished", "ce_traceparent"})


def header_schema(state: type[State], scope: Visibility, *, senders: Sequence[str]) -> dict[str, Any]:
    """Return the schema of the headers of one channel; others may come, and are to be ignored."""
    prefix = message_type(state.aggregate, "[a-z_]+", major=state.major).replace(".", r"\.")
    own: dict[str, dict[str, Any]] = {
        "ce_source": {
            "type": "string",
            "pattern": f"^/epci/[0-9]{{9}}/({'|'.join(senders)})$",
            "description": "Service qui a écrit le message\u00a0: /epci/SIREN/service",
        },
        "ce_type": {
            "type": "string",
            "pattern": f"^{prefix}$",
            "examples": [message_type(state.aggregate, fact, major=state.major) for fact in sorted(state.facts)],
            "description": "Fait\u00a0; un fait inconnu se lit comme les autres, la valeur est toujours l’état complet",
        },
        "ce_dataschema": {
            "type": "string",
            "format": "uri",
            "pattern": f"/schemas/{schema_name(state, scope).replace('.', '[.]')}$",
            "description": "Adresse du schéma de la valeur",
        },
        "ce_visibility": {"const": scope.value, "description": "Portée, égale à celle du sujet"},
    }
    common = {name: {"$ref": f"#/components/schemas/{name}"} for name in COMMON}
    return {
        "type": "object",
        "properties": common | own,
        "required": sorted((common | own).keys() - SOMETIMES),
    }
