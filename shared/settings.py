"""Settings of an instance: ``ESTUAIRE_`` variables, read once at the edge and handed down as objects."""

import os
import secrets
import ssl
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PostgresDsn, SecretStr, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Invalid
from shared.fields import Line, Siren, Url

_POSTGRESQL: TypeAdapter[PostgresDsn] = TypeAdapter(PostgresDsn)
EXAMPLE = "postgresql://compte:motdepasse@serveur:5432/base"
SHORTEST_SECRET = 32
SCRAM = "SCRAM-SHA-512"
"""How a user proves to a cluster that it knows its password, without saying it."""
RESTORING = "restauration-en-cours"
"""In the data folder while a backup is being put back."""
DATABASES = ("projects", "contacts", "events", "notifications", "identity")
Limit = Literal["public", "form", "unsubscribe", "token", "refused"]
Security = Literal["none", "starttls", "tls"]
KafkaSecurity = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass(frozen=True)
class KafkaAccess:
    """How a cluster is reached, and as whom; a password is a SCRAM-SHA-512 one."""

    bootstrap: str
    security: KafkaSecurity = "plaintext"
    user: str = ""
    password: SecretStr | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @property
    def secured(self) -> bool:
        """Whether the line is TLS."""
        return self.security in {"ssl", "sasl_ssl"}

    @property
    def named(self) -> bool:
        """Whether a user and a password are given."""
        return self.security in {"sasl_plaintext", "sasl_ssl"}

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """What verifies the brokers, their names included, and shows our own certificate; built once.

        Raises:
            Invalid: a file cannot be read, or is not what it should be.
        """
        if not self.secured:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as refused:
            raise Invalid(f"{self.ca_file} n’est pas un fichier lisible de certificats d’autorité (PEM).") from refused
        if self.certificate_file is not None:
            try:
                context.load_cert_chain(self.certificate_file, self.key_file)
            except OSError as refused:
                files = f"{self.certificate_file} et {self.key_file}"
                raise Invalid(f"{files} ne sont pas un certificat et sa clé, lisibles (PEM).") from refused
        return context

    @property
    def is_loopback(self) -> bool:
        """Whether every address is of this machine."""
        return all(_is_loopback(one.strip().rpartition(":")[0]) for one in self.bootstrap.split(","))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class ClusterSettings(BaseSettings):
    """The way to the cluster of the territory and, if it is another one, to that of private topics."""

    model_config = SettingsConfigDict(env_prefix="ESTUAIRE_", extra="ignore", frozen=True)

    territory_bootstrap: Line = ""
    kafka_security: KafkaSecurity = "plaintext"
    kafka_user: Line = ""
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    local_bootstrap: Line = ""
    local_security: KafkaSecurity = "plaintext"
    local_user: Line = ""
    local_password: SecretStr | None = None
    local_ca_file: Path | None = None
    local_certificate_file: Path | None = None
    local_key_file: Path | None = None

    def territory_access(self, bootstrap: str = "") -> KafkaAccess:
        """Return the way to the territory’s cluster, or to ``bootstrap`` in its stead."""
        return self._access("kafka", bootstrap or self.territory_bootstrap)

    def local_access(self) -> KafkaAccess | None:
        """Return the way to the cluster of private topics; nothing when it is the territory’s."""
        if self.local_bootstrap in {"", self.territory_bootstrap}:
            return None
        return self._access("local", self.local_bootstrap)

    def clusters(self, bootstrap: str = "") -> list[KafkaAccess]:
        """Return the ways to every cluster that the instance reads."""
        local = self.local_access()
        return [self.territory_access(bootstrap), *([local] if local else [])]

    def _access(self, which: str, bootstrap: str) -> KafkaAccess:
        said = {name: getattr(self, f"{which}_{name}") for name in KafkaAccess.__annotations__ if name != "bootstrap"}
        return KafkaAccess(bootstrap, **said)

    @model_validator(mode="after")
    def _names_the_cluster_it_secures(self) -> Self:
        if self.local_bootstrap and not self.territory_bootstrap:
            raise ValueError("ESTUAIRE_LOCAL_BOOTSTRAP demande ESTUAIRE_TERRITORY_BOOTSTRAP.")
        for which, bootstrap in (("kafka", self.territory_bootstrap), ("local", self.local_bootstrap)):
            access = self._access(which, bootstrap)
            if not bootstrap and access != KafkaAccess(""):
                address = "ESTUAIRE_TERRITORY_BOOTSTRAP" if which == "kafka" else "ESTUAIRE_LOCAL_BOOTSTRAP"
                raise ValueError(f"ESTUAIRE_{which.upper()}_SECURITY et ses suites demandent {address}.")
            said = _mistake(access)
            if said:
                raise ValueError(said.replace("ESTUAIRE_*", f"ESTUAIRE_{which.upper()}"))
        return self


def _mistake(access: KafkaAccess) -> str:
    """Return what is contradictory in the settings of one cluster; nothing when they hold together."""
    if access.named != bool(access.user and access.password) or bool(access.user) != bool(access.password):
        return "ESTUAIRE_*_USER et ESTUAIRE_*_PASSWORD vont avec ESTUAIRE_*_SECURITY=sasl_ssl, et l’un avec l’autre."
    if not access.secured and (access.ca_file or access.certificate_file or access.key_file):
        return "Des certificats ne servent qu’avec ESTUAIRE_*_SECURITY=ssl ou sasl_ssl."
    if bool(access.certificate_file) != bool(access.key_file):
        return "ESTUAIRE_*_CERTIFICATE_FILE et ESTUAIRE_*_KEY_FILE vont ensemble."
    if access.security == "sasl_plaintext" and not access.is_loopback:
        return "Un mot de passe Kafka ne part pas en clair vers une autre machine\u00a0: ESTUAIRE_*_SECURITY=sasl_ssl."
    try:
        _ = access.tls
    except Invalid as refused:
        return refused.detail
    return ""


class InstanceSettings(ClusterSettings):
    """What one instance needs to know of itself and its surroundings."""

    model_config = SettingsConfigDict(env_prefix="ESTUAIRE_", env_file=".env", extra="ignore", frozen=True)

    siren: Siren
    territory_file: Path
    data_dir: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: Url = "http://127.0.0.1:8000"
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
    otlp_endpoint: Url | Literal[""] = ""
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
        """Make the data folder, open to its owner alone: it holds names, addresses and the key of signed links.

        Raises:
            Invalid: it cannot be made, or is not ours.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.data_dir.chmod(0o700)
        except OSError as refused:
            remedy = "Indiquez un dossier que ce compte peut créer et fermer aux autres"
            raise Invalid(f"Réglage ESTUAIRE_DATA_DIR\u00a0: {self.data_dir} ne convient pas. {remedy}.") from refused

    def require_whole(self) -> None:
        """Return unless a backup was put back in part only.

        Raises:
            Invalid: says what to do.
        """
        if (self.data_dir / RESTORING).exists():
            raise Invalid("Une restauration a été interrompue. Relancez «\u00a0estuaire restore --force\u00a0».")


def _write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
