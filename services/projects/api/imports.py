"""Imports of spreadsheets: brought, looked at, applied, taken back."""

from operator import itemgetter
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from services.projects.api.context import PREFIX
from services.projects.commands import importing
from services.projects.queries import imports as queries
from services.projects.rules.words import LineOutcome
from services.projects.schemas.imports import ImportRow, ImportShown, LineShown, SheetPatch
from shared.fields import Id, Line
from shared.http.bodies import Arrived
from shared.http.guards import Router, Who
from shared.http.paging import Listing, Page, listing, of_id
from shared.http.preconditions import Answered, Seen, tag
from shared.http.session import Reading, Transaction
from shared.identity.access import Right
from shared.sheets import Column, Format, Sheet, read_sheets, write_table
from shared.sheets.writing import MEDIA_TYPES

router = Router(prefix=PREFIX, tags=["projects"])


async def sheets_of(request: Request, _arrived: Arrived) -> list[Sheet]:
    """Read the file that was sent, before any transaction is open."""
    return await read_sheets(await request.body())


Sheets = Annotated[list[Sheet], Depends(sheets_of)]


@router.act("/imports", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def bring(
    sheets: Sheets, session: Transaction, who: Who, answer: Answered, file_name: Annotated[Line, Query()] = ""
) -> ImportShown:
    """Bring a spreadsheet, XLSX, ODS or CSV, as the body; nothing is imported yet."""
    made = await importing.bring_file(session, who, sheets, file_name=file_name)
    shown = await queries.show_import(session, who, made)
    return answer.made(shown, version=made.version, at=f"{PREFIX}/imports/{made.id}")


@router.read("/imports", right=Right.WRITE_PROJECTS, limit="token")
async def list_(session: Reading, who: Who, page: Page) -> Listing[ImportRow]:
    """List the imports, newest first."""
    found = await queries.list_imports(session, who, after=page.after, limit=page.limit + 1)
    return listing(found, limit=page.limit, by=of_id)


@router.read("/imports/{import_id}", right=Right.WRITE_PROJECTS, limit="token")
async def read(import_id: Id, session: Reading, who: Who, response: Response) -> ImportShown:
    """Read what was recognised, what would become of the lines, how far it is."""
    found = await queries.get_import(session, who, import_id)
    tag(response, found.version)
    return await queries.show_import(session, who, found)


@router.act("/imports/{import_id}", right=Right.DECIDE_PROJECTS, limit="token", method="PATCH")
async def choose(
    import_id: Id, wanted: SheetPatch, session: Transaction, who: Who, seen: Seen, answer: Answered
) -> ImportShown:
    """Say which sheet is meant, where its headings are, what its columns mean."""
    changed = await importing.choose_columns(session, who, import_id, wanted, version=seen)
    return answer.told(await queries.show_import(session, who, changed), version=changed.version)


@router.read("/imports/{import_id}/lines", right=Right.WRITE_PROJECTS, limit="token")
async def list_lines(
    import_id: Id, session: Reading, who: Who, outcome: Annotated[LineOutcome | None, Query()] = None
) -> Listing[LineShown]:
    """List what would become of each line before it is applied, and what became of it afterwards."""
    found = await queries.get_import(session, who, import_id)
    lines = await queries.list_lines(session, who, found)
    return Listing(items=[one for one in lines if outcome is None or one.outcome == outcome])


@router.read("/imports/{import_id}/refused", right=Right.WRITE_PROJECTS, limit="token")
async def refused(
    import_id: Id, session: Reading, who: Who, form: Annotated[Format, Query(alias="format")] = Format.CSV_FR
) -> Response:
    """Hand over the refused lines as they were brought, with a column more that says why."""
    found = await queries.get_import(session, who, import_id)
    headings, rows = await queries.list_refused(session, who, found)
    columns = [Column(heading, itemgetter(place)) for place, heading in enumerate(headings)]
    name = f'attachment; filename="lignes-refusees.{"xlsx" if form is Format.XLSX else "csv"}"'
    content = write_table(columns, rows, form)
    return Response(content, media_type=MEDIA_TYPES[form], headers={"content-disposition": name})


@router.act("/imports/{import_id}/application", right=Right.DECIDE_PROJECTS, limit="token", status_code=202)
async def apply(import_id: Id, session: Transaction, who: Who, seen: Seen, answer: Answered) -> ImportShown:
    """Apply an import; it goes on by itself, line by line."""
    started = await importing.start_import(session, who, import_id, version=seen)
    return answer.told(await queries.show_import(session, who, started), version=started.version, status=202)


@router.act("/imports/{import_id}/undoing", right=Right.DECIDE_PROJECTS, limit="token", status_code=202)
async def undo(import_id: Id, session: Transaction, who: Who, seen: Seen, answer: Answered) -> ImportShown:
    """Take an import back: what it made is withdrawn, what it changed says what it said before."""
    started = await importing.undo_import(session, who, import_id, version=seen)
    return answer.told(await queries.show_import(session, who, started), version=started.version, status=202)
