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


class MoveRefused(Conflict):
    """A transition whose guards are not met; ``facts["unmet"]`` names every one of them."""

    slug = "move-refused"
    title = "Étape impossible"


class FundingRefused(Conflict):
    """A funding line may not change that way."""

    slug = "funding-refused"


class ParticipationRefused(Conflict):
    """The invitation or the answer does not fit what is known of it."""

    slug = "participation-refused"


class ListFull(Conflict):
    """A fiche holds no more of these."""

    slug = "list-full"


class AlreadyKnown(Conflict):
    """An external identifier belongs to something else."""

    slug = "already-known"
