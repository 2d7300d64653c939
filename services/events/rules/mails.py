"""The words of the mails of a registration: who, what, what next."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.events.rules.calendar import place_of
from services.events.rules.words import quoted
from shared.clock import PARIS
from shared.contracts.events import AgendaEvent
from shared.web.formats import heure, jour


class MailKind(StrEnum):
    """Why a mail leaves."""

    CONFIRM = "confirm"
    ALREADY_KNOWN = "already_known"
    REGISTERED = "registered"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    OFFER_EXPIRED = "offer_expired"
    DECLINED = "declined"
    QUEUE_CLOSED = "queue_closed"
    CANCELLED = "cancelled"
    CANCELLED_BY_ORGANISER = "cancelled_by_organiser"
    MOVED = "moved"
    POSTPONED = "postponed"
    CALLED_OFF = "called_off"


@dataclass(frozen=True)
class Occasion:
    """What a mail says of the event; ``when`` holds one line per session."""

    title: str
    when: tuple[str, ...]
    place: str
    online_link: str = ""

    @property
    def quoted(self) -> str:
        """Return the title between quotes."""
        return quoted(self.title)


@dataclass(frozen=True)
class Letter:
    """Subject, heading and paragraphs of one mail."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Particulars:
    """What differs from one reader to the next; empty where it does not apply."""

    has_seat: bool = False
    until: datetime | None = None
    reason: str = ""
    before: str = ""


def slot_line(start: datetime, end: datetime) -> str:
    """Write a session: ``jeudi 10 décembre 2026, de 8 h 30 à 10 h``."""
    if start.astimezone(PARIS).date() == end.astimezone(PARIS).date():
        return f"{jour(start, semaine=True)}, de {heure(start)} à {heure(end)}"
    return f"du {jour(start, semaine=True)} à {heure(start)} au {jour(end, semaine=True)} à {heure(end)}"


def occasion_of(state: AgendaEvent, *, online_link: str | None = None) -> Occasion:
    """Return what mails say of an event; the link only for who is registered."""
    return Occasion(
        title=state.title,
        when=tuple(slot_line(slot.start, slot.end) for slot in state.slots),
        place="\n".join(dict.fromkeys(place_of(slot) for slot in state.slots)),
        online_link=online_link or "",
    )


def where_and_when(occasion: Occasion) -> str:
    """Write the sessions and places of an event, one a line."""
    lines = [*occasion.when, occasion.place]
    if occasion.online_link:
        lines.append(f"Lien de connexion, à garder pour vous\u00a0: {occasion.online_link}")
    return "\n".join(line for line in lines if line)


def letter(kind: MailKind, occasion: Occasion, about: Particulars) -> Letter:
    """Write one mail about an event; each line is a paragraph of its own."""
    subject, heading, sentences = _WORDS[kind]
    told = [line for sentence in sentences(occasion, about) for line in sentence.splitlines() if line]
    return Letter(f"{subject}\u00a0: {occasion.title}", heading, tuple(told))


def _moment(about: Particulars) -> str:
    return f"{jour(about.until, semaine=True, annee=False)} à {heure(about.until)}" if about.until else ""


def _reason(about: Particulars) -> str:
    return f"Motif donné par l’organisateur\u00a0: {about.reason}" if about.reason else ""


def _confirm(occasion: Occasion, about: Particulars) -> list[str]:
    seat = (
        "Une place vous est réservée pendant 30 minutes, le temps de confirmer votre adresse."
        if about.has_seat
        else "Confirmez votre adresse dans les 30 minutes\u00a0: la place est attribuée à ce moment-là. "
        "Si tout est pris, votre nom entre dans la liste d’attente."
    )
    return [
        f"Vous demandez une place à {occasion.quoted}.",
        where_and_when(occasion),
        seat,
        "Si cette demande ne vient pas de vous, ne faites rien\u00a0: elle prend fin d’elle-même.",
    ]


def _known(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"Une demande d’inscription à {occasion.quoted} vient d’être faite avec votre adresse, qui y figure déjà.",
        where_and_when(occasion),
        "Rien ne change. Le lien ci-dessous montre votre inscription et permet de l’annuler.",
    ]


def _registered(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"Vous avez une place à {occasion.quoted}.",
        where_and_when(occasion),
        "Le rendez-vous est joint pour votre agenda.",
        "Si vous ne pouvez plus venir, annulez\u00a0: la place ira à la personne suivante.",
    ]


