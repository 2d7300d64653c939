"""Migrations of the database of projects."""
