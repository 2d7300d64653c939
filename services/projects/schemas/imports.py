"""What callers may send, and are answered, about imports of spreadsheets."""

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from services.projects.rules.words import BatchStatus
from services.projects.rules.workbook import COLUMNS
from services.projects.schemas.parts import Shown
from services.projects.schemas.requests import Request
from shared.fields import Code, Id, Instant

Row = Annotated[int, Field(ge=1, le=5_000)]
Place = Annotated[int, Field(ge=0, le=99)]


class SheetPatch(Request):
    """Which sheet is imported, where its headings are, what its columns mean; ``null`` leaves a column out."""

    sheet: Annotated[int, Field(ge=0, le=49)] = 0
    header_row: Row = 1
    columns: dict[Place, Code | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "SheetPatch":
        named = [one for one in self.columns.values() if one]
        unknown = sorted(set(named) - set(COLUMNS))
        if unknown:
            raise ValueError(f"Colonne inconnue\u00a0: {unknown[0]}. Choisissez parmi\u00a0: {', '.join(COLUMNS)}.")
        if len(set(named)) < len(named):
            raise ValueError("Une même information ne se lit que dans une colonne.")
        return self


class ColumnShown(BaseModel):
    """A column of the sheet: its heading, a cell as an example, what it is taken for."""

    place: int
    heading: str
    sample: str
    name: str | None


class Counts(BaseModel):
    """How many lines wait; would be, or were, created, changed, left, refused; were taken back, or kept after all."""

    waiting: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    undone: int = 0
    kept: int = 0


class ImportRow(Shown):
    """An import in a list."""

    id: Id
    version: int
    created_at: Instant
    file_name: str
    status: BatchStatus
    sheet: int
    header_row: int


class ImportShown(ImportRow):
    """An import: what was recognised of its file, how far it is; of a file that was forgotten nothing is shown."""

    sheet_names: list[str]
    columns: list[ColumnShown]
    lines: int
    counts: Counts


class MistakeShown(Shown):
    """What is wrong with a cell; of a line that was not refused, what of it was left as it is."""

    column: str
    message: str


class LineShown(Shown):
    """What would become, or has become, of one line; ``row`` is the number that the spreadsheet shows."""

    row: int
    title: str
    step: str
    outcome: str
    project_id: Id | None
    mistakes: list[MistakeShown]
