"""Settings read once, here at the edge; each mistake is one French sentence."""

import os
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import SettingsError

from shared.errors import Invalid
from shared.http.refusals import field_of, french
from shared.settings import ClusterSettings, InstanceSettings, KafkaAccess

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


def _read(kind: type[S], **said: Any) -> S:  # noqa: ANN401 - settings of any type
    try:
        return kind(_secrets_dir=_secrets_dir(), **said)
    except SettingsError as refused:
        field = str(refused).partition('"')[2].partition('"')[0]
        raise Invalid(f"Réglage ESTUAIRE_{field.upper()}\u00a0: écrivez-le en JSON, sans faute.") from refused
    except ValidationError as refused:
        lines = [_line(field_of(one["loc"]), french(one["type"], one["msg"])) for one in refused.errors()]
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


def _line(field: str, sentence: str) -> str:
    return f"Réglage ESTUAIRE_{field.upper()}\u00a0: {sentence}" if field else f"Réglages\u00a0: {sentence}"
