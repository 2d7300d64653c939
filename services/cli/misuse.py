"""A command written wrongly, told in French: Typer speaks English only."""

from collections.abc import Callable

from pydantic import ValidationError
from typer.exceptions import TyperException

from shared.mistakes import sentence

WRONG = 2
"""Exit code of a command that nobody understood; nothing was done."""


def explain(misuse: TyperException) -> str:
    """Return what is wrong with a command, and where its help is; nothing of a noun alone, its help was just shown."""
    kind = type(misuse).__name__
    if kind == "NoArgsIsHelpError":
        return ""
    say = _BY_KIND.get(kind, _unknown)
    context = getattr(misuse, "ctx", None)
    remedy = f"\nAide\u00a0: {context.command_path} --help" if context else ""
    return f"{say(misuse)}{remedy}\n"


def _no_such_option(misuse: TyperException) -> str:
    near = ", ".join(sorted(getattr(misuse, "possibilities", None) or []))
    return f"Option inconnue\u00a0: {_option(misuse)}." + (f" Vouliez-vous {near}\u202f?" if near else "")


def _bad_option(misuse: TyperException) -> str:
    takes_none = "does not take" in misuse.message
    return f"{_option(misuse)} {'ne prend pas de valeur' if takes_none else 'attend une valeur'}."


def _missing(misuse: TyperException) -> str:
    parameter = getattr(misuse, "param", None)
    variable = getattr(parameter, "envvar", None)
    return f"Il manque {_name(misuse)}" + (f", ou la variable {variable}." if variable else ".")


def _bad_parameter(misuse: TyperException) -> str:
    cause, choices = misuse.__cause__, misuse.message.partition("is not one of ")[2]
    if choices:  # a list of Typer’s own: our enums would have said it in French
        said = f"choisissez parmi {choices}"
    else:
        said = sentence(cause.errors()[0]) if isinstance(cause, ValidationError) else "cette valeur n’est pas acceptée."
    return f"{_name(misuse)}\u00a0: {said}"


def _unknown(misuse: TyperException) -> str:
    context = getattr(misuse, "ctx", None)
    if context is not None and "No such command" in misuse.message:
        return f"Commande inconnue. Choisissez parmi {', '.join(context.command.commands)}."
    if "unexpected extra" in misuse.message:
        extra = misuse.message.rpartition("(")[2].removesuffix(")")
        return f"En trop\u00a0: {extra}."
    return "Commande incomplète ou mal écrite."


def _option(misuse: TyperException) -> str:
    return str(getattr(misuse, "option_name", ""))


def _name(misuse: TyperException) -> str:
    """Return an argument or an option as it is typed."""
    parameter = getattr(misuse, "param", None)
    if parameter is None:
        return "une valeur"
    return str(parameter.opts[0]) if parameter.param_type_name == "option" else f"« {parameter.name} »"


_BY_KIND: dict[str, Callable[[TyperException], str]] = {
    "NoSuchOption": _no_such_option,
    "BadOptionUsage": _bad_option,
    "MissingParameter": _missing,
    "BadParameter": _bad_parameter,
}
