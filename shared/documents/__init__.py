"""Documents to print, sign and send: one content, as PDF/UA for everybody or as DOCX for who goes on writing."""

from shared.documents.content import Block, Document, Facts, Heading, Paragraph, Table
from shared.documents.writing import EXTENSIONS, MEDIA_TYPES, Written, write_document

__all__ = [
    "EXTENSIONS",
    "MEDIA_TYPES",
    "Block",
    "Document",
    "Facts",
    "Heading",
    "Paragraph",
    "Table",
    "Written",
    "write_document",
]
