"""Tables of commands: nothing is ever cut off, on a narrow terminal or in a file."""

import sys

from rich.console import Console
from rich.table import Column, Table

WIDE = 200
"""Of what is no terminal: a file or another program has all the room there is."""


def table(*names: str) -> Table:
    """Return a table in which a cell too long for its column goes on below."""
    return Table(*(Column(name, overflow="fold") for name in names))


def console() -> Console:
    """Return where a command answers."""
    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
