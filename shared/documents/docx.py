"""DOCX for who goes on writing: styles of the word processor, headings and tables a screen reader can name."""

import io
from typing import Any

from shared.documents.content import Block, Document, Facts, Heading, Paragraph, Table

FRENCH = "fr-FR"
MOST_OF_A_PROPERTY = 255


def write_docx(document: Document) -> bytes:
    """Return a document as DOCX (ISO/IEC 29500)."""
    # Here and not above: an instance which writes no document does without.
    import docx  # noqa: PLC0415

    made = docx.Document()
    made.core_properties.title = document.title[:MOST_OF_A_PROPERTY]
    made.core_properties.author = document.author[:MOST_OF_A_PROPERTY]
    made.core_properties.language = FRENCH
    _in_french(made)
    made.add_heading(document.title, level=1)
    made.add_paragraph(document.subtitle)
    for block in document.blocks:
        _add(made, block)
    made.sections[0].footer.paragraphs[0].text = document.foot
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _in_french(made: Any) -> None:  # noqa: ANN401 - of the library
    from docx.oxml.ns import qn  # noqa: PLC0415

    for language in made.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), FRENCH)


def _add(made: Any, block: Block) -> None:  # noqa: ANN401 - of the library
    match block:
        case Heading(text):
            made.add_heading(text, level=2)
        case Paragraph(text):
            made.add_paragraph(text)
        case Facts(rows):
            for name, said in rows:
                line = made.add_paragraph()
                line.paragraph_format.space_after = 0
                line.add_run(f"{name}\u00a0: ").bold = True
                line.add_run(said)
        case Table():
            _add_table(made, block)


def _add_table(made: Any, block: Table) -> None:  # noqa: ANN401 - of the library
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415
    from docx.oxml import OxmlElement  # noqa: PLC0415

    table = made.add_table(rows=1, cols=len(block.headings), style="Light List Accent 1")
    # Named as the header, and said again on each page.
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for line in [block.headings, *block.rows]:
        cells = table.rows[0].cells if line is block.headings else table.add_row().cells
        for place, said in enumerate(line):
            cells[place].text = said
            if place in block.numbers:
                cells[place].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
