"""The way in: what clients are told of a cluster, and why one cannot be reached, which their errors do not say."""

import asyncio
import socket
import ssl
from enum import Enum
from typing import Any

import structlog
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from faststream.security import BaseSecurity, SASLScram512

from shared.settings import SCRAM, KafkaAccess

log = structlog.get_logger(__name__)

ASKED_SECONDS = 3.0
CLOSING_SECONDS = 1.0


class Welcome(Enum):
    """How a cluster receives us."""

    ANSWERS = "answers"
    UNKNOWN_NAME = "unknown_name"
    UNREACHABLE = "unreachable"
    SILENT = "silent"  # the port is open and nothing that speaks Kafka in this way is behind it
    CERTIFICATE = "certificate"
    TLS = "tls"
    CREDENTIALS = "credentials"
    MECHANISM = "mechanism"


# What goes by itself; the rest waits for somebody to correct a setting or a right.
PASSING = {Welcome.ANSWERS, Welcome.UNREACHABLE, Welcome.SILENT}


def client_options(access: KafkaAccess) -> dict[str, Any]:
    """Return what every client of aiokafka is given to reach a cluster."""
    options: dict[str, Any] = {
        "bootstrap_servers": access.bootstrap,
        "security_protocol": access.security.upper(),
        "ssl_context": access.tls,
    }
    if access.named:
        options |= {
            "sasl_mechanism": SCRAM,
            "sasl_plain_username": access.user,
            "sasl_plain_password": _password(access),
        }
    return options


def broker_security(access: KafkaAccess) -> BaseSecurity:
    """Return the same for FastStream."""
    if access.named:
        return SASLScram512(access.user, _password(access), ssl_context=access.tls, use_ssl=access.secured)
    return BaseSecurity(ssl_context=access.tls, use_ssl=access.secured)


async def knock(access: KafkaAccess, *, patience: float = ASKED_SECONDS) -> Welcome:
    """Try each address of a cluster in turn; tell that one answers us, or what the last one made of it.

    Args:
        access: the way in.
        patience: how long each address may take, in seconds.
    """
    found = Welcome.UNREACHABLE
    for address in access.bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        found = Welcome.UNKNOWN_NAME
        if port.isdigit():
            found = await _knock(access, host.strip("[]"), int(port), patience=patience)
        if found is Welcome.ANSWERS:
            break
    return found


async def tell_away(access: KafkaAccess, *, client: str, error: BaseException) -> None:
    """Log that a cluster could not be reached, and why: its absence and a wrong password raise the same error."""
    found = await knock(access)
    told = log.info if found in PASSING else log.error
    told("kafka_away", client=client, error=type(error).__name__, reason=found.value)


async def _knock(access: KafkaAccess, host: str, port: int, *, patience: float) -> Welcome:
    options = client_options(access)
    del options["bootstrap_servers"]
    connection = AIOKafkaConnection(host, port, request_timeout_ms=int(patience * 1000), **options)
    found = Welcome.ANSWERS
    try:
        # Several requests, each with its own bound; this is that of the whole.
        await asyncio.wait_for(connection.connect(), patience)
    except OSError as error:  # no line was ever open
        return _judge(error)
    except KafkaError as error:
        found = _judge(error)
    await asyncio.wait([connection.close()], timeout=CLOSING_SECONDS)
    return found


def _judge(error: Exception) -> Welcome:
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Welcome], ...] = (
        (ssl.SSLCertVerificationError, Welcome.CERTIFICATE),
        (ssl.SSLError, Welcome.TLS),
        ((SaslAuthenticationFailed, ClusterAuthorizationFailedError), Welcome.CREDENTIALS),
        (UnsupportedSaslMechanismError, Welcome.MECHANISM),
        (socket.gaierror, Welcome.UNKNOWN_NAME),
        ((KafkaError, TimeoutError, ConnectionResetError), Welcome.SILENT),
    )
    return next((found for kind, found in kinds if isinstance(error, kind)), Welcome.UNREACHABLE)


def _password(access: KafkaAccess) -> str:
    return access.password.get_secret_value() if access.password else ""
