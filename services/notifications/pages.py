"""HTML doors: the pages behind the links of mails, where a look changes nothing, and the Atom feed."""

from typing import Annotated

from fastapi import Depends, Form, Request, Response
from fastapi.responses import HTMLResponse

from services.notifications.commands import subscriptions
from services.notifications.queries import atom
from services.notifications.rules.filters import RHYTHM_LABELS, Rhythm
from services.notifications.rules.house import House, house_of
from shared.fields import Token
from shared.http.guards import Router, Who
from shared.http.session import Reading, Transaction
from shared.identity.access import Right
from shared.web.formats import de
from shared.web.shell import Button, LinkForm
from shared.web.templates import render

router = Router(include_in_schema=False)
PAGE = "shared/link_page.html"


def _house(request: Request) -> House:
    state = request.app.state
    return house_of(state.settings, state.territory, state.signer)


Speaking = Annotated[House, Depends(_house)]


@router.read("/actualites.atom", right=Right.PUBLIC)
async def get_atom(request: Request, session: Reading, who: Who, house: Speaking) -> Response:
    """Give the public feed as Atom, or nothing when the reader has it already."""
    feed = await atom.write_atom(session, who, house=house)
    headers = {"etag": feed.etag, "cache-control": "public, max-age=60"}
    if feed.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(feed.body, media_type=atom.MEDIA_TYPE, headers=headers)


@router.read("/lettres/confirmation/{token}", right=Right.LINK)
async def show_confirmation(
    request: Request, session: Reading, who: Who, token: Token, house: Speaking
) -> HTMLResponse:
    """Show what is about to be confirmed."""
    reader = await subscriptions.open_link(session, who, token=token, purpose=subscriptions.CONFIRM, house=house)
    if reader.asked_rhythm is None:
        return _confirmed(request, reader.rhythm, house)
    form = LinkForm(action=request.url.path, buttons=[Button("Confirmer mon abonnement")])
    sentence = f"Vous recevrez la lettre {de(house.own.name)}, {RHYTHM_LABELS[reader.asked_rhythm]}."
    return _page(request, "Confirmer votre abonnement", sentence, form=form)


@router.act("/lettres/confirmation/{token}", right=Right.LINK)
async def confirm(request: Request, session: Transaction, who: Who, token: Token, house: Speaking) -> HTMLResponse:
    """Start the subscription; again, and the answer is the same."""
    reader = await subscriptions.confirm_subscription(session, who, token=token, house=house)
    return _confirmed(request, reader.rhythm, house)


@router.read("/lettres/preferences/{token}", right=Right.LINK)
async def show_preferences(request: Request, session: Reading, who: Who, token: Token, house: Speaking) -> HTMLResponse:
    """Show the rhythm of a subscription and the others there are."""
    reader = await subscriptions.open_link(session, who, token=token, purpose=subscriptions.MANAGE, house=house)
    return _preferences(request, str(reader.id), reader.rhythm, house)


@router.act("/lettres/preferences/{token}", right=Right.LINK)
async def change_preferences(
    request: Request,
    session: Transaction,
    who: Who,
    token: Token,
    house: Speaking,
    rhythm: Annotated[Rhythm, Form()],
) -> HTMLResponse:
    """Change the rhythm of a subscription."""
    reader = await subscriptions.change_rhythm(session, who, token=token, rhythm=rhythm, house=house)
    return _preferences(request, str(reader.id), reader.rhythm, house)


@router.read("/lettres/desabonnement/{token}", right=Right.LINK)
async def show_unsubscribe(request: Request, session: Reading, who: Who, token: Token, house: Speaking) -> HTMLResponse:
    """Show the button; a mail scanner that follows the link unsubscribes nobody."""
    house.signer.subject(subscriptions.UNSUBSCRIBE, token)
    form = LinkForm(action=request.url.path, buttons=[Button("Me désabonner")])
    sentence = f"Vous ne recevrez plus la lettre {de(house.own.name)}. Les messages de vos inscriptions continuent."
    return _page(request, "Se désabonner", sentence, form=form)


@router.act("/lettres/desabonnement/{token}", right=Right.LINK, limit="unsubscribe")
async def unsubscribe(request: Request, session: Transaction, who: Who, token: Token, house: Speaking) -> HTMLResponse:
    """End the subscription in one click (RFC 8058): no cookie, no question, the same answer each time."""
    await subscriptions.unsubscribe(session, who, token=token, channel="one_click", house=house)
    sentence = f"C’est noté\u00a0: la lettre {de(house.own.name)} ne vous sera plus envoyée. Votre adresse est effacée."
    return _page(request, "Vous êtes désabonné", sentence)


def _confirmed(request: Request, rhythm: Rhythm, house: House) -> HTMLResponse:
    sentence = f"Vous recevrez la lettre {de(house.own.name)}, {RHYTHM_LABELS[rhythm]}."
    return _page(request, "Votre abonnement est confirmé", sentence)


def _preferences(request: Request, reader_id: str, rhythm: Rhythm, house: House) -> HTMLResponse:
    others = [
        Button(f"La recevoir {label}", kind="secondary", name="rhythm", value=one.value)
        for one, label in RHYTHM_LABELS.items()
        if one is not rhythm
    ]
    stop = house.link(subscriptions.UNSUBSCRIBE, reader_id, subscriptions.UNSUBSCRIBE_PATH)
    context = {
        "title": "Choisir ce que je reçois",
        "sentence": f"Vous recevez la lettre {de(house.own.name)}, {RHYTHM_LABELS[rhythm]}.",
        "form": LinkForm(action=request.url.path, buttons=others),
        "notice": None,
        "unsubscribe": stop,
    }
    return render(request, "notifications/preferences.html", context)


def _page(request: Request, title: str, sentence: str, *, form: LinkForm | None = None) -> HTMLResponse:
    return render(request, PAGE, {"title": title, "sentence": sentence, "form": form, "notice": None})
