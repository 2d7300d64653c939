"""Documents: read again by programs, whatever people wrote in them; no text is ever markup."""

import io
import re
from collections.abc import Sequence
from typing import Any

import docx
import pytest
from pypdf import PdfReader

from shared.documents import Block, Document, Facts, Heading, Paragraph, Table, Written, write_document
from shared.documents.pdf import _SHAPED

MARKUP = '#read("/etc/passwd") *gras* $x$ = titre ] \\ <b>'
HOSTILE = [MARKUP, "usine 🏭 漢字 عربي", "a\0b\x0bc\ud800\uffff", "x" * 400, "\u202e\u2066droite", "", " "]


def document(*blocks: Block, text: str = "Halle fictive") -> Document:
    return Document(title=text, subtitle="Montage", author="Agglo fictive", foot="Édité par un essai", blocks=blocks)


def pdf(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content), strict=True)


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pdf(content).pages)


def tags(content: bytes) -> list[str]:
    """Return the names of the elements that a screen reader walks, in order."""
    return list(_walked(root_of(content)["/StructTreeRoot"]))


def root_of(content: bytes) -> Any:  # noqa: ANN401 - of the library
    return pdf(content).trailer["/Root"]


def _walked(node: Any) -> Sequence[str]:  # noqa: ANN401 - of the library
    found = node.get_object()
    if isinstance(found, list):
        return [name for one in found for name in _walked(one)]
    if not hasattr(found, "get"):
        return []
    below = _walked(found["/K"]) if "/K" in found else []
    return [str(found["/S"]), *below] if "/S" in found else below


def test_a_pdf_says_its_language_and_title_and_names_its_parts() -> None:
    table = Table(["Financeur", "Montant"], [["Région", "1 000 €"]], numbers=frozenset({1}))
    content = write_document(
        document(Heading("Plan"), Facts([("Axe", "Foncier")]), Paragraph("a\nb"), table), Written.PDF
    )

    root: Any = pdf(content).trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("fr-FR", True)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_object().get_data()
    metadata = pdf(content).metadata
    assert metadata is not None
    assert metadata.title == "Halle fictive"
    assert {"/H1", "/H2", "/P", "/Table", "/TH", "/TD"} <= set(tags(content))
    told = " ".join(text_of(content).split())
    assert all(one in told for one in ("Halle fictive", "Axe", "Foncier", "Région", "1 000 €", "1 / 1"))


def test_a_docx_has_headings_a_header_row_and_speaks_french() -> None:
    table = Table(["Financeur", "Montant"], [["Région", "1 000 €"]], numbers=frozenset({1}))
    made = docx.Document(
        io.BytesIO(write_document(document(Heading("Plan"), Facts([("Axe", "Foncier")]), table), Written.DOCX))
    )

    styles = [(one.style.name if one.style else "", one.text) for one in made.paragraphs]
    assert styles[:3] == [("Heading 1", "Halle fictive"), ("Normal", "Montage"), ("Heading 2", "Plan")]
    assert ("Normal", "Axe\u00a0: Foncier") in styles
    assert [[cell.text for cell in row.cells] for row in made.tables[0].rows] == [
        ["Financeur", "Montant"], ["Région", "1 000 €"],
    ]  # fmt: skip
    assert "tblHeader" in made.tables[0].rows[0]._tr.xml
    assert (made.core_properties.title, made.core_properties.language) == ("Halle fictive", "fr-FR")


@pytest.mark.parametrize("form", Written)
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_people_write_is_text(text: str, form: Written) -> None:
    blocks = (Heading(text), Paragraph(text), Facts([(text, text)]), Table([text, "b"], [[text, text]]))

    content = write_document(document(*blocks, text=text or "Sans titre"), form)

    if text == MARKUP and form is Written.PDF:
        assert '#read("/etc/passwd") *gras* $x$' in text_of(content)


def test_every_sign_that_is_kept_has_a_shape() -> None:
    signs = "".join(
        chr(code) for first, last in re.findall("(.)-(.)", _SHAPED) for code in range(ord(first), ord(last) + 1)
    )

    content = write_document(document(Paragraph(" ".join(signs))), Written.PDF)

    assert content.startswith(b"%PDF"), "the library refuses a sign without a shape"


def test_a_long_table_says_its_headings_on_each_page() -> None:
    content = write_document(document(Table(["Financeur"], [["Région"]] * 90)), Written.PDF)

    pages = pdf(content).pages
    assert len(pages) > 1
    assert all("Financeur" in page.extract_text() for page in pages)
