"""``python -m services``: the command line, without relying on PATH."""

from services.cli import main

if __name__ == "__main__":
    main()
