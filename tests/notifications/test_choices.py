"""What a reader chose, in words."""

import pytest

from services.notifications.rules.choices import choice_in_words
from services.notifications.rules.filters import Rhythm, make_filter
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
