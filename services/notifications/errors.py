"""What this service refuses."""

from typing import ClassVar

from shared.errors import Conflict, Gone, Invalid, NotFound


class RuleNotFound(NotFound):
    """No newsletter rule under this id."""

    title = "Règle inconnue"


class IssueNotFound(NotFound):
    """No issue under this id."""

    title = "Lettre inconnue"


class RulePaused(Conflict):
    """A rule that was switched off composes nothing."""


class UnknownEpci(Invalid):
    """A filter that names an EPCI outside the territory."""


class LinkUsed(Gone):
    """A link whose subscription ended meanwhile."""


class LinkReplaced(Gone):
    """A confirmation link whose request gave way to a newer one."""

    slug, title = "link-replaced", "Une demande plus récente remplace ce lien"


class HeaderRefused(Exception):
    """The bytes of a mail do not carry the headers that were meant: it must not leave."""

    reason: ClassVar[str] = "guard"
