"""Tables of the service: projects with their parts, answers given to others, copies of what others own, messages."""

from services.projects.models.base import Base
from services.projects.models.messages import (
    TABLES,
    KnownParticipation,
    KnownProject,
    OutboxMessage,
    StoredAnswer,
)
from services.projects.models.parts import (
    Decision,
    ExternalId,
    FundingLine,
    Indicator,
    Milestone,
    Participant,
    StageMove,
)
from services.projects.models.project import OwnAnswer, Project, ReferenceCounter

__all__ = [
    "TABLES",
    "Base",
    "Decision",
    "ExternalId",
    "FundingLine",
    "Indicator",
    "KnownParticipation",
    "KnownProject",
    "Milestone",
    "OutboxMessage",
    "OwnAnswer",
    "Participant",
    "Project",
    "ReferenceCounter",
    "StageMove",
    "StoredAnswer",
]
