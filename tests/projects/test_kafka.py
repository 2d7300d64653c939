"""Two EPCI over a real Kafka: what is shown less far is gone, and an absence of ten days loses no answer."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from sqlmodel import select

from services.notifications.consumers import consumers as news_consumers
from services.notifications.models import TABLES as NEWS_TABLES
from services.notifications.models import Delivery as Mail
from services.notifications.models import FeedLog
from services.projects.commands import fiche, sharing
from services.projects.consumers import consumers
from services.projects.jobs import confirm_withdrawals, reconcile_participations
from services.projects.models import TABLES, OutboxMessage
from services.projects.queries.participations import find_known_project
from services.projects.queries.projects import get_project
from services.projects.schemas.requests import InvitationIn, ParticipationIn
from shared.clock import now, shifted
from shared.contracts.base import State, Visibility
from shared.contracts.notifications import EntryKind, FeedEntry
from shared.contracts.projects import Participation, Project
from shared.db.engine import Database
from shared.db.leading import Leadership
from shared.db.migrate import upgrade
from shared.db.session import Origin
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.jobs import Work
from shared.messaging.delivery import Delivery, group_of
from shared.messaging.inbox import MessageTables
from shared.messaging.kafka import DeadLetters, Publisher, Subscribers, Subscription
from shared.messaging.registry import Consumers, Heard, dead_letter_topic, topic_of
from shared.messaging.relay import Relay
from shared.messaging.topology import Topology
from shared.settings import InstanceSettings, KafkaAccess
from shared.signing import Signer
from shared.territory.members import Territory
from tests.support.peer import handled, send, written
from tests.support.projects import Epci, make_project, people
from tests.support.topics import dump
from tests.support.waiting import doing, eventually

TEN_DAYS = timedelta(days=10)


async def publish(epci: Epci, bootstrap: str) -> None:
    """Publish everything that waits at an EPCI."""
    async with Leadership(epci.database) as leader:
        relay = Relay(
            epci.database, OutboxMessage, Publisher(KafkaAccess(bootstrap), client_id=epci.siren), leader=leader
        )
        await leader.led(unless=asyncio.Event())
        while await relay.publish_window():
            pass
        relay.ask_to_stop()
        await relay.run()


async def listen(
    epci: Epci, heard: Sequence[type[State]], bootstrap: str, territory: Territory, *, tables: MessageTables = TABLES
) -> None:
    """Let a service of an EPCI hear what is in the topics of the territory, to their ends."""
    service = _consumers(tables)
    topic = str(dead_letter_topic(service.service, epci=epci.siren))
    letters = DeadLetters(KafkaAccess(bootstrap), topic=topic, software="test")
    delivery = Delivery(epci.siren, epci.database, tables, service, territory.sirens, letters.bury)
    pattern = Heard(frozenset(one.aggregate for one in heard)).pattern(own=epci.siren, members=territory.sirens) or ""
    kinds = {"projector": delivery.project, "reactor": delivery.react}
    groups = {kind: group_of(epci.siren, service.service, kind) for kind in kinds}
    listened = [Subscription(groups[kind], pattern, handle, delivery.care) for kind, handle in kinds.items()]

    async def at_the_ends() -> bool:
        for one in heard:
            for siren in territory.sirens:
                name = str(topic_of(one, visibility=Visibility.TERRITORY, epci=siren))
                found = await dump(bootstrap, name)
                end = found[-1].offset + 1 if found else 0
                if await handled(bootstrap, name, groups=list(groups.values())) != [end, end]:
                    return False
        return True

    async with doing(Subscribers(KafkaAccess(bootstrap), epci.siren, listened).run()):
        await eventually(at_the_ends, within=40)
    await letters.close()
    assert await dump(bootstrap, topic) == []


def _consumers(tables: MessageTables) -> Consumers:
    return consumers if tables is TABLES else news_consumers


def work_of(epci: Epci, territory: Territory) -> Work:
    settings = cast(InstanceSettings, SimpleNamespace(siren=epci.siren))
    return Work(epci.database, settings, territory, Signer("x"))


async def show(epci: Epci, scope: Scope, project_id: UUID, visibility: str) -> None:
    async with epci.database.transaction() as session:
        project = await get_project(session, scope, project_id)
        wanted = Visibility(visibility)
        await fiche.show_project(session, scope, project_id, visibility=wanted, version=project.version)


async def withdrawing(epci: Epci, scope: Scope, project_id: UUID) -> bool:
    async with epci.database.reading() as session:
        return (await get_project(session, scope, project_id)).withdrawing


async def last_of(epci: Epci, bootstrap: str, visibility: Visibility) -> bytes | None:
    found = await dump(bootstrap, str(topic_of(Project, visibility=visibility, epci=epci.siren)))
    value: bytes | None = found[-1].value
    return value


async def test_invariant_12_narrowing_leaves_no_live_record_in_the_wider_topic(
    home: Epci, territory: Territory, coordinator: Scope, bootstrap: str, topics: Topology
) -> None:
    async with home.database.transaction() as session:
        project_id = (await make_project(session, coordinator, territory, visibility="public")).id
    await publish(home, bootstrap)
    work = work_of(home, territory)

    await show(home, coordinator, project_id, "territory")
    await confirm_withdrawals(work)
    assert await withdrawing(home, coordinator, project_id), "not before Kafka has confirmed it"
    await publish(home, bootstrap)
    await confirm_withdrawals(work)

    assert not await withdrawing(home, coordinator, project_id)
    assert await last_of(home, bootstrap, Visibility.PUBLIC) is None
    kept = json.loads(await last_of(home, bootstrap, Visibility.TERRITORY) or b"")
    assert (kept["visibility"], kept["changed"]) == ("territory", ["visibility"])

    await show(home, coordinator, project_id, "private")
    await publish(home, bootstrap)
    await confirm_withdrawals(work)
    assert await last_of(home, bootstrap, Visibility.TERRITORY) is None
    assert not await withdrawing(home, coordinator, project_id)


async def test_invariant_12_a_later_widening_passes_the_deletion_markers_of_readers(
    home: Epci, partner: Epci, territory: Territory, coordinator: Scope, bootstrap: str, topics: Topology
) -> None:
    async with home.database.transaction() as session:
        project_id = (await make_project(session, coordinator, territory, title="De retour")).id
    seen = []
    for visibility in ("territory", "private", "public"):
        await show(home, coordinator, project_id, visibility)
        await publish(home, bootstrap)
        await listen(partner, [Project], bootstrap, territory)
        async with partner.database.reading() as session:
            known = await find_known_project(
                session, people(partner.siren), owner_siren=home.siren, project_id=project_id
            )
        seen.append(known is not None and json.loads(known.state)["title"])

    assert seen == ["De retour", False, "De retour"]


async def test_invariant_23_an_absence_of_ten_days_ends_with_the_answer_and_no_old_mail(
    home: Epci, partner: Epci, territory: Territory, tmp_path: Path, bootstrap: str, topics: Topology
) -> None:
    scope, other = people(home.siren), people(partner.siren)
    with shifted(-TEN_DAYS - timedelta(hours=1)):
        async with home.database.transaction() as session:
            project_id = (await make_project(session, scope, territory)).id
            wanted = InvitationIn.model_validate({"siren": partner.siren})
            await sharing.invite_epci(session, scope, project_id, wanted, territory=territory)
        await publish(home, bootstrap)
    with shifted(-TEN_DAYS):
        await listen(partner, [Project], bootstrap, territory)
        body = {"owner_siren": home.siren, "project_id": project_id, "answer": "accepted"}
        async with partner.database.transaction() as session:
            await sharing.answer_project(session, other, ParticipationIn.model_validate(body))
        await publish(partner, bootstrap)
        entry = _entry(partner.siren)
        await send(
            bootstrap, str(topic_of(FeedEntry, visibility=Visibility.TERRITORY, epci=partner.siren)), [written(entry)]
        )

    await listen(home, [Project, Participation], bootstrap, territory)
    before = await _statuses(home, scope, project_id)
    await reconcile_participations(work_of(home, territory))
    news = await _news(home, territory, tmp_path)
    await listen(news, [FeedEntry], bootstrap, territory, tables=NEWS_TABLES)

    assert before == {partner.siren: "invited"}, "the reaction is too late; the job is not"
    assert await _statuses(home, scope, project_id) == {partner.siren: "accepted"}
    async with news.database.reading() as session:
        assert [row.mailable for row in (await session.exec(select(FeedLog))).all()] == [False]
        assert (await session.exec(select(Mail))).all() == []
    await news.database.close()


async def _statuses(epci: Epci, scope: Scope, project_id: UUID) -> dict[str, str]:
    async with epci.database.reading() as session:
        project = await get_project(session, scope, project_id)
        return {one.siren: one.status.value for one in project.participants}


def _entry(siren: str) -> FeedEntry:
    return FeedEntry(
        id=uuid7(),
        home_epci=siren,
        version=1,
        updated_at=now(),
        kind=EntryKind.PROJECT,
        title="Une nouvelle d’il y a dix jours",
        published_at=now(),
    )


async def _news(epci: Epci, territory: Territory, folder: Path) -> Epci:
    origin = Origin(epci.siren, "notifications", uuid7(), "http://127.0.0.1:1", territory.member(epci.siren).name)
    database = Database(f"sqlite+aiosqlite:///{folder / 'news.sqlite'}", origin)
    await upgrade(database, package="services.notifications")
    return Epci(epci.siren, database)
