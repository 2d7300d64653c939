"""Migrations of the notifications database."""
