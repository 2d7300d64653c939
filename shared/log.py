"""JSON lines on standard output: past facts with ids, counts and enums, never a payload, name or address."""

import logging
import sys

import structlog
from structlog.typing import Processor

# Everything below WARNING of these libraries is noise in an instance that runs for months.
QUIET = ("aiokafka", "faststream", "alembic", "asyncio", "uvicorn.access", "uvicorn.error", "aiosqlite", "mail")


class Seldom(logging.Filter):
    """Lets one line of each kind of the Kafka client pass per minute: while it waits it says so a thousand times."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether this kind of line was silent for a minute; a kind is a logger and its unfilled message."""
        if not record.name.startswith("aiokafka"):
            return True
        kind = (record.name, str(record.msg)[:60])
        if record.created - self._said.get(kind, 0.0) < 60:
            return False
        self._said[kind] = record.created
        return True


def configure(*, level: str = "INFO") -> None:
    """Send our records and those of libraries through one JSON renderer."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(Seldom())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
