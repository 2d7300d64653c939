"""Figures of the backbone beside their floors, taken in one run on one broker: ``python -m tests.bench``."""
