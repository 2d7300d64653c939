"""What an operator is told of an instance, and what of it asks for attention."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from shared.instance.state import Examined, PeerState, ServiceState
from shared.web.formats import nombre, pluriel

LATE_SECONDS = 600
PARKED_SECONDS = 3600
SILENT_SECONDS = 900
BEHIND_RECORDS = 1000
_AWAY = {
    "missing": "la base n’existe pas encore\u00a0: lancez l’instance ou «\u00a0estuaire migrate\u00a0»",
    "silent": "la base ne répond pas",
    "outdated": "la base n’est pas à la révision de ce logiciel\u00a0: «\u00a0estuaire migrate\u00a0»",
}


class Report(BaseModel):
    """One instance; ``attention`` is empty when nothing needs anybody."""

    epci: str
    software: str
    bootstrap: str
    kafka: str
    services: Sequence[ServiceState]
    peers: Sequence[PeerState]
    attention: list[str]


def attention(found: Examined, *, epci: str) -> list[str]:
    """Return one French sentence for each thing that somebody should look at."""
    said = [] if found.kafka_answers else ["Kafka ne répond pas\u00a0: rien n’est publié ni lu."]
    for state in found.services:
        said += [f"{state.service}\u00a0: {words}." for words in _of_service(state)]
    said += [f"{peer.name}\u00a0: {words}." for peer in found.peers for words in _of_peer(peer) if peer.siren != epci]
    return said


def _of_service(state: ServiceState) -> Iterator[str]:
    if state.away is not None:
        yield _AWAY[state.away]
        return
    yield from _of_publishing(state)
    if state.oldest_parked_seconds > PARKED_SECONDS:
        yield f"des messages sont en attente d’un autre depuis {span(state.oldest_parked_seconds)}"
    for topic in sorted({topic for topics in state.paused.values() for topic in topics}):
        yield f"{topic} n’est plus lu\u00a0: trop de messages y étaient faux (estuaire dlq resume)"
    if state.dead_letters:
        aside = pluriel(state.dead_letters, "message mis de côté", "messages mis de côté")
        yield f"{aside}, à juger (estuaire dlq list)"


def _of_publishing(state: ServiceState) -> Iterator[str]:
    if state.restored:
        yield "base restaurée, rien n’est publié\u00a0: lancez «\u00a0estuaire restore-check\u00a0»"
    if not state.led:
        yield "aucun processus ne publie ni ne travaille\u00a0: l’instance est arrêtée (estuaire serve)"
    if state.oldest_age_seconds > LATE_SECONDS:
        yield f"des messages attendent d’être publiés depuis {span(state.oldest_age_seconds)}"
    if state.blocked:
        yield f"{pluriel(state.blocked, 'ligne bloquée', 'lignes bloquées')}, que Kafka refuse (estuaire outbox list)"


def _of_peer(peer: PeerState) -> Iterator[str]:
    if peer.silent_seconds is not None and peer.silent_seconds > SILENT_SECONDS:
        yield f"silence depuis {span(peer.silent_seconds)}"
    if (peer.behind or 0) > BEHIND_RECORDS:
        yield f"{nombre(peer.behind or 0)} messages à lire ici"


def span(seconds: float) -> str:
    """Write a duration in its largest unit: ``40 s``, ``3 min``, ``5 h``, ``2 j``."""
    for unit, length in (("j", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (seconds >= length and unit == "min"):
            return f"{nombre(int(seconds // length))}\u00a0{unit}"
    return f"{int(seconds)}\u00a0s"
