"""The command ``estuaire``: one file per noun."""

import sys

import typer

from services.cli.contracts import contracts
from services.cli.demo import demo
from services.cli.kafka import kafka
from services.cli.migrations import migrate, migration
from services.cli.prepare import prepare
from services.cli.serve import serve
from services.cli.tokens import tokens
from services.cli.topology import topology
from shared.errors import Refusal

app = typer.Typer(
    name="estuaire",
    help="Estuaire : projets, annuaire, agenda et lettres d’un Territoire d’industrie.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(kafka, name="kafka")
app.add_typer(contracts, name="contracts")
app.add_typer(tokens, name="tokens")
app.add_typer(topology, name="topology")
app.command()(serve)
app.command()(migrate)
app.command()(migration)
app.command()(prepare)
app.command()(demo)


def main() -> None:
    """Run the command line; a refusal is one French sentence and exit code 1."""
    try:
        app()
    except Refusal as refusal:
        sys.stderr.write(f"{refusal.detail}\n")
        sys.exit(1)
