"""Lines of a spreadsheet as fiches and their steps: what each says, and what is wrong with it, cell by cell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.projects.rules import cells
from services.projects.rules.workbook import COLUMNS, is_kept
from shared.contracts.projects import Health, Kind, Stage
from shared.stems import folded

SERVICE = "import"
"""Under which an import keeps what a sheet calls a project, so that a second one finds it again."""
REASON = "Repris d’un tableau importé."
MOST_KEPT = 5_000


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a cell."""

    column: str
    message: str


@dataclass
class Line:
    """One line: the fiche it says, or the step that it adds to the fiche of the line before; ``row`` counts from 1."""

    row: int
    title: str = ""
    fiche: dict[str, Any] = field(default_factory=dict)
    targets: dict[str, Any] = field(default_factory=dict)
    step_of: str = ""
    """Key of the fiche that this line is a step of."""
    step: str = ""
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What an import calls the fiche."""
        return str(self.fiche["external_ids"][0]["id"]) if self.fiche else self.step_of


def lines_of(
    rows: Sequence[Sequence[str]], columns: Mapping[int, str], *, header: int, file_name: str, today: date
) -> Iterator[Line]:
    """Return the lines below the headings; empty ones are passed over, of two of one name the second is refused.

    Args:
        rows: all rows of the sheet.
        columns: names of known columns by their place.
        header: place of the row of headings.
        file_name: where the facts come from.
        today: tells whether what is under way has begun.
    """
    headings = rows[header] if rows else []
    seen: dict[str, int] = {}
    last = ""
    for place, row in enumerate(rows[header + 1 :], start=header + 1):
        if not any(cell.strip() for cell in row):
            continue
        line = _line(place + 1, row, columns, headings)
        if line.step and (not line.title or line.title == last):
            line.fiche, line.step_of = {}, (seen and next(reversed(seen))) or ""
            if not line.step_of:
                line.mistakes.append(Mistake("milestone", "Cette sous-action ne suit aucune action."))
        else:
            _complete(line, row, headings, file_name=file_name, today=today)
            before = seen.setdefault(line.key, line.row)
            if before != line.row:
                line.mistakes.append(Mistake("title", f"Ce projet est déjà à la ligne {before}."))
            last = line.title
        yield line


def _line(number: int, row: Sequence[str], columns: Mapping[int, str], headings: Sequence[str]) -> Line:
    line = Line(number)
    for place, name in columns.items():
        cell = row[place].strip() if place < len(row) else ""
        if not cell:
            continue
        try:
            line.fiche[name] = COLUMNS[name].read(cell)
        except ValueError as refused:
            line.mistakes.append(Mistake(headings[place] if place < len(headings) else name, str(refused)))
    line.title, line.step = line.fiche.get("title", ""), line.fiche.pop("milestone", "")
    return line


def _complete(line: Line, row: Sequence[str], headings: Sequence[str], *, file_name: str, today: date) -> None:
    """Turn cells into the fields of a fiche."""
    said = line.fiche
    stage, health, is_late = _where(said, today)
    plain = ("title", "summary", "public_summary", "objectives", "total_cost_ht", "priority", "planned_start")
    fiche: dict[str, Any] = {name: said[name] for name in (*plain, "planned_end", "axis", "filieres") if name in said}
    fiche["kind"] = said.get("kind", Kind.OTHER)
    if "communes" in said:
        fiche["commune_insee"] = said["communes"]
    if "sponsor" in said:
        fiche["sponsor"] = {"name": said["sponsor"]}
    if "partners" in said:
        fiche["partners"] = [{"name": name, "role": "technical"} for name in said["partners"]]
    if stage is not None:
        fiche["stage"] = stage
    if health in {Health.PAUSED, Health.BLOCKED}:
        fiche |= {"health": health, "health_reason": REASON}
    kept = _kept(row, headings)
    if kept:
        fiche["need_statement"] = kept
    fiche["late_reported"] = is_late
    fiche["funding"] = list(_funding(said))
    fiche["external_ids"] = [{"service": SERVICE, "id": said.get("external_id") or _slug(line.title, line.row)}]
    fiche["source"] = {"label": file_name[:300] or "Tableau importé", "quality": "declared"}
    line.targets = {code: said[code] for code in ("jobs_created", "jobs_maintained") if code in said}
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
