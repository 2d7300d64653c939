"""Kafka: reached or not and why, topics, rights, copies; or the Java of a local node."""

import asyncio

from services.cli.checks.welcomes import welcome_at
from shared.contracts.base import Visibility
from shared.errors import Forbidden, Unavailable
from shared.findings import Finding
from shared.messaging.embedded.errors import JavaMissing
from shared.messaging.embedded.java import find_java
from shared.messaging.kafka import Welcome, knock
from shared.messaging.topology import Plan, Topology, topics_of
from shared.settings import InstanceSettings, KafkaAccess

PATIENCE_SECONDS = 15.0
SHOWN = 3


async def look(settings: InstanceSettings) -> list[Finding]:
    """Return what is found of each cluster."""
    if not settings.territory_bootstrap:
        return [await asyncio.to_thread(_java)]
    local = settings.local_access()
    wider = tuple(one for one in Visibility if one is not Visibility.PRIVATE or local is None)
    found = await _look(settings, settings.territory_access(), wider, which="KAFKA")
    if local is not None:
        found += await _look(settings, local, (Visibility.PRIVATE,), which="LOCAL")
    return found


def _java() -> Finding:
    try:
        java = find_java()
    except JavaMissing as missing:
        cause = "Aucune adresse de Kafka n’est donnée\u00a0: l’instance démarre son propre nœud, qui a besoin de Java."
        return Finding("Java", str(missing).splitlines()[0], cause, "make setup, ou ESTUAIRE_TERRITORY_BOOTSTRAP.")
    return Finding("Java", f"version {java.version}, pour le nœud Kafka de l’instance.")


async def _look(
    settings: InstanceSettings, access: KafkaAccess, reach: tuple[Visibility, ...], *, which: str
) -> list[Finding]:
    about = "Kafka du territoire" if which == "KAFKA" else "Kafka privé"
    welcome = await knock(access, patience=PATIENCE_SECONDS)
    found = [welcome_at(access.bootstrap, welcome, which=which, about=about)]
    if welcome is Welcome.ANSWERS:
        found += await asyncio.to_thread(_topics, settings.siren, access, reach, about)
    return found


def _topics(siren: str, access: KafkaAccess, reach: tuple[Visibility, ...], about: str) -> list[Finding]:
    cluster = Topology(access, reach=reach, patience=PATIENCE_SECONDS)
    names = [topic.name for topic in topics_of(siren) if topic.visibility in reach]
    try:
        plan = cluster.plan([siren])
        there = [name for name in names if name not in {topic.name for topic in plan.missing}]
        lacking = [name for name, may in cluster.allowed(there).items() if not {"read", "write"} <= may]
        late = cluster.lagging(there)
    except (Unavailable, Forbidden) as refused:
        return [
            Finding(about, refused.detail, "Le cluster est surchargé, ou nous refuse.", "Relancer dans un instant.")
        ]
    return [_plan(plan, about), _rights(lacking, about), _copies(late, about)]


def _plan(plan: Plan, about: str) -> Finding:
    if plan.missing:
        names = _some([topic.name for topic in plan.missing])
        cause = "Ils n’ont jamais été créés, ou nous n’avons aucun droit sur eux."
        remedy = (
            "L’opérateur du cluster lance estuaire topology apply\u202f; sans opérateur, l’instance les crée seule."
        )
        return Finding(f"{about}, sujets", f"{len(plan.missing)} sujets manquent\u00a0: {names}.", cause, remedy)
    if plan.different:
        cause = "Ils ont été créés ou changés autrement que prévu."
        remedy = "L’opérateur du cluster compare avec estuaire topology plan, puis apply --align."
        words = f"{len(plan.different)} sujets ont d’autres réglages\u00a0: {_some(list(plan.different))}."
        return Finding(f"{about}, sujets", words, cause, remedy)
    unread = f" (réglages de {len(plan.unread)} invisibles pour nous)" if plan.unread else ""
    return Finding(f"{about}, sujets", f"tous là{unread}.")


def _rights(lacking: list[str], about: str) -> Finding:
    if not lacking:
        return Finding(f"{about}, droits", "nous lisons et écrivons nos sujets.")
    return Finding(
        f"{about}, droits",
        f"nous ne pouvons pas lire et écrire {len(lacking)} de nos sujets\u00a0: {_some(lacking)}.",
        "Un droit manque ou a été retiré, ou l’utilisateur est celui d’un autre EPCI.",
        "Vérifier l’utilisateur, puis demander à l’opérateur du cluster estuaire topology plan. Rien n’est perdu.",
    )


def _copies(late: list[str], about: str) -> Finding:
    if not late:
        return Finding(f"{about}, copies", "toutes à jour.")
    return Finding(
        f"{about}, copies",
        f"une copie de {len(late)} sujets est en retard ou perdue\u00a0: {_some(late)}.",
        "Un nœud du cluster est arrêté ou surchargé.",
        "Prévenir l’opérateur du cluster\u00a0: si un second nœud s’arrête, plus rien ne s’écrit.",
    )


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" et {more} autres" if more > 0 else "")
