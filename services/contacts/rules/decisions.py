"""What is true of a company, of a person’s oppositions and of her present role."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol, TypeVar

import phonenumbers

from services.contacts.rules.words import StatedBy, Statement
from shared.contracts.contacts import Channel

ERASED = "[personne effacée]"
_NAF = re.compile(r"\d{2}\.\d{2}[A-Z]")
_FRENCH_DIGITS = 9


class Dated(Protocol):
    """Something with a first and a last day, either of them open."""

    since: date | None
    until: date | None


D = TypeVar("D", bound=Dated)


def is_natural_person(legal_form: str) -> bool:
    """Tell whether a legal form is that of an individual entrepreneur.

    Source: level I, code 1, of INSEE’s « catégories juridiques ».
    """
    return legal_form.startswith("1")


def is_naf(code: str) -> bool:
    """Tell whether ``code`` is written like an activity code of either nomenclature: ``25.62B``."""
    return _NAF.fullmatch(code) is not None


def belongs_to(siret: str, siren: str) -> bool:
    """Tell whether an establishment is one of this company."""
    return siret.startswith(siren)


def canonical_phone(value: str) -> str:
    """Return a telephone number in E.164; without country code it is read as French.

    Raises:
        ValueError: not a number that can be dialled.
    """
    try:
        number = phonenumbers.parse(value, "FR")
    except phonenumbers.NumberParseException as refused:
        raise ValueError(_PHONE_REFUSED) from refused
    # Ranges kept for fiction are no "valid" numbers, so the demo needs the weaker test, made strict for French ones.
    is_short = number.country_code == 33 and len(str(number.national_number)) != _FRENCH_DIGITS
    if is_short or not phonenumbers.is_possible_number(number):
        raise ValueError(_PHONE_REFUSED)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


_PHONE_REFUSED = "Ce numéro de téléphone n’est pas reconnu. Exemple : 02 35 52 68 00."


def is_reachable(*, email: str | None, phone: str | None) -> bool:
    """Tell whether somebody can be written to or called."""
    return bool(email or phone)


def opposed_after(opposed: Iterable[str], *, channel: Channel, statement: Statement) -> list[str]:
    """Return the channels opposed once ``statement`` is heard, in the order of the list of channels.

    Lifting ``all`` leaves what was opposed channel by channel.
    """
    kept = {*opposed, channel.value} if statement is Statement.OPPOSED else {*opposed} - {channel.value}
    return [member.value for member in Channel if member.value in kept]


def may_state(statement: Statement, *, by: StatedBy) -> bool:
    """Tell whether ``by`` may make this statement: an opposition is lifted by the person alone."""
    return statement is Statement.OPPOSED or by is StatedBy.PERSON


def current_role(roles: Iterable[D], *, on: date) -> D | None:
    """Return the role held on a day, the latest begun when there are several; without a beginning counts as first."""
    held = [role for role in roles if (role.since or on) <= on and (role.until is None or role.until >= on)]
    return max(held, key=lambda role: role.since or date.min, default=None)


def without_words(text: str, words: Sequence[str]) -> str:
    """Return ``text`` with each of ``words`` replaced where it stands as a word, whatever its case."""
    told = sorted({word for word in words if word}, key=len, reverse=True)
    if not told:
        return text
    pattern = "|".join(re.escape(word) for word in told)
    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", ERASED, text, flags=re.IGNORECASE)
