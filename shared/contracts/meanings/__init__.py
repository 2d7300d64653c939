"""What each published thing means, in French: the words of the schemas, of the AsyncAPI document and of its page.

Keys are the names of the contract classes, and ``Class.field``; the fields that every state has are under ``State``.
"""

from collections.abc import Mapping

from shared.contracts.base import Part
from shared.contracts.meanings import agenda, news, private, projects

MEANINGS: Mapping[str, str] = {
    # -- Every state
    "State.id": "Identifiant de l’objet (UUIDv7), égal à la clé du message",
    "State.home_epci": "SIREN de l’EPCI propriétaire, seul à écrire cet objet",
    "State.version": "Version de l’objet, à partir de 1\u00a0; égale à l’en-tête ce_sequence",
    "State.updated_at": "Instant de cette version, en UTC",
    "State.changed": "Noms des champs modifiés par cette version",
    # -- Signs of life
    "Heartbeat": "Signe de vie d’un service d’un EPCI, toutes les 60 secondes au plus",
    "Heartbeat.sender": "Service",
    "Heartbeat.software": "Logiciel et version",
    "Heartbeat.backlog": "Messages en attente de publication",
    "Heartbeat.oldest_age_seconds": "Âge du plus ancien message en attente, en secondes",
    **projects.MEANINGS,
    **agenda.MEANINGS,
    **news.MEANINGS,
    **private.MEANINGS,
}


def meaning_of(part: type[Part], field: str) -> str:
    """Return what a field of a state, or of a piece of one, means.

    Raises:
        KeyError: nobody wrote it down yet.
    """
    found = MEANINGS.get(f"{part.__name__}.{field}")
    return MEANINGS[f"State.{field}"] if found is None else found
