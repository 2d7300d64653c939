"""The state of a project as the contract publishes it; what may leave is decided here and by the marks."""

from collections.abc import Sequence

from services.projects.models import OwnAnswer, Project, StageMove
from services.projects.rules.funding import figures
from services.projects.rules.words import Move
from shared.contracts import projects as wire

HISTORY = 50


def full_state(project: Project, *, changed: Sequence[str] = ()) -> wire.Project:
    """Return everything the contract can hold of a project, as its own EPCI may read it."""
    return wire.Project(
        id=project.id,
        home_epci=project.home_epci,
        version=project.version,
        updated_at=project.updated_at,
        changed=tuple(changed),
        axis=project.axis,
        stage=project.stage,
        confidential=project.confidential_until is not None,
        confidential_until=project.confidential_until,
        reference=project.reference,
        title=project.title,
        kind=project.kind,
        public_summary=project.public_summary,
        summary=project.summary,
        objectives=project.objectives,
        visibility=project.visibility,
        health=project.health_shown,
        commune_insee=tuple(project.commune_insee),
        sponsor=_sponsor(project),
        project_manager=project.project_manager,
        participants=_participants(project),
        amounts_public=project.amounts_public,
        totals=_totals(project),
        funding=_funding(project),
        milestones=_milestones(project),
        stage_history=tuple(_entry(one) for one in project.history if _is_shown(one))[-HISTORY:],
        planned_start=project.planned_start,
        planned_end=project.planned_end,
        source=source_of(project),
        demo=project.demo,
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


def _funding(project: Project) -> tuple[wire.FundingLine, ...]:
    return tuple(
        wire.FundingLine(
            id=one.id,
            funder=one.funder,
            funder_name=one.funder_name,
            scheme=one.scheme,
            nature=one.nature,
            status=one.status,
            amount_planned=one.amount_planned,
            amount_requested=one.amount_requested,
            amount_granted=one.amount_granted,
            amount_paid=one.amount_paid,
        )
        for one in project.lines
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
