"""Expected refusals: each carries its HTTP status, a stable slug and a French sentence fit to be shown."""

from typing import ClassVar


class Refusal(Exception):
    """Say no to a caller, in French, without anything having changed."""

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "refused"
    title: ClassVar[str] = "Action impossible"

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class Unauthenticated(Refusal):
    """Nobody is known behind this request."""

    status, slug, title = 401, "unauthenticated", "Jeton d’accès attendu"


class Forbidden(Refusal):
    """The caller is known and lacks the right."""

    status, slug, title = 403, "forbidden", "Accès non autorisé"


class NotFound(Refusal):
    """Nothing here under this name, or not the caller’s to know."""

    status, slug, title = 404, "not-found", "Page introuvable"

    def __init__(self, detail: str = "Rien n’est connu sous cette adresse.", **facts: object) -> None:
        super().__init__(detail, **facts)


class NotAllowed(Refusal):
    """The address exists, not for this method."""

    status, slug, title = 405, "not-allowed", "Action impossible"


class Conflict(Refusal):
    """The present state does not allow it."""

    status, slug, title = 409, "conflict", "Action impossible"


class Gone(Refusal):
    """A link that served its time."""

    status, slug, title = 410, "gone", "Lien expiré ou déjà utilisé"


class StaleVersion(Refusal):
    """The object changed after the version which the caller has seen."""

    status, slug, title = 412, "stale-version", "Fiche modifiée entre-temps"


class TooLarge(Refusal):
    """More than the limit of this door."""

    status, slug, title = 413, "too-large", "Contenu trop volumineux"


class Invalid(Refusal):
    """Malformed input; ``facts["errors"]`` names the fields."""

    status, slug, title = 422, "invalid", "À corriger"

    @classmethod
    def field(cls, name: str, message: str) -> "Invalid":
        """Return the refusal of one field, which says the same beside it and above all."""
        return cls(message, errors=[{"field": name, "message": message}])


class VersionMissing(Refusal):
    """A change without ``If-Match``."""

    status, slug, title = 428, "version-missing", "Version attendue"

    def __init__(self) -> None:
        super().__init__("Indiquez la version lue, dans l’en-tête If-Match.")


class TooMany(Refusal):
    """Over the limit of requests; ``facts["retry_after"]`` in seconds."""

    status, slug, title = 429, "too-many", "Trop de demandes"


class Failed(Refusal):
    """A mistake of ours: the only answer for which the caller can do nothing but tell us."""

    status, slug, title = 500, "failed", "Une erreur est survenue"


class Unavailable(Refusal):
    """A part that is needed does not answer; ``facts["retry_after"]`` in seconds."""

    status, slug, title = 503, "unavailable", "Service momentanément indisponible"
