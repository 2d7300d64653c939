"""What is wrong with a value is said in French, with what may be written instead."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.fields import Code, Colour, Email, Insee, Title, Url
from shared.mistakes import UNKNOWN, listed, sentence


class Kind(StrEnum):
    """Two kinds."""

    STUDY = "study"
    WORKS = "works"


class Part(BaseModel):
    """A part of a file."""

    code: Code
    count: int = 1


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Kind, "x", "Cette valeur n’est pas dans la liste ('study' ou 'works')."),
        (Literal["a", "b", "c"], "x", "Cette valeur n’est pas dans la liste ('a', 'b' ou 'c')."),
        (Annotated[int, Field(ge=1)], 0, "Cette valeur est trop petite (au moins 1)."),
        (Annotated[int, Field(gt=1)], 1, "Cette valeur est trop petite (plus de 1)."),
        (Annotated[Decimal, Field(le=Decimal("0.5"))], "1", "Cette valeur est trop grande (au plus 0.5)."),
        (Annotated[int, Field(lt=20_000)], 20_000, "Cette valeur est trop grande (moins de 20\u202f000)."),
        (Annotated[Decimal, Field(decimal_places=2)], "1.234", "Trop de décimales (2 au plus)."),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "Cette liste est trop longue (1 au plus)."),
        (Annotated[list[int], Field(min_length=2)], [1], "Cette liste est trop courte (2 au moins)."),
        (Title, "ab", "Ce texte est trop court (longueur minimale : 3)."),
        (Url, "seine.example", "Écrivez une adresse complète, qui commence par https://."),
        (Code, "à bord", "Des lettres sans accent, des chiffres, et entre eux « . », « - » ou « _ » ; 64 au plus."),
        (Insee, "7635", "Écrivez le code INSEE de la commune, en cinq signes : 76351."),
        (Colour, "bleu", "Écrivez une couleur en minuscules : #1f4e79."),
        (Email, "x", "Cette adresse électronique n’est pas valide. Exemple : prenom.nom@example.org."),
        (bytes, 1, UNKNOWN),
    ],
)
def test_it_says_what_may_be_written_instead(kind: type[object], value: object, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)

    assert [sentence(one) for one in refused.value.errors()] == [said]


def test_mistakes_of_a_file_are_one_clause_with_their_places() -> None:
    with pytest.raises(ValidationError) as parts:
        TypeAdapter(list[Part]).validate_python([{"count": "x"}])
    with pytest.raises(ValidationError) as nothing:
        Part.model_validate("x")

    assert listed(parts.value.errors()) == ("0.code (Ce champ manque)\u202f; 0.count (Écrivez un nombre entier)")
    assert listed(nothing.value.errors()) == "l’ensemble (Un objet est attendu)"
