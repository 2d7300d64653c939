"""Breaking a whole territory on purpose, and counting from outside what it promised: ``make chaos``."""
