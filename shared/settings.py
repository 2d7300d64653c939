"""Settings of an instance: ``ESTUAIRE_`` variables, read once at the edge and handed down as objects."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PostgresDsn, SecretStr, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Invalid
from shared.fields import Line, Siren, Url

_POSTGRESQL: TypeAdapter[PostgresDsn] = TypeAdapter(PostgresDsn)
EXAMPLE = "postgresql://compte:motdepasse@serveur:5432/base"
SHORTEST_SECRET = 32
DATABASES = ("projects", "contacts", "events", "notifications", "identity")
Limit = Literal["public", "form", "unsubscribe", "token", "refused"]
Security = Literal["none", "starttls", "tls"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass(frozen=True)
class KafkaAccess:
    """How a cluster is reached."""

    bootstrap: str


class InstanceSettings(BaseSettings):
    """What one instance needs to know of itself and its surroundings."""

    model_config = SettingsConfigDict(env_prefix="ESTUAIRE_", env_file=".env", extra="ignore", frozen=True)

    siren: Siren
    territory_file: Path
    data_dir: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: Url = "http://127.0.0.1:8000"
    territory_bootstrap: Line = ""
    projects_database_url: SecretStr | None = None
    contacts_database_url: SecretStr | None = None
    events_database_url: SecretStr | None = None
    notifications_database_url: SecretStr | None = None
    identity_database_url: SecretStr | None = None
    secret_key: SecretStr | None = Field(default=None, min_length=32)
    log_level: Level = "INFO"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_security: Security = "none"
    smtp_user: Line = ""
    smtp_password: SecretStr | None = None
    mail_from: Line = ""
    heartbeat_seconds: float = Field(default=60, ge=1, le=3600)
    limits: dict[Limit, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_all_of_the_login(self) -> Self:
        if bool(self.smtp_user) != (self.smtp_password is not None):
            raise ValueError("ESTUAIRE_SMTP_USER et ESTUAIRE_SMTP_PASSWORD vont ensemble.")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError("Le mot de passe SMTP ne part pas en clair\u00a0: ESTUAIRE_SMTP_SECURITY=starttls ou tls.")
        return self

    @field_validator(*(f"{name}_database_url" for name in DATABASES))
    @classmethod
    def _is_postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        try:
            said = _POSTGRESQL.validate_python(url.get_secret_value())
        except ValidationError:
            raise ValueError(f"Seul PostgreSQL est pris en charge\u00a0: {EXAMPLE}.") from None
        if not (said.path or "").strip("/"):
            raise ValueError(f"Nommez la base\u00a0: {EXAMPLE}.")
        return SecretStr(f"postgresql+asyncpg://{str(said).partition('://')[2]}")

    @model_validator(mode="after")
    def _keeps_databases_apart(self) -> Self:
        said = [found.get_secret_value() for name in DATABASES if (found := self._url_said(name)) is not None]
        if len(set(said)) < len(said):
            raise ValueError("Chaque service a sa propre base\u00a0: deux adresses de base sont les mêmes.")
        return self

    def database_url(self, service: str) -> str:
        """Return where a service keeps its tables: PostgreSQL if an address is set, else a file of the data folder."""
        said = self._url_said(service)
        if said is not None:
            return said.get_secret_value()
        return f"sqlite+aiosqlite:///{self.data_dir.resolve() / service}.sqlite"

    def _url_said(self, service: str) -> SecretStr | None:
        said: SecretStr | None = getattr(self, f"{service}_database_url")
        return said

    def secret(self) -> str:
        """Return the key of signed links: the setting, else one drawn once and kept beside the databases."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        self.prepare_data_dir()
        kept = self.data_dir / "secret.key"
        if not kept.exists():
            _write_whole(kept, secrets.token_urlsafe(48))
        secret = kept.read_text(encoding="ascii")
        if len(secret) < SHORTEST_SECRET:
            raise Invalid(f"La clé {kept} est abîmée ; remettez-la depuis une sauvegarde.")
        return secret

    def prepare_data_dir(self) -> None:
        """Make the data folder, open to its owner alone: it holds names, addresses and the key of signed links."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)


def _write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
