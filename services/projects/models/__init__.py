"""Tables of the service: projects with their parts, answers given to others, copies of what others own, messages."""

from services.projects.models.base import Base, IndexColumns
from services.projects.models.calls import Call, CallDismissal, Submission
from services.projects.models.governance import Binome, Measure, Meeting, Programme
from services.projects.models.imports import ImportBatch, ImportFile, ImportLine
from services.projects.models.messages import (
    TABLES,
    KnownCall,
    KnownParticipation,
    KnownProgramme,
    KnownProject,
    OutboxMessage,
    StoredAnswer,
)
from services.projects.models.parts import (
    Application,
    Decision,
    ExternalId,
    FundingLine,
    Indicator,
    Milestone,
    Participant,
    StageMove,
)
from services.projects.models.portfolio import FundingMonth, FundingSnapshot, SavedView
from services.projects.models.project import OwnAnswer, Project, ReferenceCounter

__all__ = [
    "TABLES",
    "Application",
    "Base",
    "Binome",
    "Call",
    "CallDismissal",
    "Decision",
    "ExternalId",
    "FundingLine",
    "FundingMonth",
    "FundingSnapshot",
    "ImportBatch",
    "ImportFile",
    "ImportLine",
    "IndexColumns",
    "Indicator",
    "KnownCall",
    "KnownParticipation",
    "KnownProgramme",
    "KnownProject",
    "Measure",
    "Meeting",
    "Milestone",
    "OutboxMessage",
    "OwnAnswer",
    "Participant",
    "Programme",
    "Project",
    "ReferenceCounter",
    "SavedView",
    "StageMove",
    "StoredAnswer",
    "Submission",
]
