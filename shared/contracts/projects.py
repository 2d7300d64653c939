"""What the service projects tells: projects, and the answers of partner EPCI."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from shared.contracts.base import Open, Part, State, Visibility
from shared.fields import Code, Count, Day, Id, Insee, Line, Money, Paragraph, ShortLine, Siren, Siret, Text, Version

T, P = Visibility.TERRITORY, Visibility.PUBLIC


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


class Sponsor(Part):
    """Who carries the project."""

    type: Annotated[Open[SponsorType], P] = SponsorType.OTHER
    siret: Annotated[Siret | None, T] = None
    name: Annotated[Line, T] = ""


class Participant(Part):
    """One EPCI of a project carried by several."""

    siren: Annotated[Siren, P]
    role: Annotated[Open[PartnerRole], P] = PartnerRole.PARTNER
    status: Annotated[Open[ParticipantStatus], P] = ParticipantStatus.INVITED
    round: Annotated[Count, P] = 1


class FundingLine(Part):
    """One line of the funding plan, HT."""

    id: Annotated[Id, T]
    funder: Annotated[Open[FunderType], T] = FunderType.OTHER
    funder_name: Annotated[Line, T] = ""
    scheme: Annotated[Line, T] = ""
    nature: Annotated[Open[FundingNature], T] = FundingNature.GRANT
    status: Annotated[Open[FundingStatus], T] = FundingStatus.PLANNED
    amount_planned: Annotated[Money | None, T] = None
    amount_requested: Annotated[Money | None, T] = None
    amount_granted: Annotated[Money | None, T] = None
    amount_paid: Annotated[Money | None, T] = None


class Milestone(Part):
    """One dated step."""

    label: Annotated[Line, T]
    due: Annotated[Day | None, T] = None
    status: Annotated[Code, T] = "planned"


class Totals(Part):
    """Derived figures of a funding plan, in euros HT."""

    total_cost_ht: Annotated[Money | None, P] = None
    requested: Annotated[Money, P] = Decimal(0)
    granted: Annotated[Money, P] = Decimal(0)
    paid: Annotated[Money, P] = Decimal(0)


class Source(Part):
    """Where the facts of an imported project come from."""

    label: Annotated[Line, P]
    dated: Annotated[Day | None, P] = None
    quality: Annotated[Open[Quality], P] = Quality.ANNOUNCED


class StageEntry(Part):
    """When a stage was entered, and why if by import."""

    stage: Annotated[Open[Stage], P]
    entered_on: Annotated[Day, P]
    by_import: Annotated[bool, P] = False


class Project(State):
    """A fiche action; one aggregate with its lines. Under ``confidential_until`` only axis and stage are filled."""

    aggregate: ClassVar[str] = "project"
    service: ClassVar[str] = "projects"
    scopes: ClassVar[tuple[Visibility, ...]] = (T, P)
    # fmt: off
    facts: ClassVar[frozenset[str]] = frozenset({
        "created", "updated", "stage_changed", "health_changed", "funding_changed", "decision_recorded",
        "indicators_recorded", "visibility_changed", "withdrawn",
    })
    # fmt: on
    last_facts: ClassVar[frozenset[str]] = frozenset({"withdrawn"})

    axis: Annotated[Open[Axis] | None, P] = None
    stage: Annotated[Open[Stage], P] = Stage.IDEA
    confidential: Annotated[bool, P] = False
    confidential_until: Annotated[Day | None, T] = None
    reference: Annotated[ShortLine, P] = ""
    title: Annotated[Line, P] = ""
    kind: Annotated[Open[Kind], P] = Kind.OTHER
    public_summary: Annotated[Paragraph, P] = ""
    summary: Annotated[Text, T] = ""
    objectives: Annotated[Text, T] = ""
    visibility: Annotated[Open[Visibility], T] = Visibility.TERRITORY
    health: Annotated[Open[Health], T] = Health.UNKNOWN
    commune_insee: Annotated[tuple[Insee, ...], P] = ()
    sponsor: Annotated[Sponsor, P] = Sponsor()
    project_manager: Annotated[Id | None, T] = None
    participants: Annotated[tuple[Participant, ...], P] = ()
    amounts_public: Annotated[bool, T] = False
    totals: Annotated[Totals, P] = Totals()
    funding: Annotated[tuple[FundingLine, ...], T] = ()
    milestones: Annotated[tuple[Milestone, ...], T] = ()
    stage_history: Annotated[tuple[StageEntry, ...], P] = ()
    planned_start: Annotated[Day | None, P] = None
    planned_end: Annotated[Day | None, P] = None
    source: Annotated[Source | None, P] = None
    demo: Annotated[bool, P] = False

    def at(self, visibility: Visibility) -> dict[str, Any]:
        """Return the record’s value; the public reads amounts only once committed, and partners that accepted."""
        return super(Project, self._for_the_public() if visibility is P else self).at(visibility)

    @property
    def shows_amounts(self) -> bool:
        """Whether the public may read what the project costs and gets."""
        return self.amounts_public and self.stage in AMOUNTS_SHOWN

    def _for_the_public(self) -> "Project":
        partners = tuple(one for one in self.participants if one.status == ParticipantStatus.ACCEPTED)
        return self.model_copy(
            update={"totals": self.totals if self.shows_amounts else Totals(), "participants": partners}
        )


class Participation(State):
    """The answer of a partner EPCI about a project of another, written in its own topic."""

    aggregate: ClassVar[str] = "participation"
    service: ClassVar[str] = "projects"
    scopes: ClassVar[tuple[Visibility, ...]] = (T,)
    facts: ClassVar[frozenset[str]] = frozenset({"proposed", "accepted", "declined", "left"})
    last_facts: ClassVar[frozenset[str]] = frozenset({"left"})

    project_id: Annotated[Id, T]
    owner_siren: Annotated[Siren, T]
    answer: Annotated[Open[Answer], T] = Answer.PROPOSED
    round: Annotated[Version, T] = 1
    role: Annotated[Open[PartnerRole], T] = PartnerRole.PARTNER
    contribution_eur: Annotated[Money | None, T] = None
    answered_on: Annotated[Day | None, T] = None
    reason: Annotated[Line, T] = ""


STATES: tuple[type[State], ...] = (Project, Participation)
