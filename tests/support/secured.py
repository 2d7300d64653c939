"""A real Kafka that asks who comes: TLS, SCRAM-SHA-512, access rules, an authenticated controller; on loopback only."""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from shared.messaging.embedded.node import LocalKafka
from shared.messaging.embedded.storage import Shape
from shared.messaging.kafka import acknowledges
from shared.settings import KafkaAccess
from tests.support.broker import free_port

ADMIN = "estuaire-admin"
_CONTROLLER = "controller"
_PEM = serialization.Encoding.PEM
_MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Secured:
    """A secured node that serves: how its administrator reaches it, and who vouches for its name."""

    node: LocalKafka
    admin: KafkaAccess
    authority: trustme.CA
    by_certificate: str
    """Address of the listener that knows its clients by their certificates."""

    def access(self, user: str, password: str) -> KafkaAccess:
        """Return the way in of somebody else."""
        return replace(self.admin, user=user, password=SecretStr(password))

    def environment(self, user: str, password: str, *, which: str = "KAFKA") -> dict[str, str]:
        """Return the same as settings of an instance, without the address."""
        return {
            f"ESTUAIRE_{which}_SECURITY": self.admin.security,
            f"ESTUAIRE_{which}_USER": user,
            f"ESTUAIRE_{which}_PASSWORD": password,
            f"ESTUAIRE_{which}_CA_FILE": str(self.admin.ca_file),
        }


def authority_in(folder: Path) -> tuple[trustme.CA, Path]:
    """Return an authority that nobody else trusts, and the file of its certificate."""
    authority = trustme.CA()
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return authority, file


def secured_shape(
    folder: Path,
    *,
    password: str,
    authority: trustme.CA,
    by_certificate: int,
    doors: Mapping[str, tuple[int, int]] | None = None,
) -> Shape:
    """Return what makes a node a secured one; its files are kept in ``folder``.

    Args:
        folder: exists, and lasts as long as the node.
        password: that of ``ADMIN``, the one user there is after formatting. Neither ``$`` nor a quote in it.
        authority: signs the node’s certificate, and those of clients.
        by_certificate: port of a second listener, for clients that show a certificate.
        doors: more listeners for users, by name: the port, and the one that clients are told.
    """
    controller = secrets.token_urlsafe(24)
    plain, scram = "plain.PlainLoginModule", "scram.ScramLoginModule"
    return Shape(
        properties={
            **_listeners(by_certificate, doors or {}),
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            _jaas("sasl_ssl"): _login(scram, ADMIN, password),
            # A broker that nobody knows is refused its own registration; SCRAM users are not known that early.
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": _login(
                plain, _CONTROLLER, controller, f'user_{_CONTROLLER}="{controller}"'
            ),
            **_certificates(folder, authority),
            "listener.name.ssl.ssl.client.auth": "required",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": f"User:{ADMIN};User:{_CONTROLLER}",
        },
        format_arguments=("--add-scram", f"SCRAM-SHA-512=[name={ADMIN},password={password}]"),
    )


def _listeners(by_certificate: int, doors: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    base, certificate = "SASL_SSL://127.0.0.1:$broker_port", f"SSL://127.0.0.1:{by_certificate}"
    listened = [f"{name}://127.0.0.1:{port}" for name, (port, _) in doors.items()]
    told = [f"{name}://127.0.0.1:{port}" for name, (_, port) in doors.items()]
    protocols = ["SASL_SSL:SASL_SSL", "SSL:SSL", "CONTROLLER:SASL_PLAINTEXT"]
    return {
        "listeners": ",".join([base, "CONTROLLER://127.0.0.1:$controller_port", certificate, *listened]),
        "advertised.listeners": ",".join([base, certificate, *told]),
        "listener.security.protocol.map": ",".join([*protocols, *(f"{name}:SASL_SSL" for name in doors)]),
        **{_jaas(name): f"{_MODULES}.scram.ScramLoginModule required;" for name in doors},
    }


def _certificates(folder: Path, authority: trustme.CA) -> dict[str, str]:
    server, trusted = folder / "server.pem", folder / "authority.pem"
    _write_key_and_chain(server, authority.issue_cert("localhost", "127.0.0.1"))
    authority.cert_pem.write_to_path(str(trusted))
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(trusted),
    }


@contextmanager
def secured_kafka(folder: Path) -> Iterator[Secured]:
    """Run a secured node on an empty folder while the block runs; call it from a thread that lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, ca_file = authority_in(folder)
    password, port = secrets.token_urlsafe(24), free_port()
    shape = secured_shape(folder, password=password, authority=authority, by_certificate=port)
    node = LocalKafka(folder / "kafka", shape=shape)
    admin = KafkaAccess("", "sasl_ssl", ADMIN, SecretStr(password), ca_file=ca_file)
    asyncio.run(node.start(probe=partial(acknowledges, access=admin)))
    try:
        yield Secured(node, replace(admin, bootstrap=node.bootstrap), authority, f"127.0.0.1:{port}")
    finally:
        asyncio.run(node.stop())


def client_certificate(folder: Path, authority: trustme.CA, *, name: str) -> tuple[Path, Path]:
    """Return the files of a certificate and key in the name of a client."""
    issued = authority.issue_cert(f"{name}.example.org", common_name=name)
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    return chain, key


def _login(module: str, user: str, password: str, *more: str) -> str:
    options = " ".join((f'username="{user}"', f'password="{password}"', *more))
    return f"{_MODULES}.{module} required {options};"


def _jaas(listener: str) -> str:
    return f"listener.name.{listener.lower()}.scram-sha-512.sasl.jaas.config"


def _write_key_and_chain(file: Path, issued: trustme.LeafCert) -> None:
    """Write what Kafka reads: its PEM store knows keys of the form PKCS 8 only."""
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), password=None)
    text = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.touch(mode=0o600)
    file.write_bytes(text + b"".join(blob.bytes() for blob in issued.cert_chain_pems))
