"""An outsider: reads the public projects of a territory, knowing nothing but its published documents."""

import json
import re
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.error import URLError
from urllib.parse import urljoin
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from jsonschema import Draft202012Validator
from rich.console import Console
from rich.table import Table

SECONDS = 30.0
STAGES = {
    "idea": "Idée recensée",
    "qualification": "Qualification",
    "structuring": "Montage",
    "appraisal": "Instruction",
    "committed": "Validé",
    "delivery": "En réalisation",
    "completed": "Réalisé",
    "evaluated": "Évalué",
    "rejected": "Refusé",
    "abandoned": "Abandonné",
}
_PARAMETER = re.compile(r"\{(\w+)\}")
# The instance is asked directly: a proxy for the rest of the world knows nothing of it.
_WEB = build_opener(ProxyHandler({}))

Project = dict[str, Any]


class ContractBroken(Exception):
    """What was read is not what the published documents say."""


@dataclass(frozen=True)
class Contract:
    """One channel of the AsyncAPI document: which topics it names, and the schema of their values."""

    address: str
    schema: Mapping[str, Any]

    @property
    def pattern(self) -> re.Pattern[str]:
        """The address as a pattern, each parameter as a group of its name."""
        pieces = _PARAMETER.split(self.address)
        # Pieces alternate: text, name of a parameter, text…
        return re.compile(
            "".join(f"(?P<{piece}>[^.]+)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces))
        )


def read_public_projects(base_url: str, bootstrap: str, *, sirens: Collection[str] = ()) -> list[Project]:
    """Return the newest value of each public project that is not deleted, by EPCI, then reference.

    Args:
        base_url: any instance of the territory; only its ``/schemas/`` is asked for.
        bootstrap: address of Kafka.
        sirens: EPCI to read; all of those whose topics are visible if none is named.

    Raises:
        ContractBroken: the document lacks the channel, or a record is not what it says.
        URLError: the instance does not answer.
        KafkaException: Kafka does not answer.
        TimeoutError: the end of a topic was not reached in time.
    """
    contract = fetch_contract(base_url, visibility="public", aggregate="project")
    validator = Draft202012Validator(contract.schema)
    newest: dict[tuple[str, str], tuple[int, Project | None]] = {}
    for message in _records(bootstrap, contract, sirens):
        siren, event = _event(message, contract)
        project = event.get_data() if message.value() is not None else None
        if project is not None:
            _valid(project, validator, where=f"{message.topic()} à la position {message.offset()}")
        key, version = (siren, event.get_subject() or ""), int(event.get_extension("sequence"))
        if version > newest.get(key, (0, None))[0]:
            newest[key] = (version, project if isinstance(project, dict) else None)
    alive = [project for _, project in newest.values() if project is not None]
    return sorted(alive, key=lambda project: (project["home_epci"], project.get("reference", ""), project["id"]))


def fetch_contract(base_url: str, *, visibility: str, aggregate: str) -> Contract:
    """Return the newest channel of an aggregate, from the AsyncAPI document of an instance.

    Raises:
        ContractBroken: no such channel.
        URLError: the instance does not answer.
    """
    place = urljoin(base_url.rstrip("/") + "/", "schemas/asyncapi.json")
    document = _fetch(place)
    channels = [
        channel
        for channel in document["channels"].values()
        if channel["address"].split(".")[1] == visibility and channel["address"].split(".")[3] == aggregate
    ]
    if not channels:
        raise ContractBroken(f"{place} ne décrit aucun sujet « {visibility}, {aggregate} ».")
    channel = max(channels, key=lambda one: int(one["address"].rpartition(".v")[2]))
    message = _resolved(document, next(iter(channel["messages"].values())))
    return Contract(channel["address"], _fetch(urljoin(place, message["payload"]["$ref"])))


def _fetch(url: str) -> dict[str, Any]:
    with _WEB.open(url, timeout=SECONDS) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow a JSON pointer inside the document, as often as it takes."""
    while "$ref" in node:
        found = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def _records(bootstrap: str, contract: Contract, sirens: Collection[str]) -> Iterator[Message]:
    """Read every topic of the contract from its first record to its present end; nothing is committed."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"outsider-{uuid4()}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 2,
        }
    )
    try:
        partitions = [
            TopicPartition(name, number, OFFSET_BEGINNING)
            for name, topic in consumer.list_topics(timeout=SECONDS).topics.items()
            if (found := contract.pattern.fullmatch(name)) and (not sirens or found["siren"] in sirens)
            for number in topic.partitions
        ]
        if partitions:
            consumer.assign(partitions)
            yield from _until_the_end(consumer, unfinished=len(partitions))
    finally:
        consumer.close()


def _until_the_end(consumer: Consumer, *, unfinished: int) -> Iterator[Message]:
    deadline = time.monotonic() + SECONDS
    while unfinished:
        if time.monotonic() > deadline:
            raise TimeoutError("La fin d’un sujet n’a pas été atteinte à temps.")
        message = consumer.poll(1)
        if message is None:
            continue
        error = message.error()
        if error is None:
            yield message
        elif error.code() == KafkaError._PARTITION_EOF:
            unfinished -= 1
        else:
            raise KafkaException(error)


def _event(message: Message, contract: Contract) -> tuple[str, BaseCloudEvent]:
    """Return the owner of the topic and the CloudEvent, as an independent library reads it."""
    try:
        pairs = cast(list[tuple[str, bytes | None]], message.headers() or [])  # declared wider than what is ever read
    except SystemError as refused:  # how this client says that the name of a header is no text
        raise ContractBroken(f"{message.topic()} à la position {message.offset()} : un en-tête illisible.") from refused
    headers = {name: value for name, value in pairs if value is not None}
    event = from_binary_event(KafkaMessage(headers=headers, key=message.key(), value=message.value() or b""))
    found = contract.pattern.fullmatch(message.topic() or "")
    owner = found["siren"] if found else ""
    if event.get_extension("epci") != owner or event.get_subject() != event.get_extension("partitionkey"):
        raise ContractBroken(f"{message.topic()} à la position {message.offset()} : parle au nom d’un autre.")
    return owner, event


def _valid(value: object, validator: Draft202012Validator, *, where: str) -> None:
    for error in validator.iter_errors(value):
        raise ContractBroken(f"{where} : {error.json_path}, {error.message}")


def table_of(projects: Collection[Project]) -> Table:
    """Return the projects as a French table."""
    plural = "s" if len(projects) > 1 else ""
    title = f"{len(projects)} projet{plural} public{plural}"
    table = Table("EPCI", "Référence", "Projet", "Étape", "Faits", title=title)
    for project in projects:
        stage = str(project.get("stage", ""))
        source = (project.get("source") or {}).get("label", "")
        facts = "fictifs" if project.get("demo") else source
        name = project.get("title") or "(confidentiel)"
        table.add_row(project["home_epci"], project.get("reference", ""), name, STAGES.get(stage, stage), facts)
    return table


def main() -> None:
    """Print the public projects: ``python -m services.demo.reader URL BOOTSTRAP``."""
    if len(sys.argv) != 3:
        sys.exit("Usage : python -m services.demo.reader URL_D_UNE_INSTANCE ADRESSE_DE_KAFKA")
    try:
        projects = read_public_projects(sys.argv[1], sys.argv[2])
    except (ContractBroken, URLError, KafkaException, TimeoutError) as refused:
        sys.exit(f"Lecture impossible : {refused}")
    Console().print(table_of(projects))


if __name__ == "__main__":
    main()
