"""Tables in and out: those of people are read in a process of their own, lists are written for people and programs."""

from shared.sheets.bounds import MOST_BYTES
from shared.sheets.reading import Sheet, read_sheets
from shared.sheets.writing import EXTENSIONS, MEDIA_TYPES, Column, Format, Value, as_typed, write_table

__all__ = [
    "EXTENSIONS",
    "MEDIA_TYPES",
    "MOST_BYTES",
    "Column",
    "Format",
    "Sheet",
    "Value",
    "as_typed",
    "read_sheets",
    "write_table",
]
