"""What the service projects tells: projects, and the answers of partner EPCI."""

from typing import Annotated, Any, ClassVar

from shared.contracts.base import Open, State, Visibility
from shared.contracts.projects.parts import (
    Application,
    BinomeMember,
    ExternalId,
    FundingLine,
    Indicator,
    Milestone,
    Participant,
    PartnerBody,
    ProgrammeLink,
    Source,
    Sponsor,
    StageEntry,
    Totals,
)
from shared.contracts.projects.words import (
    AMOUNTS_SHOWN,
    Answer,
    Axis,
    CallKind,
    CallStatus,
    Health,
    Kind,
    LegacyAxis,
    ParticipantStatus,
    PartnerRole,
    Priority,
    ProgrammeKind,
    Stage,
)
from shared.fields import (
    Code,
    Day,
    Id,
    Insee,
    Instant,
    Latitude,
    Line,
    Longitude,
    Money,
    NafSection,
    Paragraph,
    Rate,
    ShortLine,
    Siren,
    Text,
    Url,
    Version,
)

T, P = Visibility.TERRITORY, Visibility.PUBLIC


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
    legacy_axis: Annotated[Open[LegacyAxis] | None, P] = None
    filieres: Annotated[tuple[Code, ...], P] = ()
    naf_sections: Annotated[tuple[NafSection, ...], P] = ()
    programmes: Annotated[tuple[ProgrammeLink, ...], P] = ()
    measures: Annotated[tuple[Code, ...], T] = ()
    fragile_territory: Annotated[bool, T] = False
    priority: Annotated[Open[Priority] | None, T] = None
    public_summary: Annotated[Paragraph, P] = ""
    summary: Annotated[Text, T] = ""
    objectives: Annotated[Text, T] = ""
    expected_effects: Annotated[tuple[Line, ...], T] = ()
    external_ids: Annotated[tuple[ExternalId, ...], T] = ()
    visibility: Annotated[Open[Visibility], T] = Visibility.TERRITORY
    health: Annotated[Open[Health], T] = Health.UNKNOWN
    commune_insee: Annotated[tuple[Insee, ...], P] = ()
    lon: Annotated[Longitude | None, P] = None
    lat: Annotated[Latitude | None, P] = None
    zae_site_id: Annotated[Code | None, P] = None
    sponsor: Annotated[Sponsor, P] = Sponsor()
    project_manager: Annotated[Id | None, T] = None
    binome: Annotated[tuple[BinomeMember, ...], T] = ()
    partners: Annotated[tuple[PartnerBody, ...], T] = ()
    participants: Annotated[tuple[Participant, ...], P] = ()
    amounts_public: Annotated[bool, T] = False
    totals: Annotated[Totals, P] = Totals()
    running_cost_ht_year: Annotated[Money | None, T] = None
    funding: Annotated[tuple[FundingLine, ...], T] = ()
    indicators: Annotated[tuple[Indicator, ...], T] = ()
    applications: Annotated[tuple[Application, ...], T] = ()
    milestones: Annotated[tuple[Milestone, ...], T] = ()
    stage_history: Annotated[tuple[StageEntry, ...], P] = ()
    planned_start: Annotated[Day | None, P] = None
    planned_end: Annotated[Day | None, P] = None
    actual_start: Annotated[Day | None, P] = None
    actual_end: Annotated[Day | None, P] = None
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


class Programme(State):
    """A plan, contract, fund or label that projects are part of, written by the EPCI that steers it."""

    aggregate: ClassVar[str] = "programme"
    service: ClassVar[str] = "projects"
    scopes: ClassVar[tuple[Visibility, ...]] = (T,)
    facts: ClassVar[frozenset[str]] = frozenset({"created", "updated", "withdrawn"})
    last_facts: ClassVar[frozenset[str]] = frozenset({"withdrawn"})

    kind: Annotated[Open[ProgrammeKind], T] = ProgrammeKind.OTHER
    title: Annotated[Line, T] = ""
    summary: Annotated[Paragraph, T] = ""
    funder_name: Annotated[Line, T] = ""
    starts_on: Annotated[Day | None, T] = None
    ends_on: Annotated[Day | None, T] = None
    url: Annotated[Url | None, T] = None
    demo: Annotated[bool, T] = False


class Call(State):
    """A call for projects, for whoever may answer it; closed or cancelled, it is no longer on the topic."""

    aggregate: ClassVar[str] = "call"
    service: ClassVar[str] = "projects"
    scopes: ClassVar[tuple[Visibility, ...]] = (T, P)
    facts: ClassVar[frozenset[str]] = frozenset({"published", "updated", "closing_soon", "closed", "cancelled"})
    last_facts: ClassVar[frozenset[str]] = frozenset({"closed", "cancelled"})

    kind: Annotated[Open[CallKind], P] = CallKind.AAP
    status: Annotated[Open[CallStatus], P] = CallStatus.PUBLISHED
    visibility: Annotated[Open[Visibility], P] = Visibility.PUBLIC
    title: Annotated[Line, P] = ""
    summary: Annotated[Paragraph, P] = ""
    funder_name: Annotated[Line, P] = ""
    scheme: Annotated[Line, P] = ""
    axes: Annotated[tuple[Open[Axis], ...], P] = ()
    project_kinds: Annotated[tuple[Open[Kind], ...], P] = ()
    commune_insee: Annotated[tuple[Insee, ...], P] = ()
    epcis: Annotated[tuple[Siren, ...], P] = ()
    eligibility: Annotated[Text, P] = ""
    cost_min: Annotated[Money | None, P] = None
    cost_max: Annotated[Money | None, P] = None
    rate: Annotated[Rate | None, P] = None
    opens_at: Annotated[Instant | None, P] = None
    closes_at: Annotated[Instant | None, P] = None
    url: Annotated[Url | None, P] = None
    accepts_submissions: Annotated[bool, P] = False
    demo: Annotated[bool, P] = False


STATES: tuple[type[State], ...] = (Project, Participation, Programme, Call)
