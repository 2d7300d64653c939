"""Closed lists of this service, and the French label of every value that a reader meets."""

from collections.abc import Mapping
from enum import StrEnum

from shared.contracts.base import Visibility
from shared.contracts.projects import ApplicationStatus, FundingNature, FundingStatus, Health, Kind, Priority


class Move(StrEnum):
    """A transition between two stages."""

    QUALIFY = "qualify"
    STRUCTURE = "structure"
    FILE = "file"
    REWORK = "rework"
    COMMIT = "commit"
    START = "start"
    COMPLETE = "complete"
    EVALUATE = "evaluate"
    REJECT = "reject"
    ABANDON = "abandon"
    REOPEN = "reopen"
    CORRECT = "correct"
    IMPORT = "import"


class AbandonReason(StrEnum):
    """Why a project was given up."""

    FUNDING_REFUSED = "funding_refused"
    SPONSOR_WITHDREW = "sponsor_withdrew"
    SITE_UNAVAILABLE = "site_unavailable"
    PERMIT = "permit"
    NO_ANIMATION_CAPACITY = "no_animation_capacity"
    MARKET = "market"
    DUPLICATE = "duplicate"
    OTHER = "other"


class Outcome(StrEnum):
    """What a committee decided."""

    FAVOURABLE = "favourable"
    FAVOURABLE_WITH_CONDITIONS = "favourable_with_conditions"
    ADJOURNED = "adjourned"
    UNFAVOURABLE = "unfavourable"


class Body(StrEnum):
    """Who decides."""

    LOCAL_COMMITTEE = "local_committee"
    TERRITORY_COMMITTEE = "territory_committee"
    REGIONAL_COMMITTEE = "regional_committee"
    STATE_REVIEW = "state_review"


class FundingStep(StrEnum):
    """What may happen to a funding line."""

    REQUEST = "request"
    REVIEW = "review"
    GRANT = "grant"
    REFUSE = "refuse"
    PAY = "pay"
    WITHDRAW = "withdraw"


class MilestoneStatus(StrEnum):
    """Life of a milestone."""

    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"


class OriginKind(StrEnum):
    """What a project was born of."""

    REQUEST = "request"
    DIAGNOSTIC = "diagnostic"
    SYNERGY = "synergy"
    SUBMISSION = "submission"


class SubmissionStatus(StrEnum):
    """What became of an initiative that the public proposed."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SPAM = "spam"


class BatchStatus(StrEnum):
    """How far an import is."""

    READ = "read"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"


class LineOutcome(StrEnum):
    """What became of one line of an import."""

    WAITING = "waiting"
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    UNDONE = "undone"
    KEPT = "kept"
    """Not taken back: somebody has changed the project since."""


class Entry(StrEnum):
    """What the owner of a project wrote about a partner EPCI; ``none`` when the partner came by itself."""

    NONE = "none"
    INVITED = "invited"
    AGREED = "agreed"
    TURNED_DOWN = "turned_down"
    REMOVED = "removed"


MOVES: Mapping[Move, str] = {
    Move.QUALIFY: "Qualifier",
    Move.STRUCTURE: "Lancer le montage",
    Move.FILE: "Déposer",
    Move.REWORK: "Revoir le montage",
    Move.COMMIT: "Valider",
    Move.START: "Démarrer",
    Move.COMPLETE: "Achever",
    Move.EVALUATE: "Évaluer",
    Move.REJECT: "Refuser",
    Move.ABANDON: "Abandonner",
    Move.REOPEN: "Rouvrir",
    Move.CORRECT: "Corriger l’étape",
    Move.IMPORT: "Import",
}
KINDS: Mapping[str, str] = {
    Kind.COMPANY_INVESTMENT: "Investissement d’entreprise",
    Kind.COLLECTIVE_ACTION: "Action collective",
    Kind.PUBLIC_FACILITY: "Équipement public",
    Kind.STUDY: "Étude",
    Kind.TRAINING_SCHOOL: "École, formation",
    Kind.LAND_BROWNFIELD: "Foncier, friche",
    Kind.INDUSTRIAL_ECOLOGY: "Écologie industrielle",
    Kind.FUNDED_POST: "Poste financé",
    Kind.CITIZEN_INITIATIVE: "Initiative citoyenne",
    Kind.OTHER: "Autre",
}
HEALTHS: Mapping[str, str] = {
    Health.ON_TRACK: "En cours",
    Health.LATE: "En retard",
    Health.PAUSED: "En pause",
    Health.BLOCKED: "Bloqué",
    Health.UNKNOWN: "Non renseigné",
}
VISIBILITIES: Mapping[str, str] = {
    Visibility.PRIVATE: "Interne",
    Visibility.TERRITORY: "Territoire",
    Visibility.PUBLIC: "Public",
}
PRIORITIES: Mapping[str, str] = {
    Priority.LOW: "Basse",
    Priority.MEDIUM: "Moyenne",
    Priority.HIGH: "Haute",
}
STATUSES: Mapping[str, str] = {
    FundingStatus.PLANNED: "Envisagé",
    FundingStatus.REQUESTED: "Demandé",
    FundingStatus.UNDER_REVIEW: "En instruction",
    FundingStatus.GRANTED: "Accordé",
    FundingStatus.REFUSED: "Refusé",
    FundingStatus.PARTLY_PAID: "Versé en partie",
    FundingStatus.PAID: "Versé",
    FundingStatus.WITHDRAWN: "Retiré",
}
APPLICATIONS: Mapping[str, str] = {
    ApplicationStatus.IDENTIFIED: "Repéré",
    ApplicationStatus.PREPARING: "En préparation",
    ApplicationStatus.SUBMITTED: "Déposé",
    ApplicationStatus.ADMISSIBLE: "Recevable",
    ApplicationStatus.LAUREATE: "Lauréat",
    ApplicationStatus.NOT_SELECTED: "Non retenu",
    ApplicationStatus.WITHDRAWN: "Retiré",
}
OWN_MONEY = frozenset({FundingNature.OWN_FUNDS, FundingNature.IN_KIND})
