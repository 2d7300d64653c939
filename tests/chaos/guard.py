"""The layout ``secured``: TLS, a user and rights per EPCI, all made as the operator of a territory makes them."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from shared.messaging.embedded.node import LocalKafka
from shared.messaging.embedded.storage import Shape
from shared.messaging.kafka import acknowledges
from shared.messaging.topology import TopologyFile
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.support.broker import free_port
from tests.support.guests import Hosted, host
from tests.support.secured import ADMIN, Secured, authority_in, secured_shape


class Guard:
    """What a secured node asks for, and who has it."""

    def __init__(self, folder: Path) -> None:
        """Draw the secrets; ``folder`` is made, and lasts as long as the node."""
        folder.mkdir(parents=True)
        self._folder = folder.resolve()
        self._authority, ca_file = authority_in(self._folder)
        self._by_certificate = free_port()
        self._admin = KafkaAccess("", "sasl_ssl", ADMIN, SecretStr(secrets.token_urlsafe(24)), ca_file=ca_file)
        self._hosted: Hosted | None = None

    def shape(self, doors: Mapping[str, tuple[int, int]]) -> Shape:
        """Return what the node is, with a listener per EPCI."""
        assert self._admin.password is not None
        shape = secured_shape(
            self._folder,
            password=self._admin.password.get_secret_value(),
            authority=self._authority,
            by_certificate=self._by_certificate,
            doors=doors,
        )
        return replace(shape, properties={**shape.properties, **few_threads(doors)})

    def access(self, bootstrap: str) -> KafkaAccess:
        """Return the way in of the tools of a run, which may do anything."""
        return replace(self._admin, bootstrap=bootstrap)

    async def acknowledges(self, bootstrap: str) -> bool:
        """Tell whether a node takes a record."""
        return await acknowledges(bootstrap, access=self._admin)

    async def let_in(self, node: LocalKafka, territory: Territory) -> None:
        """Make topics, users, rights and quotas of a territory."""
        door = Secured(node, self.access(node.bootstrap), self._authority, f"127.0.0.1:{self._by_certificate}")
        self._hosted = await host(door, territory, TopologyFile(replicas=1), self._folder / "passwords")

    def environment(self, siren: str) -> dict[str, str]:
        """Return the settings by which an instance logs in; its user was made by ``let_in``."""
        assert self._hosted is not None
        user = self._hosted.file.user_of(siren)
        return self._hosted.node.environment(user, self._hosted.password(user))


def few_threads(doors: Iterable[str]) -> dict[str, str]:
    """Return settings that keep many listeners small."""
    return {f"listener.name.{name.lower()}.num.network.threads": "1" for name in doors}
