"""What a reader chose, in words."""

import pytest
from pydantic import TypeAdapter

from services.notifications.rules.choices import choice_in_words
from services.notifications.rules.filters import Rhythm, make_filter
from shared.contracts.notifications import EntryKind
from shared.contracts.projects import Axis
from shared.fields import Paragraph
from shared.territory.members import Territory
from shared.web.formats import de
from tests.support.territory import make_territory, random_siren

TERRITORY = make_territory([random_siren() for _ in range(3)])
FIRST, SECOND, _ = sorted(TERRITORY.sirens)
NAMES = [f"d’{TERRITORY.member(siren).name}" for siren in (FIRST, SECOND)]
NB = "\u00a0"

CHOICES: list[tuple[dict[str, list[str]], str]] = [
    ({}, "toutes les actualités du territoire"),
    ({"kinds": ["agenda"]}, "l’agenda du territoire"),
    ({"kinds": ["agenda", "funding", "project"]}, "l’agenda, les financements et les projets du territoire"),
    ({"epci": [FIRST]}, f"toutes les actualités {NAMES[0]}"),
    ({"epci": list(TERRITORY.sirens)}, "toutes les actualités du territoire"),
    ({"epci": [FIRST, SECOND], "kinds": ["project"]}, f"les projets {NAMES[0]} et {NAMES[1]}"),
    (
        {"axes": ["industrial_land"]},
        f"toutes les actualités du territoire, pour l’axe «{NB}Foncier industriel{NB}»",
    ),
    (
        {"axes": ["industrial_land", "skills_recruitment"]},
        f"toutes les actualités du territoire, pour les axes «{NB}Foncier industriel{NB}» et "
        f"«{NB}Compétences et recrutement{NB}»",
    ),
]


@pytest.mark.parametrize(("chosen", "words"), CHOICES)
def test_a_choice_reads_as_a_sentence(chosen: dict[str, list[str]], words: str) -> None:
    wanted = make_filter(**{"epci": [], "axes": [], "kinds": [], **chosen})

    said = choice_in_words(Rhythm.WEEKLY, wanted, territory=TERRITORY)

    assert said == f"chaque semaine{NB}: {words}"


def widest(count: int, *, name: str) -> tuple[Territory, list[str]]:
    """Return a territory of ``count`` EPCI whose names begin with ``name``, and all its SIREN but the last."""
    drawn = make_territory([random_siren() for _ in range(count)])
    members = [member.model_copy(update={"name": f"{name} {number}"}) for number, member in enumerate(drawn)]
    named = drawn.model_copy(update={"members": tuple(members)})
    return named, sorted(named.sirens)[:-1]


def test_a_long_list_of_epci_ends_in_a_count() -> None:
    territory, chosen = widest(31, name="Communauté de communes d’essai")

    said = choice_in_words(Rhythm.WEEKLY, make_filter(epci=chosen, axes=[], kinds=[]), territory=territory)

    named = said.count("de Communauté")
    assert 3 < named < 12
    assert said.endswith(f" et de {30 - named} autres EPCI")


def test_one_epci_left_out_is_said_in_the_singular() -> None:
    territory, chosen = widest(4, name="n" * 120)

    said = choice_in_words(Rhythm.WEEKLY, make_filter(epci=chosen, axes=[], kinds=[]), territory=territory)

    assert said.endswith(" et d’un autre EPCI")


@pytest.mark.parametrize("name", ["n" * 296, "n" * 120, "n"])
@pytest.mark.parametrize("count", [2, 3, 100])
def test_the_widest_choice_fits_in_a_paragraph_of_a_mail(name: str, count: int) -> None:
    territory, chosen = widest(count, name=name)
    wanted = make_filter(epci=chosen, axes=list(Axis), kinds=list(EntryKind))

    said = choice_in_words(Rhythm.IMMEDIATE, wanted, territory=territory)

    paragraph = f"Cette adresse a été donnée pour recevoir la lettre {de('n' * 300)}, {said}."
    assert TypeAdapter(Paragraph).validate_python(paragraph) == paragraph
