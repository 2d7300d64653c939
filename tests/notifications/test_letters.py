"""Letters: windows that chain, one composition per filter and window, one mail per reader."""

from datetime import timedelta

from sqlmodel import col, func, select

from services.notifications import jobs
from services.notifications.commands import known
from services.notifications.models import Composition, Delivery, DigestWindow, Issue, IssueState, WindowOutcome
from services.notifications.queries import feed, letters
from services.notifications.rules.delivery import DeliveryState
from services.notifications.rules.filters import Rhythm
from shared.clock import now, shifted
from shared.contracts.base import Visibility
from shared.contracts.common import Heartbeat
from shared.contracts.notifications import EntryKind
from shared.ids import uuid7
from tests.support.notifications import (
    Instance,
    Sink,
    hear_entries,
    hear_news,
    make_entry,
    make_rule,
    record_of,
    run,
    subscribe,
    text_of,
    unsubscribe,
)


async def test_a_project_of_a_neighbour_ends_as_a_line_in_a_mailbox(instance: Instance, sink: Sink) -> None:
    await subscribe(instance, "alix@example.org")
    await hear_news(instance, epci=instance.neighbours[0], title="Friche fictive\u00a0: le projet est validé")
    rule = await make_rule(instance)

    issue = await run(instance, rule.id)
    await instance.send_mails()

    letter = sink.mails("alix@example.org")[-1]
    assert issue.audience == 1
    assert letter["subject"] == "Friche fictive\u00a0: le projet est validé"
    text = text_of(letter)
    html = text_of(letter, "html")
    assert "CHEZ VOS VOISINS" in text
    assert "Friche fictive" in text
    assert "Chez vos voisins" in html
    assert "Friche fictive" in html


async def test_running_a_rule_again_with_nothing_new_sends_nothing(instance: Instance, sink: Sink) -> None:
    await subscribe(instance, "alix@example.org")
    await hear_news(instance)
    rule = await make_rule(instance)
    await run(instance, rule.id)
    await instance.send_mails()
    before = len(sink.received)

    again = await run(instance, rule.id)
    await instance.send_mails()

    assert (again.state, again.audience) == (IssueState.EMPTY, 0)
    assert len(sink.received) == before


async def test_readers_of_one_filter_share_one_composition(instance: Instance) -> None:
    for name in ("alix", "dominique", "camille"):
        await subscribe(instance, f"{name}@example.org")
    await subscribe(instance, "sacha@example.org", kinds=[EntryKind.AGENDA])
    await hear_news(instance, 2)
    await hear_news(instance, kind=EntryKind.AGENDA)
    rule = await make_rule(instance)

    issue = await run(instance, rule.id)

    async with instance.database.reading() as session:
        composed = (await session.exec(select(Composition).where(Composition.issue_id == issue.id))).all()
        assert (len(composed), issue.audience) == (2, 4)


async def test_each_filter_gets_its_own_news(instance: Instance, sink: Sink) -> None:
    neighbour = instance.neighbours[0]
    await subscribe(instance, "alix@example.org", epci=[neighbour])
    await subscribe(instance, "camille@example.org", kinds=[EntryKind.AGENDA])
    await hear_news(instance, title="Ici")
    await hear_news(instance, epci=neighbour, title="À côté")
    rule = await make_rule(instance)

    issue = await run(instance, rule.id)
    await instance.send_mails()

    assert issue.audience == 1
    letter = text_of(sink.mails("alix@example.org")[-1])
    assert "À côté" in letter
    assert "Ici" not in letter
    async with instance.database.reading() as session:
        outcomes = (await session.exec(select(DigestWindow.outcome))).all()
    assert sorted(outcomes) == [WindowOutcome.EMPTY, WindowOutcome.MAILED]


async def test_what_is_shared_inside_the_territory_reaches_only_who_may_read_it(instance: Instance, sink: Sink) -> None:
    await subscribe(instance, "passante@example.org")
    await subscribe(instance, "coordination@example.org", scope=instance.coordinator)
    await hear_news(instance, visibility=Visibility.TERRITORY, title="Entre nous")
    rule = await make_rule(instance)

    issue = await run(instance, rule.id)
    await instance.send_mails()

    assert issue.audience == 1
    assert sink.recipients.count("passante@example.org") == 1  # the confirmation only
    assert sink.mails("coordination@example.org")[-1]["subject"] == "Entre nous"


async def test_below_the_minimum_news_wait_for_the_next_issue(instance: Instance) -> None:
    await subscribe(instance, "alix@example.org")
    rule = await make_rule(instance, minimum=2)
    await hear_news(instance, title="Première")
    assert (await run(instance, rule.id)).audience == 0

    await hear_news(instance, title="Seconde")
    issue = await run(instance, rule.id)

    async with instance.database.reading() as session:
        composed = (await session.exec(select(Composition).where(Composition.issue_id == issue.id))).one()
    assert "Première" in composed.text
    assert "Seconde" in composed.text


