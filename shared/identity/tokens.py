"""API tokens: made once and shown once, known afterwards by their hash."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel import select

from shared.clock import now
from shared.db.session import Session
from shared.errors import Unauthenticated
from shared.identity.access import Role, Scope
from shared.identity.models import ApiToken
from shared.ids import uuid7

PREFIX = "est_"


async def add_token(
    session: Session, *, name: str, epci: str, role: Role, lasts: timedelta | None = None
) -> tuple[ApiToken, str]:
    """Make a token and return it with its secret, which cannot be read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        id=uuid7(),
        name=name,
        epci=epci,
        role=role,
        secret_hash=_hash(secret),
        created_at=now(),
        expires_at=now() + lasts if lasts else None,
    )
    session.add(token)
    await session.flush()
    return token, secret


async def scope_of(session: Session, secret: str, *, epci: str) -> Scope:
    """Return what a token may do in the instance of ``epci``.

    Raises:
        Unauthenticated: unknown, expired, revoked, or of another EPCI; one answer for all.
    """
    statement = select(ApiToken).where(ApiToken.secret_hash == _hash(secret))
    token = (await session.exec(statement)).first()
    refused = token is None or token.epci != epci or token.revoked_at is not None
    if token is None or refused or (token.expires_at is not None and token.expires_at <= now()):
        raise Unauthenticated("Ce jeton n’est pas reconnu par cette instance.")
    return Scope(epci=epci, role=token.role, actor=token.id)


async def list_tokens(session: Session) -> Sequence[ApiToken]:
    """Return every token, newest first."""
    statement = select(ApiToken).order_by(ApiToken.id.desc())  # type: ignore[attr-defined]
    return (await session.exec(statement)).all()


async def revoke_token(session: Session, token_id: UUID) -> bool:
    """End a token now; tell whether there was one to end."""
    token = await session.get(ApiToken, token_id)
    if token is None or token.revoked_at is not None:
        return False
    token.revoked_at = now()
    return True


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
