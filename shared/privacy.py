"""How a service declares what it holds of people; a test compares the declarations with the tables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Personal:
    """The declaration of one column, in the words of the register of processing (RGPD art. 30)."""

    purpose: str
    basis: str
    kept: str


PUBLIC_INTEREST = "mission d’intérêt public"
OWN_REQUEST = "demande de la personne"
CONSENT = "consentement, confirmé depuis la boîte aux lettres"
LEGAL_OBLIGATION = "obligation légale"