def _waitlisted(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"Toutes les places de {occasion.quoted} sont prises. Votre nom est dans la liste d’attente, à son tour.",
        where_and_when(occasion),
        "Dès qu’une place se libère pour vous, un message vous la propose. Vous pouvez quitter la liste à tout moment.",
    ]


def _offered(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"Une place s’est libérée à {occasion.quoted}. Elle vous est réservée jusqu’au {_moment(about)}.",
        where_and_when(occasion),
        "Acceptez-la, ou laissez-la à la personne suivante. Sans réponse de votre part, elle lui sera proposée.",
    ]


def _offer_expired(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"La place proposée pour {occasion.quoted} n’a pas été acceptée à temps. Elle est proposée à la personne "
        "suivante.",
        "Vous pouvez faire une nouvelle demande\u00a0: elle se place à la fin de la liste d’attente.",
    ]


def _declined(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"Vous laissez la place proposée pour {occasion.quoted}. Elle ira à la personne suivante, merci pour elle.",
        "Si vous changez d’avis, vous pouvez faire une nouvelle demande.",
    ]


def _queue_closed(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"{occasion.quoted} commence, et aucune place ne s’est libérée pour vous. La liste d’attente est close.",
        "Les prochains rendez-vous sont dans l’agenda.",
    ]


def _cancelled(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"Votre inscription à {occasion.quoted} est annulée.",
        "Si le rendez-vous était dans votre agenda, la pièce jointe l’en retire.",
        "Si vous changez d’avis, vous pouvez faire une nouvelle demande.",
    ]


def _cancelled_by_organiser(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"L’organisateur de {occasion.quoted} a annulé votre inscription.",
        _reason(about),
        "Pour toute question, adressez-vous à l’organisateur.",
    ]


def _moved(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"{occasion.quoted} change.",
        f"C’était\u00a0: {about.before}" if about.before else "",
        f"C’est maintenant\u00a0:\n{where_and_when(occasion)}",
        _reason(about),
        "Votre place est gardée." if about.has_seat else "Votre rang dans la liste d’attente est gardé.",
        "Si ce changement ne vous convient pas, annulez\u00a0: la personne suivante en profitera.",
    ]


def _postponed(occasion: Occasion, about: Particulars) -> list[str]:
    return [
        f"{occasion.quoted} est reporté. La nouvelle date n’est pas encore connue.",
        f"C’était prévu\u00a0: {about.before}" if about.before else "",
        _reason(about),
        "Votre inscription est gardée. Un message vous dira la nouvelle date.",
    ]


def _called_off(occasion: Occasion, about: Particulars) -> list[str]:
    return [f"{occasion.quoted} est annulé et n’aura pas lieu.", where_and_when(occasion), _reason(about)]


_WORDS = {
    MailKind.CONFIRM: ("Confirmez votre inscription", "Confirmez votre adresse", _confirm),
    MailKind.ALREADY_KNOWN: ("Votre inscription", "Vous avez déjà une inscription", _known),
    MailKind.REGISTERED: ("Inscription confirmée", "Votre place est réservée", _registered),
    MailKind.WAITLISTED: ("Liste d’attente", "Vous êtes dans la liste d’attente", _waitlisted),
    MailKind.OFFERED: ("Une place pour vous", "Une place s’est libérée", _offered),
    MailKind.OFFER_EXPIRED: ("Place non acceptée", "Le délai est passé", _offer_expired),
    MailKind.DECLINED: ("Place laissée", "Vous avez laissé la place", _declined),
    MailKind.QUEUE_CLOSED: ("Liste d’attente close", "La liste d’attente est close", _queue_closed),
    MailKind.CANCELLED: ("Inscription annulée", "Votre inscription est annulée", _cancelled),
    MailKind.CANCELLED_BY_ORGANISER: ("Inscription annulée", "Votre inscription est annulée", _cancelled_by_organiser),
    MailKind.MOVED: ("Changement", "Ce rendez-vous change", _moved),
    MailKind.POSTPONED: ("Reporté", "Ce rendez-vous est reporté", _postponed),
    MailKind.CALLED_OFF: ("Annulé", "Ce rendez-vous est annulé", _called_off),
}
