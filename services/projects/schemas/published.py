"""The state of a project as the contract publishes it; what may leave is decided here and by the marks."""

from collections.abc import Sequence
from typing import Any

from services.projects.models import Binome, Call, OwnAnswer, Programme, Project, StageMove
from services.projects.rules.funding import figures
from services.projects.rules.words import Move
from shared.contracts import projects as wire

HISTORY = 50


# fmt: off
_ALIKE = (
    "id", "home_epci", "version", "updated_at", "axis", "stage", "confidential_until", "reference", "title", "kind",
    "legacy_axis", "filieres", "naf_sections", "programmes", "measures", "fragile_territory", "priority",
    "public_summary", "summary", "objectives", "expected_effects", "visibility", "commune_insee", "lon", "lat",
    "zae_site_id", "project_manager", "partners", "running_cost_ht_year", "amounts_public", "planned_start",
    "planned_end", "actual_start", "actual_end", "demo",
)
# fmt: on
"""Fields that are published as their columns hold them."""


def full_state(project: Project, *, changed: Sequence[str] = ()) -> wire.Project:
    """Return everything the contract can hold of a project, as its own EPCI may read it."""
    plain: dict[str, Any] = {name: getattr(project, name) for name in _ALIKE}
    return wire.Project(
        **plain,
        changed=tuple(changed),
        confidential=project.confidential_until is not None,
        external_ids=tuple(wire.ExternalId(service=one.service, id=one.external_id) for one in project.external_ids),
        health=project.health_shown,
        sponsor=_sponsor(project),
        binome=_binome(project.binome),
        participants=_participants(project),
        totals=_totals(project),
        funding=tuple(wire.FundingLine.model_validate(one, from_attributes=True) for one in project.lines),
        indicators=tuple(wire.Indicator.model_validate(one, from_attributes=True) for one in project.indicators),
        applications=tuple(wire.Application.model_validate(one, from_attributes=True) for one in project.applications),
        milestones=_milestones(project),
        stage_history=tuple(_entry(one) for one in project.history if _is_shown(one))[-HISTORY:],
        source=source_of(project),
    )


def published(project: Project, *, changed: Sequence[str] = ()) -> wire.Project:
    """Return what other EPCI may read: everything of the contract, or a bare card while confidential."""
    if project.confidential_until is not None or project.withdrawn_at is not None:
        return card(project)
    return full_state(project, changed=changed)


def card(project: Project) -> wire.Project:
    """Return the bare card of a confidential or withdrawn project: its axis and stage, nothing else."""
    return wire.Project(
        id=project.id,
        home_epci=project.home_epci,
        version=project.version,
        updated_at=project.updated_at,
        axis=project.axis,
        stage=project.stage,
        confidential=True,
    )


def published_programme(programme: Programme) -> wire.Programme:
    """Return a programme as its topic holds it."""
    return wire.Programme.model_validate(programme, from_attributes=True)


def published_call(call: Call) -> wire.Call:
    """Return a call as its topic holds it."""
    return wire.Call.model_validate(call, from_attributes=True)


def published_answer(answer: OwnAnswer) -> wire.Participation:
    """Return the answer of this EPCI as its topic holds it."""
    return wire.Participation(
        id=answer.id,
        home_epci=answer.home_epci,
        version=answer.version,
        updated_at=answer.updated_at,
        project_id=answer.project_id,
        owner_siren=answer.owner_siren,
        answer=answer.answer,
        round=answer.round,
        role=answer.role,
        contribution_eur=answer.contribution_eur,
        answered_on=answer.answered_on,
        reason=answer.reason,
    )


def _binome(binome: Binome | None) -> tuple[wire.BinomeMember, ...]:
    if binome is None:
        return ()
    persons = ((role, getattr(binome, role.value)) for role in wire.BinomeRole)
    return tuple(wire.BinomeMember(role=role, id=person) for role, person in persons if person)


def _sponsor(project: Project) -> wire.Sponsor:
    if project.sponsor_type is wire.SponsorType.NATURAL_PERSON:
        return wire.Sponsor(type=project.sponsor_type)  # the SIRET of a natural person is personal data
    return wire.Sponsor(type=project.sponsor_type, siret=project.sponsor_siret, name=project.sponsor_name)


def _participants(project: Project) -> tuple[wire.Participant, ...]:
    return tuple(
        wire.Participant(siren=one.siren, role=one.role, status=one.status, round=one.round)
        for one in project.participants
    )


def _totals(project: Project) -> wire.Totals:
    sums = figures(project.lines, total_cost_ht=project.total_cost_ht, sponsor=project.sponsor_type)
    return wire.Totals(
        total_cost_ht=project.total_cost_ht, requested=sums.requested, granted=sums.granted, paid=sums.paid
    )


def _milestones(project: Project) -> tuple[wire.Milestone, ...]:
    return tuple(wire.Milestone(label=one.label, due=one.due, status=one.status.value) for one in project.milestones)


def _is_shown(move: StageMove) -> bool:
    return not move.undone and move.move is not Move.CORRECT


def _entry(move: StageMove) -> wire.StageEntry:
    return wire.StageEntry(stage=move.to_stage, entered_on=move.entered_on, by_import=move.move is Move.IMPORT)


def source_of(project: Project) -> wire.Source | None:
    """Return where the facts of an imported project come from."""
    if not project.source_label:
        return None
    return wire.Source(label=project.source_label, dated=project.source_dated, quality=project.source_quality)
