"""Migrations of the events database."""
