"""Settings read once, here at the edge; each mistake is one French sentence."""

from pydantic import ValidationError
from pydantic_settings import SettingsError

from shared.errors import Invalid
from shared.http.refusals import field_of, french
from shared.settings import InstanceSettings


def read_settings() -> InstanceSettings:
    """Return the settings of this instance.

    Raises:
        Invalid: names each variable and what is wrong with it.
    """
    try:
        return InstanceSettings()
    except SettingsError as refused:
        field = str(refused).partition('"')[2].partition('"')[0]
        raise Invalid(f"Réglage ESTUAIRE_{field.upper()}\u00a0: écrivez-le en JSON, sans faute.") from refused
    except ValidationError as refused:
        lines = [_line(field_of(one["loc"]), french(one["type"], one["msg"])) for one in refused.errors()]
        raise Invalid("\n".join(lines)) from refused


def _line(field: str, sentence: str) -> str:
    return f"Réglage ESTUAIRE_{field.upper()}\u00a0: {sentence}" if field else f"Réglages\u00a0: {sentence}"
