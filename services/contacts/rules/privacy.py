"""Each personal column of the service: what it serves, on what ground, how long it is kept."""

from shared.privacy import LEGAL_OBLIGATION, PUBLIC_INTEREST, Personal

_COMPANIES = "suivi des entreprises"
_FOLLOW_UP = Personal(
    _COMPANIES,
    PUBLIC_INTEREST,
    "trois ans après le dernier contact de la personne, puis effacée",
)
_OPPOSITION = Personal(_COMPANIES, LEGAL_OBLIGATION, "tant que l’opposition doit être respectée")
_ATTENDANCE = Personal(_COMPANIES, PUBLIC_INTEREST, "comme l’inscription dont c’est une copie")

PERSONAL: dict[str, dict[str, Personal]] = {
    "person": dict.fromkeys(
        (
            "given_name",
            "family_name",
            "email",
            "phone",
            "language",
            "source",
            "collected_on",
            "informed_on",
            "last_inbound_at",
        ),
        _FOLLOW_UP,
    )
    | {"opposed": _OPPOSITION},
    "person_role": dict.fromkeys(("person_id", "company_id", "siret", "title", "since", "until"), _FOLLOW_UP),
    "opposition_record": dict.fromkeys(
        ("person_id", "channel", "statement", "stated_by", "stated_on", "received_by"), _OPPOSITION
    ),
    "interaction": dict.fromkeys(("person_id", "summary"), _FOLLOW_UP),
    "known_registration": dict.fromkeys(("name", "email"), _ATTENDANCE),
}
"""By table, then by column; a test compares it with the tables."""
