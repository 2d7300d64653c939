"""Signed links: one key per purpose, derived from the secret of the instance."""

from datetime import timedelta

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from shared.errors import Gone, NotFound


class Signer:
    """Make and read the opaque token of a mail link."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def token(self, purpose: str, subject: str) -> str:
        """Return a URL-safe token that binds ``subject`` to ``purpose``."""
        return self._serializer(purpose).dumps(subject)

    def subject(self, purpose: str, token: str, *, max_age: timedelta | None = None) -> str:
        """Return what the token was made for.

        Raises:
            NotFound: the token was altered, or made for another purpose or instance.
            Gone: older than ``max_age``.
        """
        seconds = int(max_age.total_seconds()) if max_age else None
        try:
            subject = self._serializer(purpose).loads(token, max_age=seconds)
        except SignatureExpired as refused:
            raise Gone("Ce lien a expiré. Demandez-en un nouveau.") from refused
        except BadSignature as refused:
            raise NotFound("Ce lien n’est pas reconnu.") from refused
        if not isinstance(subject, str):
            raise NotFound("Ce lien n’est pas reconnu.")
        return subject

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._secret, salt=f"estuaire.{purpose}")
