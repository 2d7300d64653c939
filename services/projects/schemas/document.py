"""A fiche action on paper: what a committee reads, in the order in which it asks."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from services.projects.rules.labels import BODIES, FUNDERS, NATURES, OUTCOMES, PARTICIPANTS, STEPS
from services.projects.rules.words import HEALTHS, KINDS, PRIORITIES, STATUSES
from services.projects.schemas.answers import ProjectShown
from services.projects.schemas.parts import IndicatorShown, LineShown, MeasuredShown
from shared.contracts.labels import AXES, STAGES, label
from shared.contracts.projects import ParticipantStatus
from shared.documents import Block, Document, Facts, Heading, Paragraph, Table
from shared.territory.communes import commune_name
from shared.territory.members import Territory
from shared.web.formats import euros, jour, nombre, pourcent

_GONE = frozenset({ParticipantStatus.DECLINED, ParticipantStatus.REFUSED, ParticipantStatus.LEFT})
_NOTHING = "–"


def document_of(fiche: ProjectShown, territory: Territory, *, epci: str, today: date) -> Document:
    """Return a fiche as a document of its EPCI, dated; a part that says nothing is left out."""
    home = _epci(territory, epci)
    return Document(
        title=fiche.title,
        subtitle=f"Fiche action {fiche.reference} · {label(STAGES, fiche.stage)} · {label(HEALTHS, fiche.health)}",
        author=home,
        foot=f"{home} · {fiche.reference} · édité le {jour(today)}",
        blocks=[*_essentials(fiche), *_texts(fiche), *_money(fiche), *_follow_up(fiche), *_partners(fiche, territory)],
    )


def _essentials(fiche: ProjectShown) -> Iterator[Block]:
    period = [jour(day) if day else "…" for day in (fiche.planned_start, fiche.planned_end)]
    rows = [
        ("Axe", label(AXES, fiche.axis)),
        ("Nature", label(KINDS, fiche.kind)),
        ("Priorité", label(PRIORITIES, fiche.priority)),
        ("Porteur, maître d’ouvrage", fiche.sponsor.name),
        ("Communes", ", ".join(commune_name(one) for one in fiche.commune_insee)),
        ("Filières", ", ".join(fiche.filieres)),
        ("Calendrier prévu", " – ".join(period) if period != ["…", "…"] else ""),
        ("Motif", fiche.health_reason),
        ("Complétude", f"{pourcent(Decimal(fiche.completeness) / 100)}"),
    ]
    yield Heading("L’essentiel")
    yield Facts(_said(rows))


def _texts(fiche: ProjectShown) -> Iterator[Block]:
    for name, text in (
        ("Résumé", fiche.public_summary),
        ("Besoin constaté", fiche.need_statement),
        ("Objectifs", fiche.objectives),
        ("Descriptif", fiche.summary),
        ("Effets attendus", "\n".join(fiche.expected_effects)),
    ):
        if text:
            yield Heading(name)
            yield Paragraph(text)


def _money(fiche: ProjectShown) -> Iterator[Block]:
    sums = fiche.figures
    yield Heading("Plan de financement")
    yield Facts(
        _said(
            [
                ("Coût total HT", _euros(fiche.total_cost_ht)),
                ("Montant retenu", _euros(sums.best)),
                ("Reste à financer", _euros(sums.gap)),
                ("Couverture", "" if sums.coverage is None else pourcent(sums.coverage)),
                ("Sécurisé", _euros(sums.secured)),
                ("Taux d’aide publique", "" if sums.public_rate is None else pourcent(sums.public_rate)),
                ("Coût de fonctionnement annuel HT", _euros(fiche.running_cost_ht_year)),
            ]
        )
    )
    if fiche.funding:
        headings = ("Financeur", "Dispositif", "Nature", "État", "Envisagé", "Demandé", "Accordé", "Versé")
        yield Table(headings, [_line(one) for one in fiche.funding], numbers=frozenset({4, 5, 6, 7}))


def _line(line: LineShown) -> Sequence[str]:
    amounts = (line.amount_planned, line.amount_requested, line.amount_granted, line.amount_paid)
    return [
        line.funder_name or label(FUNDERS, line.funder),
        line.scheme or _NOTHING,
        label(NATURES, line.nature),
        label(STATUSES, line.status),
        *(_euros(one) or _NOTHING for one in amounts),
    ]


def _follow_up(fiche: ProjectShown) -> Iterator[Block]:
    if fiche.milestones:
        yield Heading("Jalons")
        rows = [[one.label, _day(one.due), label(STEPS, one.status), _day(one.done_on)] for one in fiche.milestones]
        yield Table(("Jalon", "Échéance", "État", "Fait le"), rows)
    if fiche.indicators:
        yield Heading("Indicateurs")
        rows = [
            [_named(one), *(_value(part) for part in (one.baseline, one.target, one.actual))]
            for one in fiche.indicators
        ]
        yield Table(("Indicateur", "Départ", "Cible", "Réalisé"), rows, numbers=frozenset({1, 2, 3}))
    if fiche.decisions:
        yield Heading("Décisions")
        rows = [
            [label(BODIES, one.body), jour(one.decided_on), label(OUTCOMES, one.outcome), one.conditions or _NOTHING]
            for one in fiche.decisions
        ]
        yield Table(("Instance", "Date", "Avis", "Réserves"), rows)
    if fiche.missing:
        yield Heading("Ce qui manque encore")
        yield Paragraph("\n".join(one.message for one in fiche.missing))


def _partners(fiche: ProjectShown, territory: Territory) -> Iterator[Block]:
    rows = [
        (_epci(territory, one.siren), label(PARTICIPANTS, one.status))
        for one in fiche.participants
        if one.status not in _GONE
    ]
    bodies = ", ".join(one.name for one in fiche.partners if one.name)
    if rows or bodies:
        yield Heading("Partenaires")
        yield Facts([*rows, *_said([("Organismes", bodies)])])


def _named(indicator: IndicatorShown) -> str:
    return f"{indicator.label or indicator.code} ({indicator.unit})" if indicator.unit else indicator.label


def _value(measured: MeasuredShown | None) -> str:
    return _NOTHING if measured is None else nombre(measured.value.normalize())


def _said(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, said) for name, said in rows if said]


def _epci(territory: Territory, siren: str) -> str:
    member = territory.find(siren)
    return member.name if member else siren


def _euros(amount: Decimal | None) -> str:
    return "" if amount is None else euros(amount)


def _day(day: date | None) -> str:
    return _NOTHING if day is None else jour(day)
