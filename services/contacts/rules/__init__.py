"""Decisions of contacts that need neither table nor clock."""
