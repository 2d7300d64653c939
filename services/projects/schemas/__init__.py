"""Shapes at the doors: what callers send, what they get, and the state that is published."""
