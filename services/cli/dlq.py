"""``estuaire dlq``: records that were set aside, looked at, handled once more, or dropped."""

import asyncio
from collections import deque
from contextlib import aclosing
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from sqlmodel import col, select

from services.cli.opening import Offset, Opened, ServiceName, opened, operator
from services.cli.tables import console, table
from shared.errors import Conflict, NotFound
from shared.messaging.delivery.letters import Failure
from shared.messaging.delivery.settling import Place, Settling, Verdict
from shared.messaging.kafka.letters import Letter, read_letters

dlq = typer.Typer(help="Enregistrements mis de côté (30 jours).", no_args_is_help=True)

VERDICTS = {Verdict.REPLAYED: "rejoué", Verdict.PARKED: "mis en attente", Verdict.DROPPED: "abandonné"}
FAILURES = {
    Failure.POISON: "illisible ou usurpé",
    Failure.BUG: "erreur du logiciel",
    Failure.OVERDUE: "attente dépassée",
    Failure.UNCLEAN: "arrêts répétés",
}


@dlq.command("list")
def list_(
    service: ServiceName,
    topic: Annotated[str, typer.Option(help="Seulement de ce sujet (début du nom).")] = "",
    reason: Annotated[str, typer.Option(help="Seulement pour ce motif (début).")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Les plus récents.")] = 100,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Aussi ceux qui sont réglés.")] = False,
) -> None:
    """Montre ce qui est de côté et n’est pas réglé, puis les sujets que le disjoncteur retient."""
    asyncio.run(_list(service, topic=topic, reason=reason, limit=limit, everything=everything))


@dlq.command("show")
def show(
    service: ServiceName,
    offset: Offset,
    most: Annotated[int, typer.Option("--bytes", min=0, max=100_000, help="Octets montrés du contenu.")] = 2000,
) -> None:
    """Montre un enregistrement\u00a0: d’où il vient, pourquoi il est ici, ses en-têtes, le début de son contenu."""
    asyncio.run(_show(service, offset, most=most))


@dlq.command("replay")
def replay(service: ServiceName, offset: Offset) -> None:
    """Fait traiter un enregistrement par ce service, une fois\u202f; jamais en le réécrivant dans son sujet."""
    asyncio.run(_replay(service, offset))


@dlq.command("drop")
def drop(service: ServiceName, offset: Offset) -> None:
    """Règle un enregistrement sans le traiter\u202f; il reste lisible jusqu’à la fin de ses 30 jours."""
    asyncio.run(_drop(service, offset))


@dlq.command("resume")
def resume(service: ServiceName, topic: Annotated[str, typer.Argument(help="Nom entier du sujet retenu.")]) -> None:
    """Lève le disjoncteur d’un sujet\u202f; l’instance en marche reprend la lecture en quelques secondes."""
    asyncio.run(_resume(service, topic))


async def _list(service: str, *, topic: str, reason: str, limit: int, everything: bool) -> None:
    async with opened(service) as here:
        settled = await Settling(here.delivery).settled(here.dead_letters)
        rows: deque[tuple[str, ...]] = deque(maxlen=limit)
        async for letter in read_letters(here.access(), here.dead_letters):
            if not letter.raw.topic.startswith(topic) or not letter.reason.startswith(reason):
                continue
            if letter.offset in settled and not everything:
                continue
            decided = settled.get(letter.offset)
            state = f"{VERDICTS[Verdict(decided.verdict)]} par {decided.settled_by}" if decided else "à régler"
            rows.append(_row(letter, state))
        held = await _held(here)
    shown = table("N°", "Sujet", "Position", "Groupe", "Classe", "Motif", "Essais", "Le (UTC)", "État")
    for row in rows:
        shown.add_row(*(Text(visible(cell)) for cell in row))
    out = console()
    out.print(shown if rows else "Rien n’est de côté.")
    for name, group in held:
        out.print(Text(visible(f"Retenu par le disjoncteur : {name} ({group})")))


