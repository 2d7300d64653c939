"""Shapes of what contacts is asked and answers."""
