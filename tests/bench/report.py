"""One table for people, one file for programs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.figures import BUSY, Figure, Verdict
from tests.bench.profiling import Profile

COLOURS = {Verdict.MET: "green", Verdict.SHORT: "red", Verdict.UNSURE: "yellow", Verdict.FREE: "dim"}


def show(console: Console, figures: Sequence[Figure]) -> None:
    """Print every figure beside its floor, with its bar and what the bar says."""
    table = Table(title="Estuaire, figures of the backbone", title_justify="left", pad_edge=False)
    for name in ("figure", "value", "spread", "beside it", "ratio", "bar", "verdict", "note"):
        table.add_column(name, justify="right" if name in {"value", "spread"} else "left", overflow="fold")
    row = ""
    for figure in figures:
        if row and row != figure.row:
            table.add_section()
        row = figure.row
        table.add_row(*_cells(figure))
    console.print(table)


def _cells(figure: Figure) -> tuple[str, ...]:
    busy = f"others took {figure.busy:.0%} of the machine" if figure.busy > BUSY else ""
    return (
        figure.what,
        f"{_written(figure.value)} {figure.unit}",
        f"± {figure.spread / 2:.0%}" if len(figure.values) > 1 else "",
        "\n".join(f"{name} {_written(median(values))}" for name, values in figure.beside.items()),
        "\n".join(_ratio(figure.ratio(name)) for name in figure.beside),
        "\n".join(map(str, figure.bars)),
        f"[{COLOURS[figure.verdict]}]{figure.verdict.value}[/]",
        "\n".join(part for part in (figure.note, busy) if part),
    )


def _written(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 1000 else f"{value:.3g}"


def _ratio(value: float) -> str:
    return f"× {value:.3g}"


def show_profile(console: Console, name: str, profile: Profile) -> None:
    """Print where one process spent its time."""
    table = Table(title=f"Where the time goes: {name} ({profile.samples} samples)", title_justify="left")
    for column in ("by library", "by function", "by function of ours, all below included"):
        table.add_column(column, overflow="fold")
    for index in range(max(len(profile.functions), len(profile.libraries), len(profile.ours))):
        table.add_row(*(_share(one, index) for one in (profile.libraries, profile.functions, profile.ours)))
    console.print(table)


def _share(shares: Sequence[tuple[str, float]], index: int) -> str:
    if index >= len(shares):
        return ""
    name, share = shares[index]
    return f"{share:5.1%} {name}"


def write(
    file: Path, figures: Sequence[Figure], *, machine: Mapping[str, Any], profiles: Mapping[str, Profile]
) -> None:
    """Write everything that was measured."""
    content = {
        "machine": machine,
        "figures": [figure.as_json() for figure in figures],
        "short": [figure.what for figure in figures if figure.verdict in {Verdict.SHORT, Verdict.UNSURE}],
        "profiles": {name: profile.as_json() for name, profile in profiles.items()},
    }
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
