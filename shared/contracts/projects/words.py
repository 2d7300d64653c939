"""Closed lists of what the service projects tells; a reader takes a word it does not know for ``other``."""

from enum import StrEnum


class Stage(StrEnum):
    """Where a project is; how it goes is its health."""

    IDEA = "idea"
    QUALIFICATION = "qualification"
    STRUCTURING = "structuring"
    APPRAISAL = "appraisal"
    COMMITTED = "committed"
    DELIVERY = "delivery"
    COMPLETED = "completed"
    EVALUATED = "evaluated"
    REJECTED = "rejected"
    ABANDONED = "abandoned"


AMOUNTS_SHOWN = frozenset({Stage.COMMITTED, Stage.DELIVERY, Stage.COMPLETED, Stage.EVALUATED})
"""Stages from which on the public may read the amounts of a project that allows it."""


class Health(StrEnum):
    """How a project goes."""

    ON_TRACK = "on_track"
    LATE = "late"
    PAUSED = "paused"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """Nature of a project."""

    COMPANY_INVESTMENT = "company_investment"
    COLLECTIVE_ACTION = "collective_action"
    PUBLIC_FACILITY = "public_facility"
    STUDY = "study"
    TRAINING_SCHOOL = "training_school"
    LAND_BROWNFIELD = "land_brownfield"
    INDUSTRIAL_ECOLOGY = "industrial_ecology"
    FUNDED_POST = "funded_post"
    CITIZEN_INITIATIVE = "citizen_initiative"
    OTHER = "other"


class Axis(StrEnum):
    """Axis of the national programme, phase 2023–2027."""

    ECOLOGICAL_ENERGY_TRANSITION = "ecological_energy_transition"
    INNOVATION_ECOSYSTEM = "innovation_ecosystem"
    SKILLS_RECRUITMENT = "skills_recruitment"
    INDUSTRIAL_LAND = "industrial_land"


class LegacyAxis(StrEnum):
    """Axis of the national programme, phase 2018–2022."""

    ATTRACT = "attract"
    RECRUIT = "recruit"
    INNOVATE = "innovate"
    SIMPLIFY = "simplify"


class Priority(StrEnum):
    """How much a project matters to those who carry it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class SponsorType(StrEnum):
    """Who carries a project; a natural person is never named outside."""

    COMPANY = "company"
    PUBLIC_BODY = "public_body"
    ASSOCIATION = "association"
    EPCI = "epci"
    NATURAL_PERSON = "natural_person"
    OTHER = "other"


class FunderType(StrEnum):
    """Who pays."""

    EPCI = "epci"
    COMMUNE = "commune"
    DEPARTEMENT = "departement"
    REGION = "region"
    STATE = "state"
    ADEME = "ademe"
    BPIFRANCE = "bpifrance"
    BANQUE_DES_TERRITOIRES = "banque_des_territoires"
    FEDER = "feder"
    FTJ = "ftj"
    FSE = "fse"
    WATER_AGENCY = "water_agency"
    PRIVATE = "private"
    CROWD = "crowd"
    OTHER = "other"


class FundingNature(StrEnum):
    """What kind of money a line is."""

    GRANT = "grant"
    LOAN = "loan"
    REPAYABLE_ADVANCE = "repayable_advance"
    EQUITY = "equity"
    OWN_FUNDS = "own_funds"
    IN_KIND = "in_kind"
    CROWDFUNDING = "crowdfunding"


class FundingStatus(StrEnum):
    """Life of a funding line."""

    PLANNED = "planned"
    REQUESTED = "requested"
    UNDER_REVIEW = "under_review"
    GRANTED = "granted"
    REFUSED = "refused"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


class PartnerRole(StrEnum):
    """What an EPCI is in a project."""

    LEAD = "lead"
    PARTNER = "partner"
    OBSERVER = "observer"


class BodyRole(StrEnum):
    """What a body that is no EPCI does in a project."""

    FUNDER = "funder"
    TECHNICAL = "technical"
    TRAINING = "training"
    CONSULAR = "consular"


class ParticipantStatus(StrEnum):
    """Where the owner and the partner EPCI stand together."""

    INVITED = "invited"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REFUSED = "refused"
    LEFT = "left"
    REMOVED = "removed"


class Answer(StrEnum):
    """What the partner EPCI says, in its own topic."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LEFT = "left"


class Quality(StrEnum):
    """How far a fact is to be trusted."""

    ANNOUNCED = "announced"
    DECLARED = "declared"
    VERIFIED = "verified"


class BinomeRole(StrEnum):
    """What a person is in the binôme or trio that carries a project."""

    ELECTED = "elected"
    INDUSTRIALIST = "industrialist"
    TECHNICIAN = "technician"


class ProgrammeKind(StrEnum):
    """What a programme is."""

    PLAN = "plan"
    CONTRACT = "contract"
    FUND = "fund"
    LABEL = "label"
    OTHER = "other"


class CallKind(StrEnum):
    """What a call is: for projects, for declarations of interest, or open all the time."""

    AAP = "aap"
    AMI = "ami"
    PERMANENT = "permanent"
    OTHER = "other"


class CallStatus(StrEnum):
    """Where a call is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ApplicationStatus(StrEnum):
    """Where the answer of a project to a call is."""

    IDENTIFIED = "identified"
    PREPARING = "preparing"
    SUBMITTED = "submitted"
    ADMISSIBLE = "admissible"
    LAUREATE = "laureate"
    NOT_SELECTED = "not_selected"
    WITHDRAWN = "withdrawn"
