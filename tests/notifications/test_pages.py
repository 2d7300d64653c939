"""The pages for readers: the form of the letter, and what the links of mails show before and after a button."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from services.notifications.commands import subscriptions
from services.notifications.models import Subscription, SubscriptionState
from services.notifications.rules.filters import Rhythm, read_filter
from shared.clock import shifted
from tests.notifications.doors import Doors, link_in
from tests.support.notifications import Instance, Sink, subscribe, text_of

WHO, FORM = "alix@example.org", "/lettres/abonnement"
PATHS = {
    subscriptions.CONFIRM: subscriptions.CONFIRM_PATH,
    subscriptions.MANAGE: subscriptions.MANAGE_PATH,
    subscriptions.UNSUBSCRIBE: subscriptions.UNSUBSCRIBE_PATH,
}


async def rows(instance: Instance) -> Sequence[Subscription]:
    async with instance.database.reading() as session:
        return (await session.exec(select(Subscription).order_by(col(Subscription.id)))).all()


def path_of(instance: Instance, purpose: str, subject: str) -> str:
    """Return the path of a link as a mail would carry it."""
    return PATHS[purpose].replace("{token}", instance.house.signer.token(purpose, subject))


async def test_the_public_page_leads_to_the_form(doors: Doors) -> None:
    home = await doors.open("/")

    assert f'href="{FORM}"' in home.text
    assert (await doors.open(FORM)).status_code == 200


async def test_the_form_offers_every_epci_and_decides_nothing_but_the_rhythm(doors: Doors, instance: Instance) -> None:
    page = (await doors.open(FORM)).text

    for member in instance.territory:
        assert f'value="{member.siren}">' in page
    assert page.count(" checked") == 1
    assert 'value="weekly" checked' in page


async def test_the_form_does_what_the_api_does(doors: Doors, instance: Instance, sink: Sink) -> None:
    neighbours = instance.neighbours
    fields = {"email": " Alix@Example.org", "rhythm": "daily", "epci": neighbours, "kinds": ["project", "agenda"]}

    sent = await doors.press(FORM, fields)
    await instance.send_mails()
    await doors.press(link_in(sink, WHO, "/lettres/confirmation"))

    assert (sent.status_code, "Consultez votre messagerie" in sent.text) == (200, True)
    [reader] = await rows(instance)
    wanted = read_filter(reader.filter)
    assert (reader.state, reader.rhythm) == (SubscriptionState.ACTIVE, Rhythm.DAILY)
    assert (wanted.epci, wanted.kinds) == (tuple(sorted(neighbours)), ("agenda", "project"))


async def test_a_refused_form_says_why_beside_the_field_and_keeps_what_was_typed(
    doors: Doors, instance: Instance
) -> None:
    neighbour = instance.neighbours[0]
    fields = {"email": "alix chez example", "rhythm": "monthly", "epci": [neighbour], "kinds": ["agenda"]}

    refused = await doors.press(FORM, fields)

    assert refused.status_code == 422
    assert '<a href="#email">Cette adresse électronique n’est pas valide.' in refused.text
    assert 'id="email-erreur"' in refused.text
    for kept in ('value="alix chez example"', 'value="monthly" checked', f'"{neighbour}" checked', '"agenda" checked'):
        assert kept in refused.text
    assert await rows(instance) == []


FORGED = [
    ("epci", {"epci": ["123456789"]}),
    ("epci", {"epci": ["200023414"]}),
    ("epci", {"epci": ["pas un siren"] * 101}),
    ("kinds", {"kinds": ["agenda", "tout"]}),
    ("rhythm", {"rhythm": "yearly"}),
    ("rhythm", {"rhythm": ""}),
]


@pytest.mark.parametrize(("field", "forged"), FORGED)
async def test_a_forged_choice_is_told_by_its_field(
    doors: Doors, instance: Instance, field: str, forged: dict[str, object]
) -> None:
    refused = await doors.press(FORM, {"email": WHO, "rhythm": "weekly"} | forged)

    assert (refused.status_code, f'id="{field}-erreur"' in refused.text) == (422, True)
    assert await rows(instance) == []


async def test_an_error_of_ours_is_not_blamed_on_who_typed(doors: Doors, instance: Instance) -> None:
    own = instance.house.own.model_copy(update={"name": "N" * 290})  # too long for the subject of a mail
    doors.app.state.territory = instance.territory.model_copy(
        update={"members": (own, *instance.territory.members[1:])}
    )

    with pytest.raises(ValidationError, match="MailOrder"):
        await doors.press(FORM, {"email": WHO, "rhythm": "weekly"})

    assert await rows(instance) == []


async def test_the_page_after_the_form_never_tells_whether_an_address_is_known(
    doors: Doors, instance: Instance
) -> None:
    await subscribe(instance, WHO)

    known = await doors.press(FORM, {"email": WHO, "rhythm": "weekly"})
    unknown = await doors.press(FORM, {"email": "autre@example.org", "rhythm": "weekly"})

    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


async def test_a_flood_of_forms_is_stopped(doors: Doors) -> None:
    sent = [
        (await doors.press(FORM, {"email": f"a{number}@example.org", "rhythm": "weekly"})).status_code
        for number in range(12)
    ]

    assert sent == [200] * 10 + [429] * 2


async def test_mail_and_page_tell_the_whole_choice_before_it_is_confirmed(
    doors: Doors, instance: Instance, sink: Sink
) -> None:
    chosen = {"email": WHO, "rhythm": "daily", "epci": [instance.siren], "kinds": ["project", "funding"]}
    words = "chaque jour\u00a0: les financements et les projets d’EPCI d’essai 0"

    await doors.press(FORM, chosen)
    await instance.send_mails()
    shown = await doors.open(link_in(sink, WHO, "/lettres/confirmation"))

    assert words in text_of(sink.mails(WHO)[-1])
    assert f"En confirmant, vous demandez à recevoir la lettre d’EPCI d’essai 0, {words}." in shown.text


async def test_form_answer_and_mail_say_that_the_button_starts_the_subscription(
    doors: Doors, instance: Instance, sink: Sink
) -> None:
    words = "L’abonnement commence quand vous appuyez sur «\u00a0Confirmer mon abonnement\u00a0», dans la page du lien."

    form = await doors.open(FORM)
    sent = await doors.press(FORM, {"email": WHO, "rhythm": "weekly"})
    await instance.send_mails()
    await doors.open(link_in(sink, WHO, "/lettres/confirmation"))

    assert words in form.text
    assert f"suivez le lien du message déjà reçu, ou revenez demain. {words}" in sent.text
    assert words in text_of(sink.mails(WHO)[-1])
    assert [reader.state for reader in await rows(instance)] == [SubscriptionState.PENDING]


async def test_every_epci_ticked_is_a_valid_form(doors: Doors, instance: Instance, sink: Sink) -> None:
    chosen = [member.siren for member in instance.territory]

    await doors.press(FORM, {"email": WHO, "rhythm": "weekly", "epci": chosen})
    await instance.send_mails()

    assert "toutes les actualités du territoire." in text_of(sink.mails(WHO)[-1])


async def test_a_link_whose_request_was_replaced_sends_to_the_newer_mail(
    doors: Doors, instance: Instance, sink: Sink
) -> None:
    await doors.press(FORM, {"email": WHO, "rhythm": "weekly"})
    await instance.send_mails()
    with shifted(timedelta(hours=25)):
        await doors.press(FORM, {"email": WHO, "rhythm": "daily"})
        await instance.send_mails()
        first, second = (link_in(sink, WHO, "/lettres/confirmation", mail=number) for number in (0, 1))
        answers = [await doors.open(first), await doors.press(first)]
        confirmed = await doors.press(second)

    assert [answer.status_code for answer in answers] == [410, 410]
    assert all("Suivez le lien du message le plus récent" in answer.text for answer in answers)
    assert "chaque jour" in confirmed.text


async def test_a_look_says_what_the_button_will_do_and_the_button_what_was_done(
    doors: Doors, instance: Instance
) -> None:
    reader = await subscribe(instance, WHO)
    leave = path_of(instance, subscriptions.UNSUBSCRIBE, str(reader.id))

    shown = await doors.open(leave)
    left = await doors.press(leave)

    assert "Ce bouton met fin à votre abonnement" in shown.text
    assert "plus envoyée" not in shown.text
    assert "ne vous est plus envoyée et votre adresse est effacée" in left.text


async def test_the_link_of_who_left_says_so_and_offers_to_come_back(doors: Doors, instance: Instance) -> None:
    reader = await subscribe(instance, WHO)
    leave = path_of(instance, subscriptions.UNSUBSCRIBE, str(reader.id))
    await doors.press(leave)

    again = await doors.open(leave)

    assert again.status_code == 200
    assert "Votre abonnement a pris fin" in again.text
    assert f'href="{FORM}"' in again.text
    assert "<form" not in again.text


async def test_a_reader_chooses_another_rhythm(doors: Doors, instance: Instance) -> None:
    reader = await subscribe(instance, WHO)
    preferences = path_of(instance, subscriptions.MANAGE, str(reader.id))

    shown = await doors.open(preferences)
    changed = await doors.press(preferences, {"rhythm": "monthly"})

    assert "<h1>Choisir le rythme de la lettre</h1>" in shown.text
    assert "chaque semaine" in shown.text
    assert "chaque mois" in changed.text
    for page in (shown, changed):
        assert "/lettres/desabonnement/" in page.text
        assert "Pour d’autres EPCI ou d’autres sujets, remplissez de nouveau le formulaire" in page.text
        assert f'href="{FORM}"' in page.text


def malformed(instance: Instance, purpose: str, subject: str) -> list[str]:
    """Return tokens that are no link of this purpose: cut, changed, of another purpose, strange, too long, none."""
    token = instance.house.signer.token(purpose, subject)
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    others = [
        instance.house.signer.token(other, subject) for other in (*PATHS, "registration.manage") if other != purpose
    ]
    strange = ["x", "..", "%00", "%F0%9F%98%80", "%FF", "a%20b", "é", "x" * 5_000, ""]
    return [token[:-2], token[:5], changed, f"{token}x", *others, *strange]


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_malformed_link_is_a_french_page_that_is_not_found(
    doors: Doors, instance: Instance, purpose: str
) -> None:
    reader = await subscribe(instance, WHO)
    subject = subscriptions.request_of(reader) if purpose == subscriptions.CONFIRM else str(reader.id)
    doors.lift_limits()

    for bad in malformed(instance, purpose, subject):
        path = PATHS[purpose].replace("{token}", bad)
        for answer in (await doors.open(path), await doors.press(path)):
            assert answer.status_code == 404, path
            assert answer.headers["content-type"].startswith("text/html"), path
            assert "Page introuvable" in answer.text
    [untouched] = await rows(instance)
    assert untouched.state is SubscriptionState.ACTIVE


@pytest.mark.parametrize("subject", ["", "1", "0199c0de-0000-7000-8000-000000000000", "pas.un.numéro"])
@pytest.mark.parametrize("purpose", PATHS)
async def test_a_link_of_ours_to_nothing_is_not_found(
    doors: Doors, instance: Instance, purpose: str, subject: str
) -> None:
    path = path_of(instance, purpose, subject)

    for answer in (await doors.open(path), await doors.press(path, {"rhythm": "weekly"})):
        assert (answer.status_code, "Page introuvable" in answer.text) == (404, True)
