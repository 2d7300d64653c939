"""What lists and figures of the territory read of a project: computed once from its state, own or heard."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.projects.rules.funding import best
from shared.contracts.projects import FundingLine, ParticipantStatus, Project
from shared.stems import folded, searchable
from shared.territory.communes import commune_name

SORT_LENGTH = 80


class Money(NamedTuple):
    """One funding line in figures; ``decided`` is the year of its decision."""

    funder: str
    scheme: str
    nature: str
    status: str
    decided: int | None
    requested: Decimal
    granted: Decimal
    paid: Decimal
    worth: Decimal
    """Granted once decided, else requested, else planned."""


class Aim(NamedTuple):
    """One indicator in figures."""

    code: str
    target: Decimal | None
    actual: Decimal | None


@dataclass(frozen=True)
class Digest:
    """The parts of a project that are counted: money, indicators, days on which stages were entered, milestones due."""

    money: tuple[Money, ...] = ()
    aims: tuple[Aim, ...] = ()
    stages: tuple[tuple[str, date], ...] = ()
    due: tuple[date, ...] = ()

    def __str__(self) -> str:
        """Write it for a column."""
        return json.dumps(
            {
                "m": [
                    [
                        m.funder,
                        m.scheme,
                        m.nature,
                        m.status,
                        m.decided,
                        f"{m.requested:f}",
                        f"{m.granted:f}",
                        f"{m.paid:f}",
                        f"{m.worth:f}",
                    ]
                    for m in self.money
                ],
                "i": [[one.code, _text(one.target), _text(one.actual)] for one in self.aims],
                "s": [[stage, day.isoformat()] for stage, day in self.stages],
                "d": [day.isoformat() for day in self.due],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def read(cls, text: str) -> "Digest":
        """Read what was written for a column."""
        if not text:
            return cls()
        told: dict[str, Any] = json.loads(text)
        return cls(
            money=tuple(Money(*one[:5], *map(Decimal, one[5:])) for one in told["m"]),
            aims=tuple(Aim(code, _number(target), _number(actual)) for code, target, actual in told["i"]),
            stages=tuple((stage, date.fromisoformat(day)) for stage, day in told["s"]),
            due=tuple(date.fromisoformat(day) for day in told["d"]),
        )


def index_of(state: Project) -> dict[str, Any]:
    """Return the columns by which a project is found, sorted and counted.

    ``facets`` holds marks such as ``epci:200010700`` between spaces: the lead and the partners that accepted, communes,
    sponsor, filières, funders, programmes, measures.
    """
    title = [state.title]
    texts = [state.title, state.reference, state.public_summary, state.summary, state.objectives, state.sponsor.name]
    return {
        "sort_title": folded(state.title)[:SORT_LENGTH],
        "title_stems": searchable(title),
        "stems": searchable([*texts, *(commune_name(one) for one in state.commune_insee)]),
        "facets": f" {' '.join(dict.fromkeys(_facets(state)))} ",
        "requested": state.totals.requested,
        "granted": state.totals.granted,
        "paid": state.totals.paid,
        "digest": str(_digest(state)),
    }


def _facets(state: Project) -> Iterator[str]:
    yield f"epci:{state.home_epci}"
    yield from (f"epci:{one.siren}" for one in state.participants if one.status == ParticipantStatus.ACCEPTED)
    yield from (f"commune:{one}" for one in state.commune_insee)
    if state.sponsor.siret:
        yield f"sponsor:{state.sponsor.siret[:9]}"
    yield from (f"filiere:{one}" for one in state.filieres)
    yield from (f"funder:{one.funder}" for one in state.funding)
    yield from (f"programme:{one.id}" for one in state.programmes)
    yield from (f"measure:{one}" for one in state.measures)
    if state.priority:
        yield f"priority:{state.priority}"


def _digest(state: Project) -> Digest:
    return Digest(
        money=tuple(_money(one) for one in state.funding),
        aims=tuple(
            Aim(one.code, one.target.value if one.target else None, one.actual.value if one.actual else None)
            for one in state.indicators
        ),
        stages=tuple((str(one.stage), one.entered_on) for one in state.stage_history),
        due=tuple(sorted(one.due for one in state.milestones if one.due and one.status == "planned")),
    )


def _money(line: FundingLine) -> Money:
    zero = Decimal(0)
    return Money(
        funder=str(line.funder),
        scheme=line.scheme,
        nature=str(line.nature),
        status=str(line.status),
        decided=line.decided_on.year if line.decided_on else None,
        requested=line.amount_requested or zero,
        granted=line.amount_granted or zero,
        paid=line.amount_paid or zero,
        worth=best(line),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
