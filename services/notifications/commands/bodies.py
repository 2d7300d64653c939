"""The two bodies of a mail, HTML and plain text, written from the same parts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape
from mjml import mjml2html

from services.notifications.gateways.envelopes import Bodies
from services.notifications.rules.house import House
from services.notifications.rules.letters import Chapter, Item, Part, opening_of, subject_of
from shared.contracts.events import MailOrder
from shared.territory.members import Member
from shared.web import formats
from shared.web.theme import TEXT_MINIMUM, contrast

NBSP = "\u00a0"
# XML knows no such characters: one of them in one title would keep a whole letter from being composed.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Marks:
    """What differs from reader to reader: its values, or the marks that stand for them until a letter leaves."""

    since: str
    address: str
    unsubscribe: str
    manage: str

    @staticmethod
    def of(nonce: str) -> "Marks":
        """Return the marks of one composition; no text written by others can hold them."""
        return Marks(*(f"@{nonce}:{name}@" for name in ("since", "address", "unsubscribe", "manage")))


@dataclass(frozen=True)
class Button:
    """One link of a service mail, its token made."""

    label: str
    url: str
    primary: bool


def write_letter(parts: Sequence[Part], *, line: str, house: House, nonce: str) -> Bodies:
    """Write a letter once for all its readers.

    Args:
        parts: the chapters, at least one.
        line: name, number and day of the letter, under the name of the EPCI.
        house: who writes.
        nonce: what makes the marks of this composition unlike any text.
    """
    marks = Marks.of(nonce)
    subject, opening = subject_of(parts), opening_of(parts)
    html = _html("mail/letter.mjml", house, subject=subject, preview=opening, line=line, parts=parts, marks=marks)
    return Bodies(subject, html, _letter_text(parts, line=line, opening=opening, house=house, marks=marks))


def address_letter(letter: Bodies, reader: Marks, *, nonce: str) -> Bodies:
    """Put one reader’s own links and address in place of the marks, escaped in HTML."""
    html, text = letter.html, letter.text
    for name, mark in vars(Marks.of(nonce)).items():
        value = getattr(reader, name)
        html, text = html.replace(mark, str(escape(value))), text.replace(mark, value)
    return replace(letter, html=html, text=text)


def write_service_mail(order: MailOrder, *, house: House) -> Bodies:
    """Write the mail of one order; its tokens are made here, so that none ever is on a topic."""
    links = [
        Button(link.label, house.link(link.purpose, link.subject, link.path), link.primary) for link in order.links
    ]
    heading = order.heading or order.subject
    html = _html(
        "mail/service.mjml",
        house,
        subject=order.subject,
        preview=order.paragraphs[0] if order.paragraphs else heading,
        line=f"Territoire d’industrie {house.territory.name}",
        heading=heading,
        paragraphs=order.paragraphs,
        links=links,
    )
    lines = [
        house.own.name,
        "",
        heading,
        "",
        *(line for paragraph in order.paragraphs for line in (paragraph, "")),
        *(line for link in links for line in (f"{link.label}{NBSP}:", link.url, "")),
        "-- ",
        "Vous recevez ce message parce qu’une demande a été faite avec cette adresse.",
        _controller(house),
    ]
    return Bodies(order.subject, html, "\n".join(lines) + "\n")


def _letter_text(parts: Sequence[Part], *, line: str, opening: str, house: House, marks: Marks) -> str:
    lines = [house.own.name, line, "", "Bonjour,", f"Dans cette lettre{NBSP}: {opening}", ""]
    for part in parts:
        lines += [part.title.upper(), ""]
        for item in part.items:
            lines += [*_item_lines(item, part.chapter, house), ""]
        if part.more:
            more = formats.pluriel(part.more, "autre nouvelle", "autres nouvelles")
            lines += [f"{more} sur la page du territoire{NBSP}: {house.base_url}", ""]
    lines += [
        "-- ",
        f"Vous recevez cette lettre parce que vous vous y êtes abonné le {marks.since} avec l’adresse {marks.address}.",
        f"Se désabonner{NBSP}: {marks.unsubscribe}",
        f"Choisir le rythme{NBSP}: {marks.manage}",
        _controller(house),
    ]
    return "\n".join(lines) + "\n"


def _item_lines(item: Item, chapter: Chapter, house: House) -> list[str]:
    when = item.starts_at if chapter is Chapter.AGENDA else None
    opening = f"{formats.jour(when, semaine=True)}{NBSP}: " if when else ""
    name = _member(house, item.home_epci).name
    link = house.safe_link(item.link, siren=item.home_epci)
    return [f"* {opening}{item.title} ({name})", f"  {item.summary}", f"  {link}"]


def _controller(house: House) -> str:
    demo = " Démonstration : contenus fictifs, sauf les fiches qui citent leur source." if house.demo else ""
    return (
        f"{house.own.name}, responsable du traitement. "
        f"Ce message ne contient ni image distante ni mesure d’ouverture.{demo}"
    )


def _html(template: str, house: House, **context: Any) -> str:  # noqa: ANN401 - what templates print
    def member_of(siren: str) -> Member:
        return _member(house, siren)

    page = _templates().get_template(template)
    source = page.render(house=house, member_of=member_of, text_on=_text_on, **context)
    # By default the compiler links a font of the outside; without any, the stack of the template stands.
    return mjml2html(_UNFIT.sub(" ", source), disable_comments=True, fonts={})


def _member(house: House, siren: str) -> Member:
    return house.territory.find(siren) or house.own


def _text_on(colour: str) -> str:
    return "#ffffff" if contrast(colour, "#ffffff") >= TEXT_MINIMUM else "#000000"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("services.notifications", "templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters.update(exposant=formats.exposant, pluriel=formats.pluriel, tuile=formats.tuile)
    return environment
