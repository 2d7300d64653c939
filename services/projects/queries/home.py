"""What the public page shows of projects; built from public states only, so that nothing else can slip in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.projects.queries.projects import get_public_view
from shared.contracts import projects as wire
from shared.contracts.labels import AXES, STAGES, label
from shared.db.session import Session
from shared.identity.access import Scope
from shared.territory.communes import commune_name

ROAD = (
    wire.Stage.IDEA,
    wire.Stage.QUALIFICATION,
    wire.Stage.STRUCTURING,
    wire.Stage.APPRAISAL,
    wire.Stage.COMMITTED,
    wire.Stage.DELIVERY,
    wire.Stage.COMPLETED,
    wire.Stage.EVALUATED,
)
PLACES = 3


@dataclass(frozen=True)
class Figure:
    """One figure for the top of the page."""

    label: str
    value: int
    note: str


@dataclass(frozen=True)
class Row:
    """One public project; ``rank`` counts the stages reached, 0 off the road; ``cost`` is ``None`` when not public."""

    id: UUID
    home_epci: str
    title: str
    places: Sequence[str]
    more_places: int
    axis: str
    source: str
    stage: str
    rank: int
    cost: Decimal | None
    attributed: bool


async def load_home(session: Session, scope: Scope) -> Mapping[str, Any]:
    """Return the public projects of the territory, last changed first, and their figures."""
    view = await get_public_view(session, scope)
    rows = [_row(state) for state in view.rows]
    epci = view.epci_in_delivery
    where = "aucun pour l’instant" if not epci else "dans un EPCI" if epci == 1 else f"dans {epci} EPCI"
    return {
        "rows": rows,
        "count": view.count,
        "attributed": any(row.attributed for row in rows),
        "figures": [
            Figure("Projets publics", view.count, "un projet partagé compte une fois"),
            Figure("En réalisation", view.in_delivery, where),
        ],
    }


def _row(state: wire.Project) -> Row:
    stage = str(state.stage)
    return Row(
        id=state.id,
        home_epci=state.home_epci,
        title=state.title,
        places=[commune_name(insee) for insee in state.commune_insee[:PLACES]],
        more_places=max(0, len(state.commune_insee) - PLACES),
        axis=label(AXES, state.axis),
        source=state.source.label if state.source else "",
        stage=label(STAGES, stage),
        rank=ROAD.index(wire.Stage(stage)) + 1 if stage in ROAD else 0,
        cost=state.totals.total_cost_ht,
        attributed=bool(state.stage_history and state.stage_history[-1].by_import),
    )
