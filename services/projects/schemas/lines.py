"""Lines of a spreadsheet checked as requests are, and kept as JSON until they are written."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from services.projects.rules.lines import Grid, Line, Mistake, column_of
from services.projects.schemas.plan import ImportIn, MilestoneIn
from services.projects.schemas.requests import Request
from shared.mistakes import sentence


class KeptLine(BaseModel):
    """What one line says, once nothing is wrong with it."""

    model_config = ConfigDict(frozen=True)

    key: str
    project_id: UUID | None = None
    fiche: ImportIn | None = None
    step: MilestoneIn | None = None


def as_kept(line: Line) -> dict[str, Any]:
    """Return a line as JSON, with those fields alone that it says."""
    kept = KeptLine.model_validate(_requests(line))
    return kept.model_dump(mode="json", exclude_unset=True)


def check(line: Line, grid: Grid) -> None:
    """Add what the requests refuse that would write a line; nothing where a cell was refused already."""
    if not line.mistakes:
        line.mistakes += list(_refused(line, grid))


def _requests(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = {"key": line.key}
    if line.project_id:
        said["project_id"] = line.project_id
    if line.fiche:
        said["fiche"] = line.fiche
    if line.step:
        said["step"] = {"label": line.step}
    return said


def _refused(line: Line, grid: Grid) -> Iterator[Mistake]:
    parts: list[tuple[type[Request], dict[str, Any], str]] = []
    if line.step:
        parts.append((MilestoneIn, {"label": line.step}, "milestone"))
    if line.fiche:
        parts.append((ImportIn, line.fiche, ""))
    for request, said, column in parts:
        try:
            request.model_validate(said)
        except ValidationError as refused:
            for one in refused.errors():
                yield Mistake(grid.heading(column) if column else column_of(one["loc"], line, grid), sentence(one))
