"""What a service declares of itself, and what it is once an instance runs it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from sqlalchemy import MetaData

from shared.db.answers import AnswerColumns
from shared.db.engine import Database
from shared.db.session import Session
from shared.findings import Finding
from shared.identity.access import Scope
from shared.jobs import Jobs
from shared.messaging.inbox import MessageTables
from shared.messaging.known import KnownColumns, Projection
from shared.messaging.registry import Consumers
from shared.messaging.restating import Aggregates
from shared.settings import InstanceSettings


@dataclass(frozen=True)
class Section:
    """One section of the public page ``/``: a template and what it shows."""

    name: str
    template: str
    load: Callable[[Session, Scope], Awaitable[Mapping[str, Any]]]
    side: bool = False
    order: int = 50


Check = Callable[[InstanceSettings], Awaitable[Finding]]


@dataclass(frozen=True)
class Service:
    """The manifest of one service."""

    name: str
    package: str
    metadata: MetaData
    tables: MessageTables
    answers: type[AnswerColumns]
    routers: tuple[APIRouter, ...]
    consumers: Consumers
    uploads: Mapping[str, int] = field(default_factory=dict)
    """Addresses that take a file of somebody, and how many bytes."""
    jobs: Jobs = field(default_factory=Jobs)
    home: tuple[Section, ...] = ()
    heartbeats: type[KnownColumns] | None = None
    """Where the signs of life of every EPCI are kept, in the service that keeps them."""
    projections: tuple[Projection, ...] = ()
    """What is written by ``keeps`` alone and can be made anew from the topics."""
    aggregates: Aggregates = field(default_factory=dict)
    """Where the versions of what it tells are counted, its heartbeat aside."""
    after_restore: Callable[[Session, Scope], Awaitable[None]] | None = None
    """Sees to it that a database restored from a copy does nothing that was done after the copy."""
    checks: tuple[Check, ...] = ()
    """What ``estuaire doctor`` asks of this service: machines that only it speaks to."""


@dataclass
class RunningService:
    """One service inside a running instance."""

    manifest: Service
    database: Database

    @property
    def called(self) -> str:
        """What it is called in settings, topics and log lines."""
        return self.manifest.name
