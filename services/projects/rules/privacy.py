"""Each personal column of the service: what it serves, on what ground, how long it is kept."""

from shared.privacy import OWN_REQUEST, PUBLIC_INTEREST, Personal

_PROPOSAL = Personal(
    "propositions du public à un appel ouvert",
    OWN_REQUEST,
    "un an après la décision sur la proposition, puis effacé",
)

_SHEET = Personal(
    "reprise des tableaux de projets",
    PUBLIC_INTEREST,
    "un mois après la dernière action sur l’import, puis effacé",
)

PERSONAL: dict[str, dict[str, Personal]] = {
    "submission": dict.fromkeys(("name", "email"), _PROPOSAL),
    "import_file": {"sheets": _SHEET},
}
"""By table, then by column; a test compares it with the tables."""
