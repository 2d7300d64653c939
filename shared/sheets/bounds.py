"""How much of a file is read; more than any table that people keep by hand."""

MOST_BYTES = 10 * 2**20
MOST_ROWS = 5_000
MOST_COLUMNS = 100
MOST_SHEETS = 50
MOST_CHARACTERS = 32_000
"""Of one cell; a spreadsheet holds 32,767."""
MOST_TOLD = 5_000_000
"""Characters of a whole file: what is kept of it, and read again while it is looked at."""
MOST_ENTRIES = 2_000
MOST_UNPACKED = 100 * 2**20
MEMORY = 600 * 2**20
"""Address space of the process that reads; the libraries alone take a third."""
SECONDS = 20
