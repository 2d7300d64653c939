"""Settings of an instance: ``ESTUAIRE_`` variables, read once at the edge and handed down as objects."""

import secrets
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.fields import Line, Siren, Url


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
    secret_key: SecretStr | None = None
    log_level: str = "INFO"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    mail_from: Line = ""
    heartbeat_seconds: float = Field(default=60, ge=1, le=3600)
    limits: dict[str, int] = Field(default_factory=dict)

    def database_url(self, service: str) -> str:
        """Return where a service keeps its tables: a SQLite file of the data folder."""
        return f"sqlite+aiosqlite:///{self.data_dir.resolve() / service}.sqlite"

    def secret(self) -> str:
        """Return the key of signed links: the setting, else one drawn once and kept beside the databases."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        kept = self.data_dir / "secret.key"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(48), encoding="ascii")
        return kept.read_text(encoding="ascii")
