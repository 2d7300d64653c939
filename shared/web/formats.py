"""How numbers, money, dates and names are written in French; no page or mail writes them by hand."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal

import phonenumbers
from markupsafe import Markup, escape

from shared import clock

FINE = "\u202f"  # narrow no-break space: thousands, before ; ! ? %
FIRM = "\u00a0"  # no-break space: before : and units
MINUS = "\u2212"
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
SHORT_MONTHS = (
    "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."
)  # fmt: skip

Amount = Decimal | int


def nombre(value: Amount, decimales: int | None = None) -> str:
    """Write a number: ``1 234 567,8``; without ``decimales``, as many as it holds."""
    number = Decimal(value)
    if decimales is not None:
        number = number.quantize(Decimal(1).scaleb(-decimales), rounding=ROUND_HALF_UP)
    text = f"{abs(number):,f}".replace(",", FINE).replace(".", ",")
    return f"{MINUS}{text}" if number < 0 else text


def euros(value: Amount, *, centimes: bool | None = None) -> str:
    """Write an amount in full: ``12 500 €``.

    Args:
        value: an amount in euros.
        centimes: write them or round them away; None writes them where they are not zero.
    """
    shown = Decimal(value) % 1 != 0 if centimes is None else centimes
    return f"{nombre(value, 2 if shown else 0)}{FIRM}€"


def montant_court(value: Amount) -> str:
    """Write an amount for a heading: ``1,2 M€``; under 100 000 euros, in full and without cents."""
    if abs(Decimal(value)) < 100_000:
        return euros(value, centimes=False)
    return f"{_trimmed(Decimal(value).scaleb(-6))}{FIRM}M€"


def pourcent(ratio: Amount) -> str:
    """Write a ratio as a percentage with at most one decimal: 0.125 gives ``12,5 %``."""
    return f"{_trimmed(Decimal(ratio) * 100)}{FINE}%"


def pluriel(count: Amount, singulier: str, plusieurs: str | None = None) -> str:
    """Write a count and its noun: ``0 projet``, ``2 projets``; ``plusieurs`` where the plural is not a mere s."""
    noun = singulier if abs(Decimal(count)) < 2 else plusieurs or f"{singulier}s"
    return f"{nombre(count)} {noun}"


def liste_et(words: Sequence[str]) -> str:
    """Join words as a sentence does: ``a, b et c``; empty for none."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} et {words[-1]}"


def siren(value: str) -> str:
    """Write a SIREN or SIRET in groups: ``200 010 700``, ``200 010 700 00019``."""
    return FINE.join(part for part in (value[:3], value[3:6], value[6:9], value[9:]) if part)


def telephone(value: str) -> str:
    """Write a stored number the French way, ``02 35 00 00 00``, or with its country code if it is foreign."""
    try:
        number = phonenumbers.parse(value, "FR")
    except phonenumbers.NumberParseException:
        return value
    national = phonenumbers.PhoneNumberFormat.NATIONAL
    style = national if number.country_code == 33 else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(number, style)).replace(" ", FIRM)


def jour(value: date, *, semaine: bool = False, annee: bool = True, court: bool = False) -> str:
    """Write a day: ``10 décembre 2026``, ``1er janvier 2027``.

    Args:
        value: a day, or an instant which is read in Europe/Paris.
        semaine: begin with the day of the week.
        annee: end with the year.
        court: shorten the month (``déc.``).
    """
    day = _day(value)
    month = (SHORT_MONTHS if court else MONTHS)[day.month - 1]
    words = [
        *([DAYS[day.weekday()]] if semaine else []),
        _number(day),
        month,
        *([str(day.year)] if annee else []),
    ]
    return " ".join(words).replace(f" {month}", f"{FIRM}{month}")


def heure(value: datetime | time) -> str:
    """Write a time of day: ``8 h 30``, ``14 h``; an instant is read in Europe/Paris."""
    moment = _local(value) if isinstance(value, datetime) else value
    minutes = f"{FIRM}{moment.minute:02}" if moment.minute else ""
    return f"{moment.hour}{FIRM}h{minutes}"


def quand(value: date, *, now: datetime | None = None) -> str:
    """Write when something happened, as one would say it.

    ``aujourd’hui à 9 h 41``, ``hier à 17 h 12``, within a week ``vendredi à 16 h 05``, then ``20 nov.``, and
    ``20 nov. 2025`` for another year; ``demain à 14 h`` too. A plain date has no hour.

    Args:
        value: an instant, or a day.
        now: the moment of reading; the present one by default.
    """
    today = _day(now or clock.now())
    day = _day(value)
    ago = (today - day).days
    near = {0: "aujourd’hui", 1: "hier", -1: "demain"}.get(ago) or (DAYS[day.weekday()] if 1 < ago < 7 else None)
    if near is None:
        return jour(day, court=True, annee=day.year != today.year)
    return f"{near} à {heure(value)}" if isinstance(value, datetime) else near


def delai(value: date, *, today: date | None = None) -> str:
    """Write how far a deadline is, in days: ``dans 11 jours``, ``demain``, ``il y a 9 jours``."""
    days = (_day(value) - (today or clock.today())).days
    near = {0: "aujourd’hui", 1: "demain", -1: "hier"}.get(days)
    return near or (f"dans {days} jours" if days > 0 else f"il y a {-days} jours")


def tuile(value: date) -> tuple[str, str, str]:
    """Split a day for a calendar tile: ``2026-12-01``, ``1er``, ``déc.``."""
    day = _day(value)
    return day.isoformat(), _number(day), SHORT_MONTHS[day.month - 1]


def exposant(text: str) -> Markup:
    """Raise the ends of ``1er`` and ``no 12`` in a text shown on a page; the text itself is escaped."""
    raised = re.sub(r"\b(1)(er)\b|\b(n)(o)(?=[ \u00a0\u202f]\d)", _raise, str(escape(text)))
    return Markup(raised)  # noqa: S704  # escaped just above; only our own sup is added


def _raise(found: re.Match[str]) -> str:
    stem, end = (part for part in found.groups() if part)
    return f"{stem}<sup>{end}</sup>"


def _number(day: date) -> str:
    return "1er" if day.day == 1 else str(day.day)


def _trimmed(value: Decimal) -> str:
    """Return at most one decimal, none when it is zero."""
    return nombre(value, 1).removesuffix(",0")


def _local(value: datetime) -> datetime:
    return clock.aware(value).astimezone(clock.PARIS)


def _day(value: date) -> date:
    return _local(value).date() if isinstance(value, datetime) else value


def de(nom: str) -> str:
    """Return a name after « de », contracted or elided as French does: ``du Havre``, ``d’Évreux``, ``de Rouen``."""
    contracted = _contracted(nom, le="du", les="des")
    if contracted:
        return contracted
    first = unicodedata.normalize("NFD", nom[:1]).upper()[:1]
    return f"d’{nom}" if first in set("AEIOUY") else f"de {nom}"


def a(nom: str) -> str:
    """Return a place after « à », contracted as French does: ``au Havre``, ``aux Andelys``, ``à La Londe``."""
    return _contracted(nom, le="au", les="aux") or f"à {nom}"


def _contracted(nom: str, *, le: str, les: str) -> str:
    """Return a name whose article melts into the word before it; empty when it has no such article."""
    article, _, rest = nom.partition(" ")
    melted = {"Le": le, "Les": les}.get(article)
    return f"{melted} {rest}" if melted and rest else ""
