"""The client that administers a cluster: what librdkafka is told of the way in."""

from pathlib import Path

from confluent_kafka.admin import AdminClient

from shared.settings import SCRAM, KafkaAccess


def admin_client(access: KafkaAccess) -> AdminClient:
    """Return an administrator’s client of a cluster; keep it referenced, or its futures never resolve."""
    return AdminClient(client_options(access))


def client_options(access: KafkaAccess) -> dict[str, str | int | float | bool]:
    """Return what a client of librdkafka is given to reach a cluster."""
    options: dict[str, str | int | float | bool] = {
        "bootstrap.servers": access.bootstrap,
        "security.protocol": access.security,
        "log_level": 2,
        "socket.timeout.ms": 10_000,
    }
    if access.secured:
        options |= {"ssl.ca.location": _said(access.ca_file) or "probe"}
    if access.certificate_file is not None:
        options |= {"ssl.certificate.location": _said(access.certificate_file)}
        options |= {"ssl.key.location": _said(access.key_file)}
    if access.named:
        password = access.password.get_secret_value() if access.password else ""
        options |= {"sasl.mechanisms": SCRAM, "sasl.username": access.user, "sasl.password": password}
    return options


def _said(file: Path | None) -> str:
    return str(file) if file else ""
