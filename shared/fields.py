"""Constrained types: the only shapes that a request or a message may use for text, numbers and dates."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import lru_cache
from typing import Annotated
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
)
from pydantic_core import CoreSchema, core_schema
from stdnum import luhn
from stdnum.fr import siret as siret_rules

# C0, C1, line and paragraph separators, bidirectional controls, lone surrogates: they forge headers, logs and screens.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORBIDDEN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_VERSION = 2**53
FIRST_YEAR, LAST_YEAR = 1900, 2200


def clean_line(value: str) -> str:
    """Return one line of text that is safe in a mail header, a calendar and a log.

    Raises:
        ValueError: the text holds a control character, plainly or inside an RFC 2047 encoded word.
    """
    line = unicodedata.normalize("NFC", value).strip()
    try:
        decoded = str(make_header(decode_header(line))) if "=?" in line else line
    except (HeaderParseError, LookupError, UnicodeError, ValueError) as refused:
        raise ValueError("Ce texte contient un codage non lisible.") from refused
    if _FORBIDDEN.search(line) or _FORBIDDEN.search(decoded):
        raise ValueError("Ce texte contient un retour à la ligne ou un caractère invisible.")
    return line


def scrub_line(value: str) -> str:
    """Return ``value`` with everything that ``clean_line`` refuses taken out, for text written by another EPCI."""
    return _FORBIDDEN.sub(" ", value.replace("=?", "= ?")).strip()


def _clean_text(value: str) -> str:
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n")
    if _FORBIDDEN_TEXT.search(text):
        raise ValueError("Ce texte contient un caractère de contrôle.")
    return text.strip()


def _digits(value: object) -> object:
    return re.sub(r"[\s\u202f\u00a0]", "", value) if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def _siren(value: str) -> str:
    if not re.fullmatch(r"\d{9}", value) or not luhn.is_valid(value):
        raise ValueError("Un SIREN compte 9 chiffres, dont le dernier contrôle les autres ; vérifiez la saisie.")
    return value


def _siret(value: str) -> str:
    if not siret_rules.is_valid(value):
        raise ValueError("Un SIRET compte 14 chiffres ; vérifiez la saisie.")
    return value


def canonical_email(value: str) -> str:
    """Return the address under which a person is recognised: trimmed, lower case, domain in A-labels.

    Raises:
        ValueError: not an address that can receive mail.
    """
    try:
        found = validate_email(clean_line(value), check_deliverability=False, allow_quoted_local=False)
    except EmailNotValidError as refused:
        raise ValueError("Cette adresse électronique n’est pas valide. Exemple : prenom.nom@example.org.") from refused
    if not found.local_part.isascii():
        raise ValueError("Avant le @, seuls des caractères sans accent peuvent être reçus partout.")
    return f"{found.local_part}@{found.ascii_domain}".lower()


def _within_reason(value: datetime) -> datetime:
    """Refuse instants that calendars, time zones and databases cannot all hold."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"Écrivez une date entre {FIRST_YEAR} et {LAST_YEAR}.")
    return value


@dataclass(frozen=True)
class Length:
    """Bounds a text before it is cleaned: a bound put after that counts it as a list, and its refusal says so."""

    least: int | None = None
    most: int | None = None

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the bounds, then what the type asks for by itself."""
        text = core_schema.str_schema(min_length=self.least, max_length=self.most, strip_whitespace=True)
        return core_schema.chain_schema([text, handler(source)])


@dataclass(frozen=True)
class Written:
    """How a text is to be written, and what whoever wrote it otherwise is told."""

    pattern: str
    hint: str
    most: int | None = None

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a text with its pattern; whatever is wrong with it, the hint says what is right."""
        text = core_schema.str_schema(pattern=self.pattern, max_length=self.most)
        return core_schema.custom_error_schema(text, "written", custom_error_message=self.hint)


def _money(value: Decimal) -> str:
    return f"{value:.2f}"


def _plain(value: Decimal) -> str:
    return f"{value:f}"


Siren = Annotated[
    str, BeforeValidator(_digits), AfterValidator(_siren), Field(json_schema_extra={"pattern": r"^\d{9}$"})
]
Siret = Annotated[
    str, BeforeValidator(_digits), AfterValidator(_siret), Field(json_schema_extra={"pattern": r"^\d{14}$"})
]
ShortLine = Annotated[str, StringConstraints(max_length=140), AfterValidator(clean_line)]
Line = Annotated[str, StringConstraints(max_length=300), AfterValidator(clean_line)]
Title = Annotated[
    str, StringConstraints(min_length=3, max_length=300, strip_whitespace=True), AfterValidator(clean_line)
]
Text = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_clean_text)]
Paragraph = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_clean_text)]
Code = Annotated[
    str,
    Written(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        "Des lettres sans accent, des chiffres, et entre eux « . », « - » ou « _ » ; 64 au plus.",
    ),
]
Token = Annotated[str, StringConstraints(max_length=300, pattern=r"^[A-Za-z0-9_.-]+$")]
Cursor = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Insee = Annotated[
    str, Written(r"^[0-9][0-9AB][0-9]{3}$", "Écrivez le code INSEE de la commune, en cinq signes : 76351.")
]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(canonical_email)]
Url = Annotated[
    str,
    Written(r"^https?://[^\s<>\"\\]+$", "Écrivez une adresse complète, qui commence par https://.", most=500),
    AfterValidator(clean_line),
]
NafSection = Annotated[str, Written(r"^[A-U]$", "Écrivez la lettre d’une section NAF, de A à U.")]
Colour = Annotated[str, Written(r"^#[0-9a-f]{6}$", "Écrivez une couleur en minuscules : #1f4e79.")]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Version = Annotated[int, Field(ge=1, le=MAX_VERSION)]
Money = Annotated[
    Decimal,
    Field(ge=0, le=Decimal("999999999999.99"), decimal_places=2, allow_inf_nan=False),
    PlainSerializer(_money, return_type=str, when_used="json"),
]
Quantity = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=4, allow_inf_nan=False),
    PlainSerializer(_plain, return_type=str, when_used="json"),
]
Rate = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Instant = Annotated[AwareDatetime, AfterValidator(_within_reason)]
Day = date
Id = UUID
