"""What the agenda refuses, in words that a visitor or an agent may read."""

from typing import ClassVar

from shared.errors import Conflict, Gone


class MoveRefused(Conflict):
    """This status does not follow the present one, or something is missing for it."""

    slug: ClassVar[str] = "move-refused"


class LinkMissing(MoveRefused):
    """An event takes place online and nobody knows where; ``facts["errors"]`` names the field."""

    def __init__(self) -> None:
        sentence = "Indiquez le lien de connexion\u00a0: on participe à ce rendez-vous en ligne."
        super().__init__(sentence, errors=[{"field": "online_link", "message": sentence}])


class SeatsTaken(Conflict):
    """The capacity asked for is below the seats already given."""

    slug: ClassVar[str] = "seats-taken"


class RegistrationClosed(Conflict):
    """Nobody can register now; says why."""

    slug: ClassVar[str] = "registration-closed"


class NarrowingRefused(Conflict):
    """A published event that nobody would see is withdrawn, not hidden."""

    slug: ClassVar[str] = "narrowing-refused"


class TooEarly(Conflict):
    """The session has to start first."""

    slug: ClassVar[str] = "too-early"


class LinkSpent(Gone):
    """The place or the request behind a link of a mail is no longer there."""

    slug: ClassVar[str] = "link-spent"
