"""French typography that the agenda writes again and again."""

FIRM = "\u00a0"


def quoted(text: str) -> str:
    """Put a text between French quotes, with the spaces that never break."""
    return f"«{FIRM}{text}{FIRM}»"
