"""What a reader chose, in words that a mail and a page both say."""

from collections.abc import Iterator, Sequence

from services.notifications.rules.filters import RHYTHM_LABELS, Filter, Rhythm
from shared.contracts.labels import AXES
from shared.contracts.notifications import EntryKind
from shared.territory.members import Territory
from shared.web.formats import FIRM, de, liste_et

KIND_LABELS = {
    EntryKind.PROJECT: "les projets",
    EntryKind.FUNDING: "les financements",
    EntryKind.AGENDA: "l’agenda",
    EntryKind.ANNOUNCEMENT: "les annonces",
    EntryKind.CRISIS: "les alertes",
    EntryKind.OTHER: "les autres nouvelles",
}
OFFERED_KINDS = (EntryKind.PROJECT, EntryKind.FUNDING, EntryKind.AGENDA)
"""The kinds that our instances tell; a form offers no other, or its reader would wait in vain."""

MOST_OF_PLACES = 330
"""Characters: with the longest names that a territory may have, the sentence still fits in a paragraph of a mail."""


def choice_in_words(rhythm: Rhythm, chosen: Filter, *, territory: Territory) -> str:
    """Return rhythm and content of a letter: ``chaque semaine : les projets et l’agenda du Havre``."""
    return f"{RHYTHM_LABELS[rhythm]}{FIRM}: {_kinds(chosen)} {_places(chosen, territory)}{_axes(chosen)}"


def _kinds(chosen: Filter) -> str:
    return liste_et([KIND_LABELS[EntryKind(kind)] for kind in chosen.kinds]) or "toutes les actualités"


def _places(chosen: Filter, territory: Territory) -> str:
    known = [territory.find(siren) for siren in chosen.epci]
    names = [de(member.name) for member in known if member]
    if not names or len(names) == len(territory.members):
        return "du territoire"
    return next(words for words in _shorter_and_shorter(names) if len(words) <= MOST_OF_PLACES)


def _shorter_and_shorter(names: Sequence[str]) -> Iterator[str]:
    """Yield the list with all its names, then with fewer, those left out counted at its end; at last only counted."""
    yield liste_et(names)
    for kept in range(len(names) - 1, 0, -1):
        left_out = len(names) - kept
        yield liste_et([*names[:kept], "d’un autre EPCI" if left_out == 1 else f"de {left_out} autres EPCI"])
    yield f"de {len(names)} EPCI"


def _axes(chosen: Filter) -> str:
    titles = [f"«{FIRM}{AXES[axis]}{FIRM}»" for axis in chosen.axes]
    return f", pour {'l’axe' if len(titles) == 1 else 'les axes'} {liste_et(titles)}" if titles else ""
