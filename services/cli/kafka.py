"""`estuaire kafka`: the local Kafka node of this machine, for those who run no cluster of their own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from shared.messaging.embedded.errors import LocalKafkaError
from shared.messaging.embedded.install import prepare
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import acknowledges

NOT_RUNNING = 3  # what service commands answer for "stopped"

kafka = typer.Typer(help="Le nœud Kafka local (développement, démonstration, essais).", no_args_is_help=True)

Folder = Annotated[
    Path, typer.Option("--folder", envvar="ESTUAIRE_KAFKA_FOLDER", help="Dossier du nœud\u00a0: données et journaux.")
]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port des clients\u202f; choisi une fois pour toutes.")
]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, help="Nombre de lignes.")]
DEFAULT_FOLDER = Path(".data/kafka")


@kafka.command("prepare")
def prepare_kafka() -> None:
    """Télécharge et vérifie Kafka (une fois par utilisateur)."""
    with _refusals_shown():
        prepare(_tell)
    _tell("Kafka est prêt sur cette machine.")


@kafka.command()
def start(folder: Folder = DEFAULT_FOLDER, port: Port = None) -> None:
    """Démarre le nœud\u202f; il reste en marche jusqu’à «\u00a0stop\u00a0»."""
    node = LocalKafka(folder, port=port, outlive=True)
    if not node.running:
        with _refusals_shown():
            asyncio.run(node.start(probe=acknowledges, progress=_tell))
    _show(node)


@kafka.command()
def stop(folder: Folder = DEFAULT_FOLDER) -> None:
    """Arrête le nœud\u202f; ses données restent dans son dossier."""
    node = LocalKafka(folder)
    if not node.running:
        typer.echo("Kafka était déjà arrêté.")
        return
    asyncio.run(node.stop())
    typer.echo("Kafka est arrêté.")


@kafka.command()
def status(folder: Folder = DEFAULT_FOLDER) -> None:
    """Dit si le nœud est en marche, et où (code de retour 3 s’il est arrêté)."""
    node = LocalKafka(folder)
    if not node.running:
        typer.echo("Kafka est arrêté.")
        raise typer.Exit(NOT_RUNNING)
    _show(node)


@kafka.command()
def logs(folder: Folder = DEFAULT_FOLDER, lines: Lines = 40) -> None:
    """Montre la fin des journaux du nœud."""
    node = LocalKafka(folder)
    typer.echo(node.tail(lines) or f"Aucun journal dans {node.log.parent}.")


def _show(node: LocalKafka) -> None:
    typer.echo(f"Kafka est en marche\u00a0: {node.bootstrap}")
    typer.echo(f"Processus {node.pid}, {node.resident_mb()}\u00a0Mo en mémoire, journaux dans {node.log.parent}")


def _tell(message: str) -> None:
    typer.echo(message, err=True)


@contextmanager
def _refusals_shown() -> Iterator[None]:
    try:
        yield
    except LocalKafkaError as refusal:
        _tell(str(refusal))
        raise typer.Exit(1) from refusal
