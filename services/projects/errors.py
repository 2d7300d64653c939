"""What the service refuses, and in which words."""

from shared.errors import Conflict, NotFound


class ProjectNotFound(NotFound):
    """No project under this id within the scope of the caller; a private one of others answers alike."""

    title = "Projet inconnu"

    def __init__(self) -> None:
        super().__init__("Aucun projet n’est connu sous cet identifiant.")


class PartNotFound(NotFound):
    """The project has no such line, milestone, decision, indicator or partner."""

    title = "Élément inconnu"

    def __init__(self) -> None:
        super().__init__("Cet élément n’existe pas dans cette fiche.")


class SteeringNotFound(NotFound):
    """No programme, binôme, committee or measure under this name within the scope of the caller."""

    title = "Élément inconnu"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} n’est pas connu sous cet identifiant.")


class CallNotFound(NotFound):
    """No open call, or no proposal to one, under this id within the scope of the caller."""

    title = "Appel inconnu"

    def __init__(self) -> None:
        super().__init__("Aucun appel ouvert n’est connu sous cet identifiant.")


class ImportNotFound(NotFound):
    """No import under this id within the scope of the caller."""

    title = "Import inconnu"

    def __init__(self) -> None:
        super().__init__("Aucun import n’est connu sous cet identifiant.")


class ImportRefused(Conflict):
    """An import cannot go that way from where it is."""

    slug = "import-refused"


class MoveRefused(Conflict):
    """A transition whose guards are not met; ``facts["unmet"]`` names every one of them."""

    slug = "move-refused"
    title = "Étape impossible"


class FundingRefused(Conflict):
    """A funding line may not change that way."""

    slug = "funding-refused"


class CallRefused(Conflict):
    """A call may not change that way."""

    slug = "call-refused"


class ApplicationRefused(Conflict):
    """The answer to a call may not change that way."""

    slug = "application-refused"


class ParticipationRefused(Conflict):
    """The invitation or the answer does not fit what is known of it."""

    slug = "participation-refused"


class ListFull(Conflict):
    """A fiche holds no more of these."""

    slug = "list-full"


class AlreadyKnown(Conflict):
    """An external identifier belongs to something else."""

    slug = "already-known"
