"""Spreadsheets are brought, looked at, applied line by line, and taken back."""

from services.projects.commands.importing.bringing import bring_file, choose_columns, forget_files, start_import
from services.projects.commands.importing.going import go_on
from services.projects.commands.importing.undoing import undo_import

__all__ = ["bring_file", "choose_columns", "forget_files", "go_on", "start_import", "undo_import"]
