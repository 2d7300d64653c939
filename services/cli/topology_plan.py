"""A plan in words: one table of topics, one of users."""

from services.cli.tables import console, table
from shared.messaging.topology import GuestPlan, Plan
from shared.messaging.topology.acls import told


def show_topics(found: Plan) -> None:
    """Print what is missing and what differs."""
    rows = [(topic.name, "manque") for topic in found.missing]
    rows += [(name, "réglages invisibles pour cet utilisateur") for name in found.unread]
    for name, differences in found.different.items():
        words = ", ".join(f"{key} = {now} au lieu de {wanted}" for key, (now, wanted) in differences.items())
        rows.append((name, words))
    _show(("Sujet", "Constat"), rows)
    _count("sujets", conformes=found.right, absents=len(found.missing), différents=len(found.different))


def show_guests(found: GuestPlan) -> None:
    """Print users, rights and quotas that are missing, too much, or not ours."""
    rows = [(user, "utilisateur à créer") for user in found.unknown]
    rows += [
        (one.user, f"droit à donner\u00a0: {one.operation} sur {one.resource} {one.name}") for one in found.missing
    ]
    rows += [(one.principal.removeprefix("User:"), f"en trop\u00a0: {told(one)}") for one in found.surplus]
    rows += [(one.principal.removeprefix("User:"), f"étranger au plan\u00a0: {told(one)}") for one in found.foreign]
    for user, quotas in found.quotas.items():
        words = ", ".join(f"{name} = {value:g}" for name, value in quotas.items()) or "aucun"
        rows.append((user, f"quotas à fixer\u00a0: {words}"))
    _show(("Utilisateur", "Constat"), rows)
    _count("droits", conformes=found.right, absents=len(found.missing), superflus=len(found.surplus))


def _count(noun: str, **counts: int) -> None:
    """Print how many are as they should be, then how many are not; nothing is said of none."""
    first, *others = counts.items()
    console().print(", ".join([f"{first[1]} {noun} {first[0]}", *(f"{n} {word}" for word, n in others if n)]) + ".")


def _show(heads: tuple[str, str], rows: list[tuple[str, str]]) -> None:
    shown = table(*heads)
    for row in rows:
        shown.add_row(*row)
    if rows:
        console().print(shown)
