"""Settings read once, here at the edge; each mistake is one French sentence."""

import os
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import DotEnvSettingsSource, SettingsError

from shared.errors import Invalid
from shared.mistakes import place, sentence
from shared.settings import ClusterSettings, InstanceSettings, KafkaAccess

OTHERS = {"ESTUAIRE_SECRETS_DIR", "ESTUAIRE_CRASH_AT", "ESTUAIRE_KAFKA_FOLDER", "ESTUAIRE_MAVEN_REPOSITORY"}
"""Read elsewhere than in the settings of an instance."""
S = TypeVar("S", bound=ClusterSettings)


def read_settings() -> InstanceSettings:
    """Return the settings of this instance.

    Raises:
        Invalid: names each variable and what is wrong with it.
    """
    return _read(InstanceSettings)


def read_access(bootstrap: str) -> KafkaAccess:
    """Return the way to a cluster as the environment describes it; an ``.env`` file is an instance’s, and not read.

    Raises:
        Invalid: names each variable and what is wrong with it.
    """
    return _read(ClusterSettings, territory_bootstrap=bootstrap).territory_access()


def unread() -> list[str]:
    """Return the variables, of the environment and of ``.env``, that are named like ours and that nothing reads."""
    filed = DotEnvSettingsSource(InstanceSettings).env_vars
    said = {*os.environ, *(name.upper() for name in filed)}
    known = {f"ESTUAIRE_{name.upper()}" for name in InstanceSettings.model_fields} | OTHERS
    return sorted(
        name for name in said - known if name.startswith("ESTUAIRE_") and not name.startswith("ESTUAIRE_TEST")
    )


def _read(kind: type[S], **said: Any) -> S:  # noqa: ANN401 - settings of any type
    try:
        return kind(_secrets_dir=_secrets_dir(), **said)
    except SettingsError as refused:
        field = str(refused).partition('"')[2].partition('"')[0]
        raise Invalid(f"Réglage ESTUAIRE_{field.upper()}\u00a0: écrivez-le en JSON, sans faute.") from refused
    except ValidationError as refused:
        lines = [_line(place(one["loc"]), _sentence(one)) for one in refused.errors()]
        raise Invalid("\n".join(lines)) from refused


def _secrets_dir() -> Path | None:
    """Return the folder of files named after settings: the one said, else the one in which systemd lays credentials.

    Raises:
        Invalid: it is not there.
    """
    said = os.environ.get("ESTUAIRE_SECRETS_DIR") or os.environ.get("CREDENTIALS_DIRECTORY")
    if said and not Path(said).is_dir():
        raise Invalid(f"Réglage ESTUAIRE_SECRETS_DIR\u00a0: le dossier {said} n’existe pas.")
    return Path(said) if said else None


def _sentence(error: ErrorDetails) -> str:
    if error["type"] == "too_short":  # what is secret has no length of its own kind
        return f"Au moins {error['ctx']['min_length']} caractères."
    return sentence(error)


def _line(field: str, sentence: str) -> str:
    return f"Réglage ESTUAIRE_{field.upper()}\u00a0: {sentence}" if field else f"Réglages\u00a0: {sentence}"
