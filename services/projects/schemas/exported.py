"""Lists of projects as files: tables for people and for programs, JSON, points on a map."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from services.projects.rules.funding import CENT
from services.projects.rules.words import HEALTHS, KINDS, PRIORITIES, VISIBILITIES
from shared.contracts import projects as wire
from shared.contracts.labels import AXES, STAGES, label
from shared.contracts.projects import ParticipantStatus
from shared.sheets import Column, Value
from shared.territory.communes import commune_name, communes
from shared.territory.members import Territory

Show = Callable[[wire.Project], Value]


def columns(territory: Territory, *, french: bool) -> Sequence[Column]:
    """Return the columns of a table of projects: French headings and words for people, names of fields for programs."""
    return [Column(heading if french else name, show) for name, heading, show in _columns(territory, french=french)]


def geojson(states: Iterable[wire.Project], territory: Territory) -> dict[str, Any]:
    """Return projects as points (RFC 7946): where they are, else one at the centre of each of their communes."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": _properties(state, territory) | {"commune": commune},
        }
        for state in states
        for lon, lat, commune in _points(state)
    ]
    return {"type": "FeatureCollection", "features": features}


def _columns(territory: Territory, *, french: bool) -> list[tuple[str, str, Show]]:
    def said(words: Any, read: Callable[[wire.Project], Any]) -> Show:  # noqa: ANN401 - any of the lists
        return lambda one: label(words, read(one)) if french else _text(read(one))

    def epci(siren: str) -> str:
        return _epci(territory, siren) if french else siren

    return [
        ("reference", "Référence", lambda one: one.reference),
        ("title", "Titre", lambda one: one.title),
        ("home_epci", "EPCI responsable", lambda one: epci(one.home_epci)),
        ("stage", "Étape", said(STAGES, lambda one: one.stage)),
        ("health", "État", said(HEALTHS, lambda one: one.health)),
        ("axis", "Axe TI", said(AXES, lambda one: one.axis)),
        ("kind", "Nature", said(KINDS, lambda one: one.kind)),
        ("priority", "Priorité", said(PRIORITIES, lambda one: one.priority)),
        ("sponsor", "Porteur", lambda one: one.sponsor.name),
        ("communes", "Communes", lambda one: _joined(_places(one, french=french))),
        ("filieres", "Filières", lambda one: _joined(one.filieres)),
        ("partners_epci", "EPCI partenaires", lambda one: _joined(epci(siren) for siren in _accepted(one))),
        ("total_cost_ht", "Coût total HT (€)", lambda one: _euros(one.totals.total_cost_ht)),
        ("requested", "Demandé (€)", lambda one: _euros(one.totals.requested)),
        ("granted", "Accordé (€)", lambda one: _euros(one.totals.granted)),
        ("paid", "Versé (€)", lambda one: _euros(one.totals.paid)),
        ("planned_start", "Début prévu", lambda one: one.planned_start),
        ("planned_end", "Fin prévue", lambda one: one.planned_end),
        ("actual_start", "Début réel", lambda one: one.actual_start),
        ("actual_end", "Fin réelle", lambda one: one.actual_end),
        ("public_summary", "Résumé public", lambda one: one.public_summary),
        ("objectives", "Objectifs", lambda one: one.objectives),
        ("visibility", "Diffusion", said(VISIBILITIES, lambda one: one.visibility)),
        ("external_ids", "Identifiants externes", lambda one: _joined(f"{i.service}:{i.id}" for i in one.external_ids)),
        ("confidential", "Confidentiel", lambda one: one.confidential),
        ("demo", "Démonstration", lambda one: one.demo),
        ("updated_at", "Mis à jour le", lambda one: one.updated_at.date()),
        ("id", "Identifiant", lambda one: str(one.id)),
    ]


def _properties(state: wire.Project, territory: Territory) -> dict[str, Any]:
    return {
        "id": str(state.id),
        "reference": state.reference,
        "title": state.title,
        "epci": _epci(territory, state.home_epci),
        "siren": state.home_epci,
        "stage": _text(state.stage),
        "stage_label": label(STAGES, state.stage),
        "axis": _text(state.axis),
        "kind": _text(state.kind),
        "health": _text(state.health),
    }


def _points(state: wire.Project) -> Iterable[tuple[float, float, str | None]]:
    if state.lon is not None and state.lat is not None:
        yield state.lon, state.lat, None
        return
    known = communes()
    yield from ((known[one].lon, known[one].lat, known[one].name) for one in state.commune_insee if one in known)


def _places(state: wire.Project, *, french: bool) -> Iterable[str]:
    return (commune_name(one) for one in state.commune_insee) if french else state.commune_insee


def _accepted(state: wire.Project) -> Iterable[str]:
    return (one.siren for one in state.participants if one.status == ParticipantStatus.ACCEPTED)


def _epci(territory: Territory, siren: str) -> str:
    member = territory.find(siren)
    return member.name if member else siren


def _joined(values: Iterable[str]) -> str:
    return ", ".join(values)


def _euros(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(CENT)


def _text(value: object) -> str:
    return "" if value is None else str(value)
