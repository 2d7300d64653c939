"""HTML doors: the form of the letter, the pages behind the links of mails (GET shows, POST acts), the public feed."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from services.notifications.commands import subscriptions
from services.notifications.errors import UnknownEpci
from services.notifications.queries import feed, syndication
from services.notifications.rules.choices import KIND_LABELS, OFFERED_KINDS, choice_in_words
from services.notifications.rules.filters import RHYTHM_LABELS, Rhythm, read_filter
from services.notifications.rules.house import House, house_of
from services.notifications.schemas import SubscriptionAsked, SubscriptionIn
from shared.contracts.events import AgendaEvent
from shared.contracts.notifications import FeedEntry
from shared.fields import Id, Siren
from shared.http.bodies import SentForm
from shared.http.guards import Router, Who
from shared.http.links import SignedLink, signed_for
from shared.http.refusals import field_of
from shared.http.session import Reading, Transaction
from shared.identity.access import Right, visitor_scope
from shared.mistakes import sentence
from shared.web.formats import de
from shared.web.shell import Button, LinkForm
from shared.web.templates import render

router = Router(include_in_schema=False)
LINK_PAGE = "shared/link_page.html"
_EMPTY_FORM: Mapping[str, str | list[str]] = {"email": "", "rhythm": Rhythm.WEEKLY, "epci": [], "kinds": []}


ConfirmLink = Annotated[SignedLink, Depends(signed_for(subscriptions.CONFIRM))]
ManageLink = Annotated[SignedLink, Depends(signed_for(subscriptions.MANAGE))]
UnsubscribeLink = Annotated[SignedLink, Depends(signed_for(subscriptions.UNSUBSCRIBE))]


@router.read("/actualites.atom", right=Right.PUBLIC)
async def get_atom(request: Request, session: Reading, who: Who) -> Response:
    """Give the public feed as Atom, or nothing when the reader has it already."""
    return _unless_known(request, await syndication.write_atom(session, who, house=_house(request)))


@router.read("/actualites.json", right=Right.PUBLIC)
async def get_json_feed(request: Request, session: Reading, who: Who) -> Response:
    """Give the same as JSON Feed."""
    return _unless_known(request, await syndication.write_json_feed(session, who, house=_house(request)))


@router.read("/actualites/{entry_id:uuid}", right=Right.PUBLIC)
async def show_entry(
    request: Request, entry_id: Id, session: Reading, who: Who, epci: Annotated[Siren | None, Query()] = None
) -> HTMLResponse:
    """Show one piece of public news, whoever asks; letters and feeds lead here, to news of this EPCI."""
    house = _house(request)
    row = await feed.get_entry(session, visitor_scope(house.own.siren), entry_id, epci=epci)
    source = FeedEntry.model_validate_json(row.state).source
    is_own_event = row.home_epci == house.own.siren and source is not None and source.type == AgendaEvent.aggregate
    registration = f"/agenda/{source.id}/inscription" if is_own_event and source else ""
    context = {"entry": feed.item_of(row, news_rev=1), "registration": registration}
    return render(request, "notifications/entry.html", context)


@router.read("/lettres/abonnement", right=Right.PUBLIC)
async def show_form(request: Request) -> HTMLResponse:
    """Show the form of the letter."""
    return _form_page(request)


@router.act("/lettres/abonnement", right=Right.PUBLIC)
async def send_form(request: Request, given: SentForm, session: Transaction, who: Who) -> HTMLResponse:
    """Mail the link that starts a subscription; the page never tells whether the address is known."""
    typed: dict[str, str | list[str]] = {name: str(given.get(name, "")) for name in ("email", "rhythm")}
    chosen = {name: [str(value) for value in given.getlist(name)] for name in ("epci", "kinds")}
    try:
        asked = SubscriptionIn.model_validate({**typed, "filter": chosen})
    except ValidationError as refused:
        return _form_page(request, typed={**typed, **chosen}, errors=_errors(refused))
    try:
        await subscriptions.ask_subscription(session, who, asked, house=_house(request))
    except UnknownEpci as refused:
        return _form_page(request, typed={**typed, **chosen}, errors={"epci": refused.detail})
    return _page(request, "Consultez votre messagerie", SubscriptionAsked().message)


@router.read("/lettres/confirmation/{token}", right=Right.LINK)
async def show_confirmation(request: Request, link: ConfirmLink, session: Reading, who: Who) -> HTMLResponse:
    """Show what is about to be confirmed."""
    house = _house(request)
    reader = await subscriptions.open_request(session, who, token=link.token, house=house)
    if reader.asked_rhythm is None or reader.asked_filter is None:
        return _confirmed(request, _letter(house, reader.rhythm, reader.filter))
    form = LinkForm(action=request.url.path, buttons=[Button("Confirmer mon abonnement")])
    letter = _letter(house, reader.asked_rhythm, reader.asked_filter)
    return _page(request, "Confirmer votre abonnement", f"En confirmant, vous demandez à recevoir {letter}.", form=form)


@router.act("/lettres/confirmation/{token}", right=Right.LINK)
async def confirm(request: Request, link: ConfirmLink, session: Transaction, who: Who) -> HTMLResponse:
    """Start the subscription; again, and the answer is the same."""
    house = _house(request)
    reader = await subscriptions.confirm_subscription(session, who, token=link.token, house=house)
    return _confirmed(request, _letter(house, reader.rhythm, reader.filter))


@router.read("/lettres/preferences/{token}", right=Right.LINK)
async def show_preferences(request: Request, link: ManageLink, session: Reading, who: Who) -> HTMLResponse:
    """Show the rhythm of a subscription and the others there are."""
    house = _house(request)
    reader = await subscriptions.open_preferences(session, who, token=link.token, house=house)
    return _preferences(request, str(reader.id), reader.rhythm, letter=_letter(house, reader.rhythm, reader.filter))


@router.act("/lettres/preferences/{token}", right=Right.LINK)
async def change_preferences(
    request: Request, link: ManageLink, session: Transaction, who: Who, rhythm: Annotated[Rhythm, Form()]
) -> HTMLResponse:
    """Change the rhythm of a subscription."""
    house = _house(request)
    reader = await subscriptions.change_rhythm(session, who, token=link.token, rhythm=rhythm, house=house)
    return _preferences(request, str(reader.id), reader.rhythm, letter=_letter(house, reader.rhythm, reader.filter))


@router.read("/lettres/desabonnement/{token}", right=Right.LINK)
async def show_unsubscribe(request: Request, link: UnsubscribeLink, session: Reading, who: Who) -> HTMLResponse:
    """Show the button, or that it was pressed already; a mail scanner that follows the link unsubscribes nobody."""
    house = _house(request)
    reader = await subscriptions.open_end(session, who, token=link.token, house=house)
    if reader.ended_at is not None:
        return _left(request, house)
    form = LinkForm(action=request.url.path, buttons=[Button("Me désabonner")])
    sentence = (
        f"Ce bouton met fin à votre abonnement à la lettre {de(house.own.name)} et efface votre adresse. Les messages "
        "de vos inscriptions continuent."
    )
    return _page(request, "Se désabonner", sentence, form=form)


@router.act("/lettres/desabonnement/{token}", right=Right.LINK, limit="unsubscribe")
async def unsubscribe(request: Request, link: UnsubscribeLink, session: Transaction, who: Who) -> HTMLResponse:
    """End the subscription in one click (RFC 8058): no cookie, no question, the same answer each time."""
    house = _house(request)
    await subscriptions.unsubscribe(session, who, token=link.token, channel="one_click", house=house)
    return _left(request, house)


def _unless_known(request: Request, written: syndication.Syndicated) -> Response:
    headers = {"etag": written.etag, "cache-control": "public, max-age=60"}
    if written.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(written.body, media_type=written.media_type, headers=headers)


def _house(request: Request) -> House:
    return house_of(request.app.state)


def _letter(house: House, rhythm: Rhythm, written: str) -> str:
    """Return a letter in words: whose it is, how often it comes, what it tells."""
    return f"la lettre {de(house.own.name)}, {choice_in_words(rhythm, read_filter(written), territory=house.territory)}"


def _form_page(
    request: Request,
    *,
    typed: Mapping[str, str | list[str]] = _EMPTY_FORM,
    errors: Mapping[str, str] | None = None,
) -> HTMLResponse:
    house = _house(request)
    context = {
        "typed": typed,
        "errors": errors or {},
        "letter": f"la lettre {de(house.own.name)}",
        "members": [(member.siren, member.name) for member in house.territory],
        "rhythms": [(rhythm.value, label.capitalize()) for rhythm, label in RHYTHM_LABELS.items()],
        "kinds": [(kind.value, KIND_LABELS[kind].capitalize()) for kind in OFFERED_KINDS],
    }
    return render(request, "notifications/subscription.html", context, status=422 if errors else 200)


def _errors(refused: ValidationError) -> dict[str, str]:
    """Return one sentence per field of the form: that of a wrong value in a list stands by the list."""
    found = {field_of(one["loc"]): sentence(one) for one in refused.errors()}
    return {name.removeprefix("filter.").partition(".")[0]: said for name, said in found.items()}


def _confirmed(request: Request, letter: str) -> HTMLResponse:
    return _page(request, "Votre abonnement est confirmé", f"Vous recevez {letter}.")


def _left(request: Request, house: House) -> HTMLResponse:
    sentence = (
        f"La lettre {de(house.own.name)} ne vous est plus envoyée et votre adresse est effacée. Les messages de vos "
        "inscriptions continuent."
    )
    return _page(request, "Votre abonnement a pris fin", sentence, template="notifications/left.html")


def _preferences(request: Request, reader_id: str, rhythm: Rhythm, *, letter: str) -> HTMLResponse:
    others = [
        Button(f"La recevoir {label}", kind="secondary", name="rhythm", value=one.value)
        for one, label in RHYTHM_LABELS.items()
        if one is not rhythm
    ]
    stop = _house(request).link(subscriptions.UNSUBSCRIBE, reader_id, subscriptions.UNSUBSCRIBE_PATH)
    context = {
        "title": "Choisir le rythme de la lettre",
        "sentence": f"Vous recevez {letter}.",
        "form": LinkForm(action=request.url.path, buttons=others),
        "notice": None,
        "unsubscribe": stop,
    }
    return render(request, "notifications/preferences.html", context)


def _page(
    request: Request, title: str, sentence: str, *, form: LinkForm | None = None, template: str = LINK_PAGE
) -> HTMLResponse:
    return render(request, template, {"title": title, "sentence": sentence, "form": form, "notice": None})
