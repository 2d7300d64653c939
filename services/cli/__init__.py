"""The command ``estuaire``: one file per noun."""

import importlib
import logging
import sys

import structlog
import typer
from typer.exceptions import TyperException

from services.cli.misuse import WRONG, explain
from shared.errors import Refusal

# A noun is imported when it is called: `serve` must not wait for what only the demo needs.
_RECOVERY = ("rebuild", "republish", "backup", "restore", "restore-check", "export")
COMMANDS = ("serve", "migrate", "migration", "prepare", "demo", "status", "doctor", *_RECOVERY)
GROUPS = ("kafka", "contracts", "dlq", "outbox", "tokens", "topology", "membership")
_MODULES = {"migrate": "migrations", "migration": "migrations", "restore-check": "restore"}


def build(wanted: str) -> typer.Typer:
    """Return the command line with the noun ``wanted``, or with all of them when it is none."""
    app = typer.Typer(
        name="estuaire",
        help="Estuaire : projets, annuaire, agenda et lettres d’un Territoire d’industrie.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    known = (*COMMANDS, *GROUPS)
    for name in [wanted] if wanted in known else known:
        module = importlib.import_module(f"services.cli.{_MODULES.get(name, name)}")
        found = getattr(module, name.replace("-", "_"))
        if name in GROUPS:
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main() -> None:
    """Run the command line; a refusal is one French sentence and exit code 1, a command written wrongly code 2."""
    # A command answers in words of its own; what serves configures its log itself.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger().addHandler(logging.NullHandler())  # else libraries speak English beside our sentence
    try:
        code = build(sys.argv[1] if len(sys.argv) > 1 else "")(standalone_mode=False)
    except TyperException as misuse:
        sys.stderr.write(explain(misuse))
        sys.exit(WRONG)
    except typer.Abort:
        sys.stderr.write("Interrompu.\n")
        sys.exit(1)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal.detail}\n")
        sys.exit(1)
    sys.exit(code)


def _root() -> None:
    """Estuaire : projets, annuaire, agenda et lettres d’un Territoire d’industrie."""
