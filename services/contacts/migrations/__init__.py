"""Migrations of the contacts database."""
