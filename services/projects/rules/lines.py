"""Lines of a spreadsheet as fiches and their steps: what each says, and what is wrong with it, cell by cell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.projects.rules import cells
from services.projects.rules.workbook import COLUMNS, is_kept
from shared.contracts.projects import Health, Kind, Stage
from shared.stems import folded

SERVICE = "import"
"""Under which an import keeps what a sheet calls a project, so that a second one finds it again."""
SOURCE = {"label": "Tableau importé", "quality": "declared"}
REASON = "Repris d’un tableau importé."
MOST_KEPT = 5_000
_AS_THEY_ARE = (
    "title", "summary", "public_summary", "objectives", "total_cost_ht", "priority", "planned_start", "planned_end",
    "axis", "filieres",
)  # fmt: skip
_AIMS = ("jobs_created", "jobs_maintained")
_FIELDS = {"communes": "commune_insee"}


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a cell, by the heading of its column."""

    column: str
    message: str


@dataclass
class Line:
    """One line: a fiche, a step of one, or both; ``row`` counts from 1, as spreadsheets show it."""

    row: int
    title: str = ""
    step: str = ""
    fiche: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    """What the import calls the fiche that this line is, or adds a step to."""
    project_id: UUID | None = None
    """Which fiche of ours the line says it is."""
    mistakes: list[Mistake] = field(default_factory=list)


@dataclass(frozen=True)
class Grid:
    """A sheet whose columns are known, by their place; ``header`` is the place of the row of headings."""

    rows: Sequence[Sequence[str]]
    columns: Mapping[int, str]
    header: int

    def heading(self, name: str) -> str:
        """Return the heading under which something is said, or would be."""
        for place, known in self.columns.items():
            if known == name and place < len(self.headings):
                return self.headings[place]
        return COLUMNS[name].headings[0] if name in COLUMNS else name

    @property
    def headings(self) -> Sequence[str]:
        """The row of headings."""
        return self.rows[self.header] if self.header < len(self.rows) else []


def lines_of(grid: Grid, *, today: date) -> Iterator[Line]:
    """Return the lines below the headings; empty ones are passed over, of two of one fiche the second is refused.

    A line that says a step and no title, or the title of the line before, adds its step to the same fiche.
    """
    seen: dict[str, int] = {}
    last, key = "", ""
    for place, row in enumerate(grid.rows[grid.header + 1 :], start=grid.header + 1):
        if not any(cell.strip() for cell in row):
            continue
        line, said = _read(place + 1, row, grid)
        if line.step and line.title in {"", last}:
            line.key = key
            if not key:
                line.mistakes.append(Mistake(grid.heading("milestone"), "Cette sous-action ne suit aucune action."))
        else:
            _complete(line, said, row, grid, today=today)
            before = seen.setdefault(line.key, line.row)
            if before != line.row:
                line.mistakes.append(Mistake(grid.heading("title"), f"Ce projet est déjà à la ligne {before}."))
            last, key = line.title, line.key
        yield line


def column_of(location: Sequence[object], line: Line, grid: Grid) -> str:
    """Return the heading of the column from which a field of the fiche of a line was read."""
    name = str(location[0]) if location else "title"
    by_field = {field: column for column, field in _FIELDS.items()}
    if name == "funding" and len(location) > 1:
        return grid.heading(f"amount_{int(str(location[1])) + 1}")
    if name == "indicators" and len(location) > 1:
        return grid.heading(line.fiche[name][int(str(location[1]))]["code"])
    return grid.heading(by_field.get(name, name))


def _read(number: int, row: Sequence[str], grid: Grid) -> tuple[Line, dict[str, Any]]:
    line, said = Line(number), dict[str, Any]()
    for place, name in grid.columns.items():
        cell = row[place].strip() if place < len(row) else ""
        if not cell:
            continue
        try:
            said[name] = COLUMNS[name].read(cell)
        except ValueError as refused:
            line.mistakes.append(Mistake(grid.heading(name), str(refused)))
    line.title, line.step, line.project_id = said.get("title", ""), said.get("milestone", ""), said.get("id")
    return line, said


def _complete(line: Line, said: Mapping[str, Any], row: Sequence[str], grid: Grid, *, today: date) -> None:
    """Turn what the cells of a line say into the fields of a fiche."""
    stage, health, is_late = _where(said, today)
    fiche: dict[str, Any] = {
        _FIELDS.get(name, name): said[name] for name in (*_AS_THEY_ARE, "communes") if name in said
    }
    fiche["kind"] = said.get("kind", Kind.OTHER)
    if "sponsor" in said:
        fiche["sponsor"] = {"name": said["sponsor"]}
    if "partners" in said:
        fiche["partners"] = [{"name": name, "role": "technical"} for name in said["partners"]]
    if stage is not None:
        fiche["stage"] = stage
    if health in {Health.PAUSED, Health.BLOCKED}:
        fiche |= {"health": health, "health_reason": REASON}
    kept = "" if line.project_id else _kept(row, grid.headings)
    if kept:
        fiche["need_statement"] = kept
    if is_late:
        fiche["late_reported"] = True
    fiche["funding"] = list(_funding(said))
    line.key = str(line.project_id or said.get("external_id") or _slug(line.title, line.row))
    fiche |= {"external_ids": [{"service": SERVICE, "id": line.key}], "source": SOURCE}
    fiche["indicators"] = [{"code": code, "target": {"value": said[code]}} for code in _AIMS if code in said]
    line.fiche = fiche


def _where(said: Mapping[str, Any], today: date) -> tuple[Stage | None, Health, bool]:
    """Return stage, health, and whether lateness is reported; what is under way began if its start is past."""
    stage, health = said.get("status", (None, Health.ON_TRACK))
    if "status" in said and stage is None:
        begun = said.get("planned_start") is not None and said["planned_start"] <= today
        stage = Stage.DELIVERY if begun else Stage.STRUCTURING
    return said.get("stage", stage), health, health is Health.LATE


def _funding(said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for number in ("1", "2", "3"):
        name, amount = said.get(f"funder_{number}", ""), said.get(f"amount_{number}")
        if amount is not None:
            yield {"funder": cells.funder(name), "funder_name": name, "amount_planned": amount}


def _kept(row: Sequence[str], headings: Sequence[str]) -> str:
    told = [
        f"{heading.strip()}\u00a0: {row[place].strip()}"
        for place, heading in enumerate(headings)
        if is_kept(heading) and place < len(row) and row[place].strip()
    ]
    return "\n".join(told)[:MOST_KEPT]


def _slug(title: str, row: int) -> str:
    words = re.findall(r"[a-z0-9]+", folded(title))
    return "-".join(words)[:120] or f"ligne-{row}"
