"""PDF that everybody can read: PDF/UA-1 by Typst, the data apart from the source, the fonts those of the library."""

import json
import re
from pathlib import Path
from typing import Any

from shared.documents.content import Block, Document, Facts, Heading, Paragraph, Table

_SHAPED = (
    "\n\u0020-\u007e\u00a0-\u036f\u0391-\u03a1\u03a3-\u03c9\u0400-\u045f\u1e00-\u1eff\u2010-\u203a\u2044\u20a0-\u20bf"
    "\u2190-\u22ff\u25a0-\u25ff\ufb00-\ufb06"
)
"""Signs that the font of the library has: those of European languages, arrows, mathematics."""
_SHAPELESS = re.compile(f"[^{_SHAPED}]")
SOURCE = Path(__file__).with_name("document.typ")


def write_pdf(document: Document) -> bytes:
    """Return a document as PDF/UA-1 (ISO 14289-1)."""
    # Here and not above: 34 MB that an instance which writes no document does without.
    import typst  # noqa: PLC0415

    told = {
        "title": document.title,
        "subtitle": document.subtitle,
        "author": document.author,
        "foot": document.foot,
        "blocks": [_told(one) for one in document.blocks],
    }
    # A sign without a shape would be invisible to some, and refused: everybody sees that something stood there.
    shown = _SHAPELESS.sub("□", json.dumps(told, ensure_ascii=False))
    made = typst.compile(
        SOURCE,
        root=SOURCE.parent,
        format="pdf",
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        sys_inputs={"document": shown},
    )
    return bytes(made)


def _told(block: Block) -> dict[str, Any]:
    match block:
        case Heading(text):
            return {"kind": "heading", "text": text}
        case Paragraph(text):
            return {"kind": "paragraph", "lines": text.split("\n")}
        case Facts(rows):
            return {"kind": "facts", "rows": [list(one) for one in rows]}
        case Table(headings, rows, numbers):
            return {
                "kind": "table",
                "headings": list(headings),
                "rows": [list(one) for one in rows],
                "numbers": sorted(numbers),
            }
