"""The command line says no in one French sentence, and shows what an operator needs."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.migrations import migrate, migration
from services.cli.serve import serve
from services.cli.settings import read_settings, unread
from services.cli.tokens import tokens
from shared.clock import shifted
from shared.errors import Invalid, Unavailable
from shared.territory.members import Territory, read_territory
from tests.support.broker import free_port
from tests.support.instances import environment

RUN = CliRunner()


@pytest.fixture(autouse=True)
def settings(territory: Territory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(territory, tmp_path, bootstrap="127.0.0.1:9", port=8000).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("LIMITS", "{30}"), ("LIMITS", '{"form": 0}'), ("PORT", "port"), ("LOG_LEVEL", "loud"), ("SECRET_KEY", "court")],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ESTUAIRE_{name}", value)

    with pytest.raises(Invalid, match=f"^Réglage ESTUAIRE_{name}"):
        read_settings()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"USER": "estuaire"}, "vont ensemble"),
        ({"USER": "estuaire", "PASSWORD": "x"}, "ne part pas en clair"),
    ],
)
def test_a_login_at_the_relay_is_whole_and_never_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], sentence: str
) -> None:
    for name, value in said.items():
        monkeypatch.setenv(f"ESTUAIRE_SMTP_{name}", value)

    with pytest.raises(Invalid, match=f"^Réglages.*{sentence}"):
        read_settings()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"KAFKA_USER": "epci"}, "ESTUAIRE_KAFKA_USER et ESTUAIRE_KAFKA_PASSWORD vont avec"),
        ({"KAFKA_SECURITY": "sasl_ssl", "KAFKA_USER": "epci"}, "vont avec ESTUAIRE_KAFKA_SECURITY=sasl_ssl"),
        ({"KAFKA_CA_FILE": "ca.pem"}, "Des certificats ne servent qu’avec ESTUAIRE_KAFKA_SECURITY=ssl"),
        ({"KAFKA_SECURITY": "ssl", "KAFKA_CA_FILE": "absent.pem"}, "absent.pem n’est pas un fichier lisible"),
        ({"KAFKA_SECURITY": "ssl", "KAFKA_KEY_FILE": "x"}, "ESTUAIRE_KAFKA_KEY_FILE vont ensemble"),
        (
            {
                "TERRITORY_BOOTSTRAP": "kafka.example.org:9092",
                "KAFKA_SECURITY": "sasl_plaintext",
                "KAFKA_USER": "epci",
                "KAFKA_PASSWORD": "secret-de-l-epci",
            },
            "ne part pas en clair vers une autre machine",
        ),
        ({"TERRITORY_BOOTSTRAP": "", "KAFKA_SECURITY": "ssl"}, "demandent ESTUAIRE_TERRITORY_BOOTSTRAP"),
        ({"TERRITORY_BOOTSTRAP": "", "LOCAL_BOOTSTRAP": "127.0.0.1:9"}, "demande ESTUAIRE_TERRITORY_BOOTSTRAP"),
        ({"LOCAL_SECURITY": "ssl"}, "demandent ESTUAIRE_LOCAL_BOOTSTRAP"),
        ({"LOCAL_BOOTSTRAP": "127.0.0.1:8", "LOCAL_USER": "epci"}, "ESTUAIRE_LOCAL_USER et ESTUAIRE_LOCAL_PASSWORD"),
    ],
)
def test_a_way_to_a_cluster_is_whole_and_never_says_its_password(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], sentence: str
) -> None:
    for name, value in said.items():
        monkeypatch.setenv(f"ESTUAIRE_{name}", value)

    with pytest.raises(Invalid, match=sentence) as refused:
        read_settings()
    assert refused.value.detail.startswith("Réglages\u00a0: ")
    assert "secret-de-l-epci" not in refused.value.detail


@pytest.mark.parametrize("variable", ["ESTUAIRE_SECRETS_DIR", "CREDENTIALS_DIRECTORY"])
def test_a_password_may_be_a_file_and_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    (tmp_path / "estuaire_kafka_password").write_text("secret-de-l-epci\n", encoding="utf-8")
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("ESTUAIRE_KAFKA_SECURITY", "sasl_plaintext")
    monkeypatch.setenv("ESTUAIRE_KAFKA_USER", "epci")

    access = read_settings().territory_access()

    assert access.password is not None
    assert access.password.get_secret_value() == "secret-de-l-epci"
    assert "secret-de-l-epci" not in repr(access) + repr(read_settings())


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "court", "Au moins 32 caractères"),
        ("LOG_LEVEL", "verbose", "'DEBUG', 'INFO', 'WARNING' ou 'ERROR'"),
        ("HEARTBEAT_SECONDS", "0", "au moins 1"),
    ],
)
def test_a_wrong_setting_says_what_it_may_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"ESTUAIRE_{name}", value)
    with pytest.raises(Invalid, match=sentence):
        read_settings()


def test_a_name_that_nothing_reads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unread() == []
    monkeypatch.setenv("ESTUAIRE_PORTE", "8001")
    assert unread() == ["ESTUAIRE_PORTE"]


def test_a_data_folder_that_is_a_file_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ESTUAIRE_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(Invalid, match="ESTUAIRE_DATA_DIR"):
        read_settings().prepare_data_dir()


def test_a_port_that_is_taken_is_told_before_anything_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("ESTUAIRE_PORT", str(port))
        with pytest.raises(Invalid, match=f"port {port}\u00a0: l’adresse n’est pas libre"):
            serve([])
    assert not list(tmp_path.rglob("*.sqlite"))


def test_a_server_of_databases_that_is_away_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTUAIRE_PROJECTS_DATABASE_URL", f"postgresql://u:secret@127.0.0.1:{free_port()}/db")
    with pytest.raises(Unavailable, match=r"La base projects ne répond pas\."):
        migrate()


def test_a_folder_of_secrets_that_is_not_there_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTUAIRE_SECRETS_DIR", "/nulle/part")

    with pytest.raises(Invalid, match=r"ESTUAIRE_SECRETS_DIR.*/nulle/part"):
        read_settings()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "n’est pas du YAML"),
        ("name: Essai\ncode: TI\nmembers: [{code: A}]", r"members\.0\.siren \(Ce champ manque\)\u202f; "),
        ("name: Essai\ncode: TI\nmembers: [{siren: '1'}]", r"members\.0\.siren \(Un SIREN compte 9 chiffres"),
    ],
)
def test_a_territory_file_says_where_it_is_wrong(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(Invalid, match=sentence) as refused:
        read_territory(tmp_path / "wrong.yaml")
    assert "type=" not in refused.value.detail


def test_an_unknown_database_is_named_with_those_there_are() -> None:
    with pytest.raises(Invalid, match=r"Base inconnue : facture\. Choisissez parmi projects, "):
        migration("facture", "add nothing")


def test_a_token_shows_until_when_it_opens() -> None:
    RUN.invoke(tokens, ["add", "Sans fin"])
    RUN.invoke(tokens, ["add", "Un jour", "--role", "integrator", "--days", "1"])

    today = RUN.invoke(tokens, ["list"]).output
    with shifted(timedelta(days=2)):
        later = RUN.invoke(tokens, ["list"]).output

    assert today.count("actif") == 2
    assert "expiré" not in today
    assert (later.count("actif"), later.count("expiré")) == (1, 1)


@pytest.mark.parametrize("options", [["--role", "visitor"], ["--days", "0"], ["--days", "99999"]])
def test_a_token_nobody_can_use_is_not_made(options: list[str]) -> None:
    refused = RUN.invoke(tokens, ["add", "Essai", *options])

    assert refused.exit_code == 2
    assert "Essai" not in RUN.invoke(tokens, ["list"]).output