def _row(letter: Letter, state: str) -> tuple[str, ...]:
    kind = letter.group.split(".")[2] if letter.group.count(".") >= 2 else letter.group
    return (
        str(letter.offset),
        letter.raw.topic,
        str(letter.raw.offset),
        kind,
        _failure(letter),
        letter.reason,
        str(letter.tries),
        f"{letter.last_at:%d/%m/%Y %H:%M}",
        state,
    )


async def _show(service: str, offset: int, *, most: int) -> None:
    async with opened(service) as here:
        letter = await _find(here, offset)
        decided = (await Settling(here.delivery).settled(here.dead_letters)).get(offset)
    facts = Table(show_header=False)
    told = {
        "Sujet": f"{letter.raw.topic}, position {letter.raw.offset}",
        "Groupe": letter.group,
        "Motif": f"{_failure(letter)} ({letter.reason})",
        "Essais": f"{letter.tries}, du {letter.first_at:%d/%m/%Y %H:%M:%S} au {letter.last_at:%d/%m/%Y %H:%M:%S} UTC",
        "Version": letter.software,
        "Clé": preview(letter.raw.key, most=200),
        "État": "à régler" if decided is None else f"{VERDICTS[Verdict(decided.verdict)]} par {decided.settled_by}",
    }
    for name, value in told.items():
        facts.add_row(name, Text(visible(value)))
    headers = table("En-tête", "Valeur")
    for name, header in letter.raw.headers[:100]:
        headers.add_row(Text(visible(name[:100])), Text(preview(header, most=200)))
    out = console()
    out.print(facts, headers)
    size = "aucun contenu (suppression)" if letter.raw.value is None else f"{len(letter.raw.value)} octets"
    out.print(f"Contenu\u00a0: {size}{', tronqué' if letter.cut else ''}")
    out.print(Text(preview(letter.raw.value, most=most)))


async def _replay(service: str, offset: int) -> None:
    async with opened(service) as here:
        letter = await _find(here, offset)
        if letter.cut or letter.failure == Failure.UNCLEAN or letter.reason == "unreadable":
            raise Conflict("Cet enregistrement n’est pas ici en entier\u00a0: il ne peut pas être rejoué.")
        verdict = await Settling(here.delivery).replay(
            Place(here.dead_letters, offset),
            letter.raw,
            group=letter.group,
            heard_at=letter.first_at,
            by=operator(),
        )
    typer.echo(f"Enregistrement {offset}\u00a0: {VERDICTS[verdict]}.")


async def _drop(service: str, offset: int) -> None:
    async with opened(service) as here:
        await _find(here, offset)
        await Settling(here.delivery).drop(Place(here.dead_letters, offset), by=operator())
    typer.echo(f"Enregistrement {offset}\u00a0: {VERDICTS[Verdict.DROPPED]}.")


async def _resume(service: str, topic: str) -> None:
    async with opened(service) as here:
        if await here.delivery.positions.resume([topic]) == 0:
            raise NotFound("Le disjoncteur ne retient pas ce sujet.")
    typer.echo("La lecture de ce sujet reprend.")


async def _find(here: Opened, offset: int) -> Letter:
    async with aclosing(read_letters(here.access(), here.dead_letters, first=offset)) as letters:
        async for letter in letters:
            if letter.offset == offset:
                return letter
            break
    raise NotFound(f"Aucun enregistrement {offset} n’est de côté.")


async def _held(here: Opened) -> list[tuple[str, str]]:
    positions = here.manifest.tables.positions
    async with here.database.reading() as session:
        rows = (await session.exec(select(positions).where(col(positions.paused_at).is_not(None)))).all()
    return [(row.topic, row.group) for row in rows]


def _failure(letter: Letter) -> str:
    return FAILURES[Failure(letter.failure)] if letter.failure in set(Failure) else "inconnue"


def preview(value: bytes | None, *, most: int) -> str:
    """Return the beginning of bytes as text in which nothing can act upon a terminal."""
    if value is None:
        return "—"
    shown = visible(value[:most].decode(errors="backslashreplace"))
    return f"{shown}…" if len(value) > most else shown


def visible(text: str) -> str:
    """Return a text with everything that is not printable written as an escape: what is here, anybody may have sent."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
