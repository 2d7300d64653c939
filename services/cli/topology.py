"""``estuaire topology``: topics of the territory, shown before they are made."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.messaging.topology import Plan, Topology
from shared.settings import KafkaAccess
from shared.territory.members import read_territory

topology = typer.Typer(help="Sujets Kafka du territoire.", no_args_is_help=True)

Territory = Annotated[Path, typer.Option(envvar="ESTUAIRE_TERRITORY_FILE", help="Fichier du territoire.")]
Bootstrap = Annotated[str, typer.Option(envvar="ESTUAIRE_TERRITORY_BOOTSTRAP", help="Adresse de Kafka.")]
Replicas = Annotated[int, typer.Option(min=1, max=5, help="Copies de chaque sujet : 3 en production.")]


@topology.command("plan")
def plan(territory: Territory, bootstrap: Bootstrap, replicas: Replicas = 1) -> None:
    """Montre ce qui manque et ce qui diffère, sans rien changer ; code 2 s’il y a quelque chose à faire."""
    found = _compare(territory, bootstrap, replicas)[1]
    _show(found)
    raise typer.Exit(2 if found.missing or found.different else 0)


@topology.command("apply")
def apply(territory: Territory, bootstrap: Bootstrap, replicas: Replicas = 1) -> None:
    """Crée les sujets qui manquent ; ceux qui diffèrent sont signalés, jamais changés en silence."""
    cluster, found = _compare(territory, bootstrap, replicas)
    made = cluster.apply(found)
    _show(Plan(different=found.different, right=found.right + made))
    typer.echo(f"{made} sujets créés.")


def _compare(territory: Path, bootstrap: str, replicas: int) -> tuple[Topology, Plan]:
    cluster = Topology(KafkaAccess(bootstrap), replicas=replicas)
    return cluster, cluster.plan(read_territory(territory).sirens)


def _show(found: Plan) -> None:
    table = Table("Sujet", "Constat")
    for topic in found.missing:
        table.add_row(topic.name, "manque")
    for name, differences in found.different.items():
        words = ", ".join(f"{key} = {now} au lieu de {wanted}" for key, (now, wanted) in differences.items())
        table.add_row(name, words)
    if table.row_count:
        Console().print(table)
    typer.echo(f"{found.right} sujets conformes.")
