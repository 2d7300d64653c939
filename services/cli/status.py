"""``estuaire status``: the state of the instance, read from its databases and from Kafka, running or not."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.settings import read_settings
from services.host import SERVICES
from shared.db.engine import Database
from shared.instance.report import Report, attention, span
from shared.instance.running import SOFTWARE
from shared.instance.state import PeerState, ServiceState, examine
from shared.messaging.embedded.errors import NeverStarted
from shared.messaging.embedded.node import LocalKafka
from shared.service import RunningService
from shared.settings import InstanceSettings
from shared.territory.members import read_territory
from shared.web.formats import nombre

UNKNOWN = "?"
FIGURES = ("À\npublier", "Âge", "Clés\nbloquées", "En\nattente", "Mis de\ncôté", "À\nlire")
_AWAY = {"missing": "absente", "silent": "muette", "outdated": "à migrer"}


def status(
    *, as_json: Annotated[bool, typer.Option("--json", help="Écrire l’état en JSON, pour un programme.")] = False
) -> None:
    """Montre l’état de l’instance ; code 0 si tout va bien, 1 si quelque chose demande attention."""
    # Its own words about a Kafka that is away would stand above ours.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    report = asyncio.run(_report(read_settings()))
    if as_json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        _show(report, Console())
    raise typer.Exit(1 if report.attention else 0)


async def _report(settings: InstanceSettings) -> Report:
    territory, bootstrap = read_territory(settings.territory_file), _bootstrap(settings)
    territory.member(settings.siren)
    services = [RunningService(one, Database(settings.database_url(one.name))) for one in SERVICES.values()]
    clusters = settings.clusters(bootstrap) if bootstrap else []
    try:
        found = await examine(services, epci=settings.siren, territory=territory, clusters=clusters)
    finally:
        for service in services:
            await service.database.close()
    return Report(
        epci=settings.siren,
        software=SOFTWARE,
        bootstrap=bootstrap,
        kafka="connected" if found.kafka_answers else "away",
        services=found.services,
        peers=found.peers,
        attention=attention(found, epci=settings.siren),
    )


def _bootstrap(settings: InstanceSettings) -> str:
    """Return the address of Kafka; empty when it is a local node that never ran."""
    if settings.territory_bootstrap:
        return settings.territory_bootstrap
    try:
        return LocalKafka(settings.data_dir / "kafka").bootstrap
    except NeverStarted:
        return ""


def _show(report: Report, console: Console) -> None:
    answers = "répond" if report.kafka == "connected" else "ne répond pas"
    console.print(f"{report.software} · EPCI {report.epci} · Kafka {report.bootstrap or '(nœud local)'} {answers}")
    for table in (_services(report), _peers(report)):
        console.print()
        console.print(table)
    console.print()
    for sentence in report.attention:
        console.print(f"• {sentence}", style="yellow", highlight=False)
    if not report.attention:
        console.print("Rien ne demande attention.", style="green")


def _services(report: Report) -> Table:
    table = _table("Service", "Base", "Meneur", figures=FIGURES)
    for state in report.services:
        table.add_row(f"{state.service}\n{state.revision or ''}".rstrip(), _database(state), *_figures(state))
    return table


def _table(*names: str, figures: Sequence[str]) -> Table:
    """Return a table without borders: with them, 80 columns are not enough."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold underline")
    for name in names:
        table.add_column(name, vertical="top", no_wrap=name == "Service")
    for name in figures:
        table.add_column(name, justify="right")
    return table


def _database(state: ServiceState) -> str:
    return state.database if state.away is None else f"{state.database} {_AWAY[state.away]}"


def _figures(state: ServiceState) -> list[str]:
    if state.away is not None:
        return [UNKNOWN] * 7
    lag = None if state.lag is None else sum(sum(topics.values()) for topics in state.lag.values())
    return [
        "oui" if state.led else "aucun",
        nombre(state.backlog),
        span(state.oldest_age_seconds) if state.backlog else "",
        nombre(state.blocked_keys),
        nombre(state.parked),
        _known(state.dead_letters),
        _known(lag),
    ]


def _peers(report: Report) -> Table:
    table = _table("EPCI", "Entendu", "Logiciel", figures=("À lire\nici", "À publier\nchez lui"))
    for peer in report.peers:
        own = " (ici)" if peer.siren == report.epci else ""
        table.add_row(peer.name + own, _heard(peer), peer.software, _known(peer.behind), _told(peer))
    return table


def _heard(peer: PeerState) -> str:
    return "jamais" if peer.silent_seconds is None else f"il y a {span(peer.silent_seconds)}"


def _told(peer: PeerState) -> str:
    if peer.backlog is None:
        return UNKNOWN
    late = f" ({span(peer.oldest_age_seconds)})" if peer.backlog and peer.oldest_age_seconds else ""
    return nombre(peer.backlog) + late


def _known(count: int | None) -> str:
    return UNKNOWN if count is None else nombre(count)
