"""Databases: one per service, one writer per SQLite file, commits only at the edges."""