async def test_a_withdrawn_entry_drops_out_before_the_letter(instance: Instance) -> None:
    await subscribe(instance, "alix@example.org")
    [entry] = await hear_news(instance)
    gone = record_of(entry.model_copy(update={"version": 3}), fact="withdrawn")
    async with instance.database.transaction() as session:
        await known.keep_entries(session, instance.scope, [gone.__class__(**{**vars(gone), "state": None})])

    rule = await make_rule(instance)
    assert (await run(instance, rule.id)).audience == 0


async def test_news_that_grow_are_told_again_and_corrections_are_not(instance: Instance) -> None:
    await subscribe(instance, "alix@example.org")
    [entry] = await hear_news(instance)
    rule = await make_rule(instance)
    assert (await run(instance, rule.id)).audience == 1

    corrected = entry.model_copy(update={"version": 2, "title": "Titre corrigé"})
    await hear_entries(instance, [corrected])
    assert (await run(instance, rule.id)).audience == 0

    await hear_entries(instance, [corrected.model_copy(update={"version": 3, "news_rev": 2})])
    assert (await run(instance, rule.id)).audience == 1


async def test_old_and_republished_news_show_and_are_not_mailed(instance: Instance) -> None:
    await subscribe(instance, "alix@example.org")
    old = make_entry(instance.siren, published_at=now() - timedelta(days=8))
    await hear_entries(instance, [old])
    await hear_entries(instance, [make_entry(instance.siren)], republished=True)
    rule = await make_rule(instance)

    issue = await run(instance, rule.id)

    assert issue.audience == 0


async def test_f16_one_who_leaves_between_freezing_and_sending_gets_nothing(instance: Instance, sink: Sink) -> None:
    reader = await subscribe(instance, "alix@example.org")
    await instance.send_mails()
    await hear_news(instance)
    rule = await make_rule(instance)
    issue = await run(instance, rule.id)

    await unsubscribe(instance, reader)
    await instance.send_mails()

    assert sink.recipients.count("alix@example.org") == 1  # the confirmation only
    async with instance.database.reading() as session:
        described = await letters.get_issue(session, instance.scope, issue.id)
    assert described.deliveries == {DeliveryState.SKIPPED: 1}
    assert described.state == IssueState.SENT


async def test_a_rule_runs_by_itself_at_its_hour_and_once(instance: Instance, sink: Sink) -> None:
    await subscribe(instance, "alix@example.org", rhythm=Rhythm.DAILY)
    await make_rule(instance, hour=8)
    await hear_news(instance)

    with shifted(timedelta(days=1)):
        for _ in range(3):
            await jobs.run_due_rules(instance.work)
            for hours in (0, 6, 12, 18):
                with shifted(timedelta(hours=hours)):
                    await jobs.run_due_rules(instance.work)

    async with instance.database.reading() as session:
        audiences = (await session.exec(select(Issue.audience).where(Issue.rhythm == Rhythm.DAILY))).all()
    assert sum(audiences) == 1


async def test_immediate_letters_leave_at_once_then_in_bursts(instance: Instance) -> None:
    await subscribe(instance, "alix@example.org", rhythm=Rhythm.IMMEDIATE)
    await make_rule(instance)
    await hear_news(instance)
    await jobs.run_due_rules(instance.work)

    await hear_news(instance)
    await jobs.run_due_rules(instance.work)
    async with instance.database.reading() as session:
        at_once = (
            await session.exec(select(func.count()).select_from(Delivery).where(col(Delivery.issue_id).is_not(None)))
        ).one()
    with shifted(timedelta(minutes=11)):
        await jobs.run_due_rules(instance.work)
    async with instance.database.reading() as session:
        in_all = (
            await session.exec(select(func.count()).select_from(Delivery).where(col(Delivery.issue_id).is_not(None)))
        ).one()

    assert (at_once, in_all) == (1, 2)


async def test_who_was_last_heard_is_known_by_its_signs_of_life(instance: Instance) -> None:
    neighbour = instance.neighbours[0]
    beats = [
        Heartbeat(id=uuid7(), home_epci=neighbour, version=version, updated_at=now(), sender="projects")
        for version in (1, 2)
    ]
    async with instance.database.transaction() as session:
        old = record_of(beats[0], fact="beat", time=now() - timedelta(days=9))
        recent = record_of(beats[1], fact="beat", time=now() - timedelta(days=2))
        await known.keep_heartbeats(session, instance.scope, [old, recent])

    async with instance.database.reading() as session:
        heard = await feed.list_last_heard(session, instance.visitor)

    assert list(heard) == [neighbour]
    assert (now() - heard[neighbour]).days == 2
