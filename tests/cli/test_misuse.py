"""A command written wrongly is told in French, with where its help is."""

import pytest
from typer.exceptions import TyperException

from services.cli import build
from services.cli.misuse import explain


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("dlq list projects --limitt 3", "Option inconnue\u00a0: --limitt. Vouliez-vous --limit\u202f?"),
        ("dlq list projects --limit", "--limit attend une valeur."),
        ("dlq list projects --limit 0", "--limit\u00a0: Cette valeur est trop petite (au moins 1)."),
        ("dlq list --limit=3 projects --everything=1", "Option inconnue\u00a0: --everything."),
        ("dlq show projects abc", "« offset »\u00a0: Écrivez un nombre entier."),
        ("dlq show projects", "Il manque « offset »."),
        ("dlq list projects un deux", "En trop\u00a0: un deux."),
        ("dlq rien", "Commande inconnue. Choisissez parmi list, show, replay, drop, resume."),
        ("status --json=1", "--json ne prend pas de valeur."),
        ("tokens add Essai --role visiteur", "--role\u00a0: choisissez parmi 'agent', 'coordinator', "),
        ("topology plan", "Il manque --territory, ou la variable ESTUAIRE_TERRITORY_FILE."),
        ("--rien", "Option inconnue\u00a0: --rien."),
    ],
)
def test_what_is_wrong_is_said_in_french(command: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ESTUAIRE_TERRITORY_FILE", "ESTUAIRE_TERRITORY_BOOTSTRAP"):
        monkeypatch.delenv(variable, raising=False)
    words = command.split()

    with pytest.raises(TyperException) as misuse:
        build(words[0])(words, prog_name="estuaire", standalone_mode=False)

    told = explain(misuse.value)
    assert told.startswith(said)
    assert "Aide\u00a0: estuaire" in told or getattr(misuse.value, "ctx", None) is None


def test_a_noun_alone_shows_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TyperException) as misuse:
        build("dlq")(["dlq"], prog_name="estuaire", standalone_mode=False)

    assert "Fait traiter un enregistrement" in capsys.readouterr().out
    assert explain(misuse.value) == ""
