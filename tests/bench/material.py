"""Records as instances write them: states of projects of a usual size, and the request that makes one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.projects import (
    Axis,
    FunderType,
    FundingLine,
    FundingStatus,
    Health,
    Kind,
    Milestone,
    Participant,
    Project,
    Sponsor,
    SponsorType,
    Stage,
    StageEntry,
    Totals,
)
from shared.db.session import Origin
from shared.ids import uuid7
from shared.messaging.envelope import headers_of, message_type
from shared.messaging.registry import topic_of
from tests.support.projects import SIRET

FACT = "updated"
SUMMARY = "Remise en état d’une halle inoccupée, création de six cellules pour des entreprises de mécanique."


@dataclass(frozen=True)
class Wire:
    """One record as it goes on the wire, and the version of its aggregate."""

    key: str
    value: bytes
    headers: dict[str, str]

    @property
    def headers_as_json(self) -> str:
        """Return its headers as an outbox keeps them."""
        return json.dumps(self.headers)


def topic(siren: str) -> str:
    """Return where an EPCI tells the territory of its projects."""
    return str(topic_of(Project, visibility=Visibility.TERRITORY, epci=siren))


def type_of_record() -> str:
    """Return the CloudEvents type of the records below."""
    return message_type(Project.aggregate, FACT)


def state(siren: str) -> Project:
    """Return a project with a funding plan, steps and a partner: about 1.4 kB once written."""
    return Project(
        id=uuid7(),
        home_epci=siren,
        version=1,
        updated_at=now(),
        axis=Axis.INDUSTRIAL_LAND,
        stage=Stage.STRUCTURING,
        reference="ESSAI-E0-2026-0001",
        title="Ateliers du Robec, reconversion d’une halle",
        kind=Kind.LAND_BROWNFIELD,
        public_summary=SUMMARY,
        health=Health.ON_TRACK,
        commune_insee=("76575",),
        sponsor=Sponsor(type=SponsorType.COMPANY, siret=SIRET, name="Ateliers Fictifs du Robec"),
        participants=(Participant(siren=siren),),
        totals=Totals(total_cost_ht=Decimal("420000.00"), requested=Decimal("120000.00")),
        funding=(
            FundingLine(
                id=uuid7(),
                funder=FunderType.REGION,
                status=FundingStatus.REQUESTED,
                amount_requested=Decimal("120000.00"),
            ),
        ),
        milestones=(Milestone(label="Dépôt du permis", due=date(2026, 9, 1)),),
        stage_history=(StageEntry(stage=Stage.IDEA, entered_on=date(2026, 1, 5)),),
        planned_start=date(2026, 10, 1),
    )


def records(siren: str, count: int) -> Iterator[Wire]:
    """Return ``count`` different projects of an EPCI, one record each."""
    model = state(siren)
    value = model.at(Visibility.TERRITORY)
    origin = Origin(siren, Project.service, uuid7(), "http://127.0.0.1:1")
    headers = headers_of(
        model, origin=origin, fact=FACT, visibility=Visibility.TERRITORY, message_id=uuid7(), time=now()
    )
    for number in range(count):
        key = str(uuid7())
        written = value | {"id": key, "reference": f"ESSAI-E0-2026-{number:06d}"}
        told = headers | {
            "content-type": "application/json",
            "ce_id": str(uuid7()),
            "ce_subject": key,
            "ce_partitionkey": key,
        }
        yield Wire(key, json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode(), told)


def head(wire: Wire) -> list[tuple[str, bytes]]:
    """Return the headers of a record as bytes."""
    return [(name, text.encode()) for name, text in wire.headers.items()]


def request() -> dict[str, Any]:
    """Return the request that logs a project, as a form would send it."""
    return {
        "title": "Ateliers Fictifs du Robec, reconversion d’une halle",
        "kind": "land_brownfield",
        "axis": "industrial_land",
        "commune_insee": ["76575"],
        "sponsor": {"type": "company", "name": "Ateliers Fictifs du Robec", "siret": SIRET},
        "public_summary": SUMMARY,
        "summary": "Désamiantage et création de six cellules.",
        "objectives": "Accueillir quatre entreprises en deux ans.",
        "total_cost_ht": "420000.00",
    }
