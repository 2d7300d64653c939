"""``estuaire tokens``: API tokens of the instance."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from services.cli.databases import require_current, revision_of
from services.cli.migrations import IDENTITY
from services.cli.settings import read_settings
from services.cli.tables import console, table
from shared.clock import now
from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.db.session import Session
from shared.identity.access import Role
from shared.identity.models import ApiToken
from shared.identity.tokens import add_token, list_tokens, revoke_token
from shared.settings import InstanceSettings

tokens = typer.Typer(help="Jetons d’accès à l’API de l’instance.", no_args_is_help=True)
LONGEST_DAYS = 3650


class GivenRole(StrEnum):
    """A role that a token can have: everybody is a visitor without one."""

    AGENT = Role.AGENT
    COORDINATOR = Role.COORDINATOR
    ADMIN = Role.ADMIN
    INTEGRATOR = Role.INTEGRATOR


@tokens.command("add")
def add(
    name: Annotated[str, typer.Argument(help="À qui ou à quoi sert ce jeton.")],
    role: Annotated[GivenRole, typer.Option(help="Rôle de qui s’en sert.")] = GivenRole.AGENT,
    days: Annotated[
        int | None, typer.Option(min=1, max=LONGEST_DAYS, help="Durée de vie en jours ; sans limite si absent.")
    ] = None,
) -> None:
    """Crée un jeton ; son secret n’est montré qu’une fois."""
    lasts = timedelta(days=days) if days else None
    typer.echo(asyncio.run(_add(read_settings(), name=name, role=Role(role), lasts=lasts)))


@tokens.command("list")
def list_() -> None:
    """Montre les jetons, sans leurs secrets."""
    asyncio.run(_list(read_settings()))


@tokens.command("revoke")
def revoke(token_id: Annotated[UUID, typer.Argument(help="Identifiant du jeton.")]) -> None:
    """Met fin à un jeton, tout de suite."""
    ended = asyncio.run(_revoke(read_settings(), token_id))
    typer.echo("Ce jeton n’ouvre plus rien." if ended else "Aucun jeton en cours sous cet identifiant.")


async def _add(settings: InstanceSettings, *, name: str, role: Role, lasts: timedelta | None) -> str:
    async with _identity(settings) as session:
        _, secret = await add_token(session, name=name, epci=settings.siren, role=role, lasts=lasts)
        return secret


async def _list(settings: InstanceSettings) -> None:
    shown = table("Nom", "Rôle", "Créé le", "État")
    shown.add_column("Identifiant", no_wrap=True, min_width=36)
    async with _identity(settings) as session:
        for token in await list_tokens(session):
            created = f"{token.created_at:%d/%m/%Y}"
            shown.add_row(token.name, token.role.value, created, _state(token), str(token.id))
    console().print(shown)


def _state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return "révoqué"
    if token.expires_at is None:
        return "actif"
    return "expiré" if token.expires_at <= now() else f"actif jusqu’au {token.expires_at:%d/%m/%Y}"


async def _revoke(settings: InstanceSettings, token_id: UUID) -> bool:
    async with _identity(settings) as session:
        return await revoke_token(session, token_id)


@asynccontextmanager
async def _identity(settings: InstanceSettings) -> AsyncIterator[Session]:
    settings.require_whole()
    settings.prepare_data_dir()
    name, package = IDENTITY
    async with Database(settings.database_url(name)) as database:
        if await revision_of(database, name) is None:
            await upgrade(database, package=package)  # tokens are made before an instance starts for the first time
        await require_current(database, name, package=package)
        async with database.transaction() as session:
            yield session
