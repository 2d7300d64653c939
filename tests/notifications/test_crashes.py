"""A process that dies at each crash point of the mail engine: nothing lost, nothing sent twice unknowingly."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta

import pytest
import yaml
from sqlmodel import select

from services.notifications.commands import orders
from services.notifications.models import Delivery, Issue
from services.notifications.rules.delivery import DeliveryState
from services.notifications.rules.filters import Rhythm
from shared.clock import now, shifted
from shared.contracts.events import MailOrder
from shared.ids import uuid7
from tests.support import forks
from tests.support.instances import crashing
from tests.support.notifications import Instance, Sink, hear_news, make_rule, record_of, subscribe
from tests.support.notifications_child import main

TO = "maud@example.org"


async def crash_at(instance: Instance, point: str) -> int:
    """Run the jobs in a process that ends at ``point``; return its exit code."""
    folder, port = instance.work.settings.data_dir, instance.work.settings.smtp_port
    territory = yaml.safe_dump(instance.territory.model_dump(mode="json"))
    (folder / "territory.yaml").write_text(territory, encoding="utf-8")
    url = instance.database.url.render_as_string(hide_password=False)
    env = os.environ | crashing(f"{point}:1")
    child = await asyncio.to_thread(forks.run, main, str(folder), instance.siren, str(port), url, env=env)
    return child.returncode


async def rows(instance: Instance) -> Sequence[Delivery]:
    async with instance.database.reading() as session:
        return (await session.exec(select(Delivery))).all()


async def order(instance: Instance) -> None:
    asked = MailOrder(
        id=uuid7(), home_epci=instance.siren, version=1, updated_at=now(), recipient=TO, subject="Votre place"
    )
    async with instance.database.transaction() as session:
        await orders.take_order(session, instance.scope, record_of(asked, fact="ordered"))


POINTS = [
    ("mail.after_lease", DeliveryState.LEASED, 0, 1),
    ("mail.before_data", DeliveryState.SENDING, 0, 1),
    # The mail had arrived and nobody knew: a service mail is sent once more, under the same name.
    ("mail.after_250", DeliveryState.SENDING, 1, 2),
]


@pytest.mark.parametrize(("point", "left", "taken", "in_the_end"), POINTS)
async def test_f15_a_service_mail_survives_the_death_of_its_sender(
    instance: Instance, sink: Sink, point: str, left: DeliveryState, taken: int, in_the_end: int
) -> None:
    await order(instance)

    assert await crash_at(instance, point) == 137
    [row] = await rows(instance)
    assert (row.state, len(sink.received)) == (left, taken)

    with shifted(timedelta(seconds=31)):
        await instance.send_mails()
        with shifted(timedelta(minutes=16)):
            await instance.send_mails()

    [row] = await rows(instance)
    assert row.state is DeliveryState.ACCEPTED
    assert len(sink.received) == in_the_end
    assert len({mail["message-id"] for mail in sink.mails(TO)}) == 1


async def test_an_issue_frozen_before_the_death_is_sent_once_and_not_frozen_again(
    instance: Instance, sink: Sink
) -> None:
    await subscribe(instance, TO, rhythm=Rhythm.IMMEDIATE)
    await instance.send_mails()
    await hear_news(instance)
    await make_rule(instance)

    assert await crash_at(instance, "issue.after_freeze") == 137
    assert await crash_at(instance, "issue.after_freeze") == 0
    await instance.send_mails()

    assert len(sink.mails(TO)) == 2
    async with instance.database.reading() as session:
        [issue] = (await session.exec(select(Issue))).all()
    assert issue.audience == 1
