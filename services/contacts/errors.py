"""What contacts refuses, in French."""

from shared.errors import Conflict, Forbidden, NotFound


class CompanyNotFound(NotFound):
    """No company under this SIREN."""

    slug = "company-not-found"
    title = "Entreprise inconnue"

    def __init__(self, siren: str) -> None:
        super().__init__("Cette entreprise n’est pas dans l’annuaire de votre EPCI.", siren=siren)


class PersonNotFound(NotFound):
    """Nobody under this identifier, or no longer."""

    slug = "person-not-found"
    title = "Personne inconnue"

    def __init__(self) -> None:
        super().__init__("Cette personne n’est pas dans l’annuaire de votre EPCI.")


class AlreadyKnown(Conflict):
    """The register number is in the directory already."""

    slug = "already-known"


class PersonProposed(Conflict):
    """Somebody with this address is known; ``facts["person_id"]`` says who, to be completed rather than doubled."""

    slug = "person-proposed"


class LiftRefused(Forbidden):
    """Only the person lifts an opposition."""

    slug = "lift-refused"


class NothingOpposed(Conflict):
    """There is no opposition to lift on this channel."""

    slug = "nothing-opposed"
