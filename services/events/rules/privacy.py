"""Each personal column of the service: what it serves, on what ground, how long it is kept."""

from shared.privacy import PUBLIC_INTEREST, Personal

_PLACE = Personal(
    purpose="organiser le rendez-vous auquel la personne demande une place",
    basis=PUBLIC_INTEREST,
    kept="trois ans après le rendez-vous, puis effacée",
)
_MAIL = Personal(
    purpose="écrire à la personne ce qu’il advient de sa place",
    basis=PUBLIC_INTEREST,
    kept="jusqu’au compte rendu d’envoi, quelques secondes en général, puis effacé",
)

PERSONAL: dict[str, dict[str, Personal]] = {
    "registration": dict.fromkeys(("name", "email", "organisation", "siren", "state", "notice_version"), _PLACE),
    "mail_order": {"content": _MAIL},
}
"""By table, then by column; a test compares it with the tables."""
