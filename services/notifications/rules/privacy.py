"""Each personal column of the service: what it serves, on what ground, how long it is kept."""

from shared.privacy import CONSENT, LEGAL_OBLIGATION, OWN_REQUEST, PUBLIC_INTEREST, Personal

_CARD = Personal(
    purpose="respecter les oppositions avant chaque lettre",
    basis=PUBLIC_INTEREST,
    kept="tant que contacts tient la fiche de la personne",
)
_LETTER = Personal(
    purpose="envoyer la lettre demandée",
    basis=CONSENT,
    kept="jusqu’au désabonnement, puis effacée ; 48 heures sans confirmation",
)
_MAIL = Personal(
    purpose="remettre un message et savoir ce qu’il en est advenu",
    basis=OWN_REQUEST,
    kept="contenu : jusqu’à la fin des essais ; adresse : 60 jours après, ou jusqu’au désabonnement",
)
_REST = Personal(
    purpose="ne plus écrire à une adresse qui s’y oppose",
    basis=LEGAL_OBLIGATION,
    kept="empreinte seule, trois ans au moins",
)

PERSONAL: dict[str, dict[str, Personal]] = {
    "known_person": {"email": _CARD},
    "subscription": {"address": _LETTER, "address_hash": _LETTER},
    "delivery": {"address": _MAIL},
    "suppression": {"address_hash": _REST},
}
"""By table, then by column; a test compares it with the tables."""
