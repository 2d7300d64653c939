"""The topology file: who may come to the cluster of a territory, as what, and how much at a time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import Invalid
from shared.fields import Line, Siren, Written
from shared.mistakes import listed
from shared.territory.members import Territory

# What a user of Kafka and a resource of Kubernetes may both be called.
User = Annotated[
    str,
    Written(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "Lettres minuscules sans accent, chiffres, et entre eux des tirets ; 63 au plus.",
    ),
]
GroupPrefix = Annotated[
    str,
    Written(r"^[a-z0-9][a-z0-9-]{1,60}\.$", "Lettres minuscules sans accent, chiffres et tirets, puis un point."),
]
Bytes = Annotated[int, Field(ge=1024)]
Percent = Annotated[int, Field(ge=1, le=10_000)]
OPERATOR = "estuaire-topologie"


class Strict(BaseModel):
    """A part of the file: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Quotas(Strict):
    """What a user may use of each broker."""

    producer_bytes: Bytes
    consumer_bytes: Bytes
    request_percent: Percent
    """Share of the time of request threads; 100 is one thread."""

    @property
    def entries(self) -> dict[str, float]:
        """Return them under the names that Kafka gives them."""
        return {
            "producer_byte_rate": self.producer_bytes,
            "consumer_byte_rate": self.consumer_bytes,
            "request_percentage": self.request_percent,
        }


INSTANCE_QUOTAS = Quotas(producer_bytes=5_000_000, consumer_bytes=20_000_000, request_percent=100)
INTEGRATOR_QUOTAS = Quotas(producer_bytes=1024, consumer_bytes=2_000_000, request_percent=25)


class InstanceEntry(Strict):
    """A member whose user differs from the usual one."""

    siren: Siren
    user: User | None = None
    quotas: Quotas | None = None
    private_elsewhere: bool = False
    """Whether its private topics are on a cluster of its own (ESTUAIRE_LOCAL_BOOTSTRAP)."""


class Integrator(Strict):
    """Somebody from outside who reads."""

    user: User
    reads: Literal["public", "territory"] = "public"
    group_prefix: GroupPrefix
    agreement: Line = ""
    quotas: Quotas | None = None

    @model_validator(mode="after")
    def _has_an_agreement(self) -> Self:
        if self.reads == "territory" and not self.agreement:
            raise ValueError("lire le territoire demande une convention\u00a0: nommez-la dans « agreement »")
        return self


class TopologyFile(Strict):
    """Who may come, beside the members named by the territory file."""

    replicas: int = Field(default=3, ge=1, le=5)
    operator: User = OPERATOR
    instance_quotas: Quotas = INSTANCE_QUOTAS
    integrator_quotas: Quotas = INTEGRATOR_QUOTAS
    instances: tuple[InstanceEntry, ...] = ()
    integrators: tuple[Integrator, ...] = ()

    def user_of(self, siren: str) -> str:
        """Return the user of an instance."""
        return self.entry(siren).user or f"epci-{siren}"

    def entry(self, siren: str) -> InstanceEntry:
        """Return what the file says of a member, or what holds when it says nothing."""
        return next((one for one in self.instances if one.siren == siren), InstanceEntry(siren=siren))

    @model_validator(mode="after")
    def _keeps_integrators_apart(self) -> Self:
        prefixes = [one.group_prefix for one in self.integrators]
        _distinct(prefixes, "group_prefix")
        _distinct([one.siren for one in self.instances], "siren")
        if any(prefix[:-1].isdigit() for prefix in prefixes):
            raise ValueError("un préfixe de groupe en chiffres prendrait celui d’un EPCI")
        return self


def read_topology(file: Path, territory: Territory) -> TopologyFile:
    """Return what a file says of the users of a territory.

    Raises:
        Invalid: it is missing, is not YAML, breaks a rule, or does not go with the territory; the sentence says which.
    """
    try:
        read = TopologyFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
        _match(read, territory)
    except OSError as refused:
        raise Invalid(f"Le fichier de topologie est introuvable\u00a0: {file}.") from refused
    except (yaml.YAMLError, UnicodeDecodeError) as refused:
        raise Invalid(f"Le fichier de topologie {file} n’est pas du YAML.") from refused
    except ValidationError as refused:
        raise Invalid(f"Le fichier de topologie {file} est à corriger\u00a0: {listed(refused.errors())}.") from refused
    except ValueError as refused:
        raise Invalid(f"Le fichier de topologie {file} est à corriger\u00a0: {refused}.") from refused
    return read


def _match(read: TopologyFile, territory: Territory) -> None:
    strangers = sorted({one.siren for one in read.instances} - set(territory.sirens))
    if strangers:
        raise ValueError(f"le territoire ne connaît pas {', '.join(strangers)}")
    users = [read.user_of(siren) for siren in territory.sirens]
    _distinct([*users, *(one.user for one in read.integrators), read.operator], "user")


def _distinct(values: Iterable[str], field: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"« {value} » sert deux fois de {field}")
        seen.add(value)
