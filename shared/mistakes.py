"""What is wrong with a value that somebody gave us, in one French sentence: API, forms, settings and files alike."""

from collections.abc import Iterable, Mapping

from pydantic_core import ErrorDetails

UNKNOWN = "Cette valeur n’est pas reconnue."
_NUMBER = "Écrivez un nombre."
_INTEGER = "Écrivez un nombre entier."
_YES_OR_NO = "Répondez par vrai ou faux."
_DATE = "Écrivez une date : 2026-11-30."
_INSTANT = "Écrivez une date et une heure."
_LIST = "Une liste est attendue."
_OBJECT = "Un objet est attendu."
_NOT_LISTED = "Cette valeur n’est pas dans la liste"
_TOO_SMALL = "Cette valeur est trop petite"
_TOO_LARGE = "Cette valeur est trop grande"
_FRENCH = {
    "missing": "Ce champ manque.",
    "extra_forbidden": "Ce champ n’existe pas.",
    "string_pattern_mismatch": "Cette écriture n’est pas reconnue.",
    "json_invalid": "Le corps de la demande n’est pas du JSON.",
    "uuid_parsing": "Cet identifiant n’est pas reconnu.",
    "int_parsing": _INTEGER,
    "int_type": _INTEGER,
    "int_from_float": _INTEGER,
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "string_type": "Écrivez un texte.",
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": "Indiquez le fuseau horaire.",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}
# What is wrong, and the bound that says what would be right.
_BOUNDED = {
    "string_too_long": ("Ce texte est trop long", "{max_length} caractères au plus"),
    "string_too_short": ("Ce texte est trop court", "longueur minimale : {min_length}"),
    "too_long": ("Cette liste est trop longue", "{max_length} au plus"),
    "too_short": ("Cette liste est trop courte", "{min_length} au moins"),
    "enum": (_NOT_LISTED, "{expected}"),
    "literal_error": (_NOT_LISTED, "{expected}"),
    "greater_than": (_TOO_SMALL, "plus de {gt}"),
    "greater_than_equal": (_TOO_SMALL, "au moins {ge}"),
    "less_than": (_TOO_LARGE, "moins de {lt}"),
    "less_than_equal": (_TOO_LARGE, "au plus {le}"),
    "decimal_max_places": ("Trop de décimales", "{decimal_places} au plus"),
}


def sentence(mistake: ErrorDetails) -> str:
    """Return what is wrong, and what may be written instead where that is known; our own rules speak for themselves."""
    kind, bounds = mistake["type"], mistake.get("ctx", {})
    if kind == "value_error":
        return str(bounds["error"])
    if kind == "written":
        return mistake["msg"]
    if kind in _BOUNDED:
        wrong, right = _BOUNDED[kind]
        return f"{wrong} ({right.format_map(_in_french(bounds))})."
    return _FRENCH.get(kind, UNKNOWN)


def place(location: Iterable[object]) -> str:
    """Return the dotted name of where a value stands."""
    return ".".join(str(part) for part in location)


def listed(mistakes: list[ErrorDetails]) -> str:
    """Return every mistake of a file with its place, as one clause."""
    return "\u202f; ".join(f"{place(one['loc']) or 'l’ensemble'} ({sentence(one).rstrip('.')})" for one in mistakes)


def _in_french(bounds: Mapping[str, object]) -> dict[str, str]:
    return {
        name: f"{bound:,}".replace(",", "\u202f") if isinstance(bound, int) else str(bound).replace(" or ", " ou ")
        for name, bound in bounds.items()
    }
