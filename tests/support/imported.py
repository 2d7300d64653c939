"""What the process that forks programs imports before: every noun of the command line."""

from services.cli import build

build("")
