"""The formats of a document."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum

from shared.documents.content import Block, Document, Facts, Heading, Paragraph, Table
from shared.documents.docx import write_docx
from shared.documents.pdf import write_pdf


class Written(StrEnum):
    """How a document is written."""

    PDF = "pdf"
    DOCX = "docx"


MEDIA_TYPES = {
    Written.PDF: "application/pdf",
    Written.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
EXTENSIONS = {form: form.value for form in Written}
_WRITERS: Mapping[Written, Callable[[Document], bytes]] = {Written.PDF: write_pdf, Written.DOCX: write_docx}
# What neither format can hold: controls but the line end, and code points that are no characters.
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def write_document(document: Document, form: Written) -> bytes:
    """Return a document in one of the formats; takes tens of milliseconds of a processor, so call it in a thread."""
    return _WRITERS[form](
        replace(
            document,
            title=_fit(document.title).strip() or "Sans titre",
            subtitle=_fit(document.subtitle),
            author=_fit(document.author),
            foot=_fit(document.foot),
            blocks=[_fitting(one) for one in document.blocks if not _is_empty(one)],
        )
    )


def _is_empty(block: Block) -> bool:
    """Tell whether a screen reader would come to a title that says nothing."""
    return isinstance(block, Heading) and not _fit(block.text).strip()


def _fit(text: str) -> str:
    return _UNFIT.sub(" ", text)


def _fitting(block: Block) -> Block:
    match block:
        case Heading(text):
            return Heading(_fit(text))
        case Paragraph(text):
            return Paragraph(_fit(text))
        case Facts(rows):
            return Facts([(_fit(name), _fit(said)) for name, said in rows])
        case Table(headings, rows, numbers):
            return Table([_fit(one) for one in headings], [[_fit(cell) for cell in row] for row in rows], numbers)
