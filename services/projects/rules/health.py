"""How a project goes, as shown: what somebody wrote, unless its dates say worse."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from services.projects.rules.words import MilestoneStatus
from shared.contracts.projects import Health, Stage

CLOSED = frozenset({Stage.COMPLETED, Stage.EVALUATED, Stage.REJECTED, Stage.ABANDONED})
STORED = frozenset({Health.ON_TRACK, Health.PAUSED, Health.BLOCKED, Health.UNKNOWN})
SLOW = frozenset({Stage.IDEA, Stage.DELIVERY})
QUIET_DAYS, SLOW_DAYS = 90, 180
EXPLAINED = frozenset({Health.PAUSED, Health.BLOCKED})
"""Stored values that ask for a reason."""


class Step(Protocol):
    """What health reads of a milestone."""

    @property
    def due(self) -> date | None:
        """The day it is due."""

    @property
    def status(self) -> MilestoneStatus:
        """Where it stands."""


class Paced(Protocol):
    """What health reads of a project."""

    @property
    def stage(self) -> Stage:
        """Where the project is."""

    @property
    def health(self) -> Health:
        """What somebody wrote."""

    @property
    def planned_end(self) -> date | None:
        """The day it should end."""

    @property
    def late_reported(self) -> bool:
        """An import said so; true until dates are next edited."""


def is_late(project: Paced, milestones: Iterable[Step], *, today: date) -> bool:
    """Tell whether an open milestone or the planned end is past; a project that is over is never late."""
    if project.stage in CLOSED:
        return False
    overdue = any(one.status is MilestoneStatus.PLANNED and one.due and one.due < today for one in milestones)
    return bool(overdue or project.late_reported or (project.planned_end and project.planned_end < today))


def shown_health(project: Paced, milestones: Iterable[Step], *, today: date) -> Health:
    """Return the health to show and publish: blocked > paused > late > what is stored."""
    if project.health in EXPLAINED:
        return project.health
    return Health.LATE if is_late(project, milestones, today=today) else project.health


def is_stale(stage: Stage, news_on: date, *, today: date) -> bool:
    """Tell whether nobody has written in a fiche for too long; one that is over is never stale."""
    patience = SLOW_DAYS if stage in SLOW else QUIET_DAYS
    return stage not in CLOSED and (today - news_on).days > patience
