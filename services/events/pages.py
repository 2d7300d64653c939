"""Pages of the agenda: the form of a meeting, and those behind the links of its mails (GET shows, POST acts)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from services.events.commands import requests
from services.events.queries import feeds
from services.events.queries.home import seats_in_words
from services.events.queries.places import FormView, PlaceView, get_form, get_place
from services.events.rules.screens import SCREENS, Purpose
from services.events.schemas import RegistrationForm
from shared.clock import now
from shared.contracts.events import RegistrationState
from shared.errors import NotFound
from shared.http.bodies import SentForm
from shared.http.guards import Router, Who
from shared.http.links import SignedLink, signed_for
from shared.http.refusals import field_of
from shared.http.session import Reading, Transaction
from shared.identity.access import Right, Scope, instance_scope
from shared.mistakes import sentence
from shared.territory.members import Territory
from shared.web.formats import heure, jour
from shared.web.shell import Button, LinkForm
from shared.web.templates import render

router = Router(include_in_schema=False)
LINK_PAGE = "shared/link_page.html"
_FIELDS = ("name", "email", "organisation", "siren")
_CONFIRM = (Button("Confirmer mon inscription"),)
_CANCEL = (Button("Annuler mon inscription", kind="danger"),)
_ANSWER = (
    Button("Accepter la place", name="decision", value="accept"),
    Button("Laisser la place", kind="secondary", name="decision", value="decline"),
)


@dataclass(frozen=True)
class Held:
    """A place, and the scope of whoever holds its link."""

    scope: Scope
    id: UUID


# Reads the address as it came: one that was cut or bent is unknown like any other, not malformed input.
async def _event_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["event_id"])
    except ValueError as refused:
        raise NotFound from refused


def _held_by(purpose: Purpose) -> Callable[..., Awaitable[Held]]:
    """Return the dependency that reads the link of a place; the signature is the right."""

    async def held(link: Annotated[SignedLink, Depends(signed_for(purpose))], who: Who) -> Held:
        return Held(instance_scope(who.epci), link.id)

    return held


EventId = Annotated[UUID, Depends(_event_id)]
ToConfirm = Annotated[Held, Depends(_held_by(Purpose.CONFIRM))]
ToManage = Annotated[Held, Depends(_held_by(Purpose.MANAGE))]
Offered = Annotated[Held, Depends(_held_by(Purpose.OFFER))]


@router.read("/agenda.ics", right=Right.PUBLIC)
async def get_calendar(request: Request, session: Reading, who: Who) -> Response:
    """Give the public agenda of the territory to calendars."""
    territory: Territory = request.app.state.territory
    base_urls = {member.siren: member.base_url for member in territory}
    name = f"Agenda du territoire {territory.name}"
    text = await feeds.public_calendar(session, who, name=name, base_urls=base_urls)
    return Response(text, media_type="text/calendar", headers={"cache-control": "public, max-age=300"})


@router.read("/agenda/{event_id}/inscription", right=Right.PUBLIC)
async def show_form(request: Request, event_id: EventId, session: Reading, who: Who) -> HTMLResponse:
    """Show the registration form of one of our meetings."""
    return _form_page(request, await get_form(session, who, event_id))


@router.act("/agenda/{event_id}/inscription", right=Right.PUBLIC)
async def send_form(
    request: Request, event_id: EventId, given: SentForm, session: Transaction, who: Who
) -> HTMLResponse:
    """Take a registration; the page is the same for an address that is already there."""
    shown = await get_form(session, who, event_id)
    typed = {name: str(given.get(name, "")) for name in _FIELDS}
    try:
        form = RegistrationForm.model_validate({**typed, "notice_accepted": "notice_accepted" in given})
    except ValidationError as refused:
        return _form_page(request, shown, typed=typed, errors=_errors(refused), status=422)
    await requests.request_registration(session, who, event_id, form)
    sentence = "Un message vient de partir, avec la suite à donner. Pensez à regarder parmi les indésirables."
    return _page(request, "Consultez votre messagerie", sentence, notice=("ok", _about(shown.event.title, shown.when)))


@router.read("/agenda/inscription/confirmer/{token}", right=Right.LINK)
async def show_confirmation(request: Request, held: ToConfirm, session: Reading) -> HTMLResponse:
    """Show what is about to be confirmed."""
    return _place_page(request, await get_place(session, held.scope, held.id))


@router.act("/agenda/inscription/confirmer/{token}", right=Right.LINK)
async def confirm(request: Request, held: ToConfirm, session: Transaction) -> HTMLResponse:
    """Confirm an address; again, and the answer is the same."""
    await requests.confirm_registration(session, held.scope, held.id)
    return _place_page(request, await get_place(session, held.scope, held.id))


@router.read("/agenda/inscription/gerer/{token}", right=Right.LINK)
async def show_place(request: Request, held: ToManage, session: Reading) -> HTMLResponse:
    """Show a registration and what can be done about it."""
    place = await get_place(session, held.scope, held.id)
    return _place_page(request, place, buttons=_CANCEL if place.can_cancel else ())


@router.act("/agenda/inscription/gerer/{token}", right=Right.LINK)
async def cancel(request: Request, held: ToManage, session: Transaction) -> HTMLResponse:
    """Give back a place, or leave the waiting list."""
    await requests.cancel_by_person(session, held.scope, held.id)
    return _place_page(request, await get_place(session, held.scope, held.id))


@router.read("/agenda/inscription/place/{token}", right=Right.LINK)
async def show_offer(request: Request, held: Offered, session: Reading) -> HTMLResponse:
    """Show a place that is offered, and until when."""
    return _place_page(request, await get_place(session, held.scope, held.id))


@router.act("/agenda/inscription/place/{token}", right=Right.LINK)
async def answer_offer(
    request: Request, held: Offered, session: Transaction, decision: Annotated[Literal["accept", "decline"], Form()]
) -> HTMLResponse:
    """Take the place that is offered, or leave it to the next person."""
    answer = requests.accept_offer if decision == "accept" else requests.decline_offer
    await answer(session, held.scope, held.id)
    return _place_page(request, await get_place(session, held.scope, held.id))


def _place_page(request: Request, place: PlaceView, *, buttons: tuple[Button, ...] | None = None) -> HTMLResponse:
    """Show where a place stands, with what this link lets its holder do."""
    screen = SCREENS[place.state]
    waiting = {RegistrationState.PENDING_EMAIL: _CONFIRM, RegistrationState.OFFERED: _ANSWER}
    shown = waiting.get(place.state, ()) if buttons is None else buttons
    form = LinkForm(action=request.url.path, buttons=shown) if shown else None
    about = _about(place.title, (*place.when, place.where))
    if place.state is RegistrationState.OFFERED and place.until is not None:
        about += f" Place gardée jusqu’au {jour(place.until, semaine=True, annee=False)} à {heure(place.until)}."
    expired = place.state is RegistrationState.EXPIRED
    notice = ("" if screen.ok else "warn", about)
    return _page(request, screen.title, screen.sentence, form=form, notice=notice, status=410 if expired else 200)


def _about(title: str, lines: tuple[str, ...]) -> str:
    told = " · ".join(line for line in lines if line)
    return f"{title} — {told}." if told else f"{title}."


def _page(
    request: Request,
    title: str,
    sentence: str,
    *,
    form: LinkForm | None = None,
    notice: tuple[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    context = {"title": title, "sentence": sentence, "form": form, "notice": notice}
    return render(request, LINK_PAGE, context, status=status)


def _form_page(
    request: Request,
    shown: FormView,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    context = {
        "shown": shown,
        "seats": seats_in_words(shown.event, at=now()),
        "typed": typed or dict.fromkeys(_FIELDS, ""),
        "errors": errors or {},
    }
    return render(request, "events/inscription.html", context, status=status)


def _errors(refused: ValidationError) -> dict[str, str]:
    return {field_of(one["loc"]): sentence(one) for one in refused.errors()}
