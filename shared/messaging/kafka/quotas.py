"""Quotas of users, which the other client cannot read or set: two requests of the protocol itself."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, NoError, for_code
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from shared.errors import Forbidden, Unavailable
from shared.messaging.kafka.access import client_options
from shared.settings import KafkaAccess

USER = "user"
ANY_NAME = 2
STRICT = True  # of users alone, not of users combined with client ids
VALIDATE_ONLY = False
PATIENCE_SECONDS = 20.0
Quotas = Mapping[str, Mapping[str, float]]
"""By user, by name of the quota."""


async def quotas_of(access: KafkaAccess) -> dict[str, dict[str, float]]:
    """Return the quotas of every user that has one.

    Raises:
        Forbidden: this access may not see them.
        Unavailable: the cluster does not answer.
    """
    async with _asking(access) as ask:
        answer = await ask(DescribeClientQuotasRequest([(USER, ANY_NAME, None)], STRICT))
        _check(answer.error_code)
    return {entity[0][1]: dict(values) for entity, values in answer.entries if entity[0][1] is not None}


async def set_quotas(access: KafkaAccess, quotas: Quotas, *, known: Quotas) -> None:
    """Give users these quotas and no others; ``known`` are those they have.

    Raises:
        Forbidden: this access may not set them.
        Unavailable: the cluster does not answer.
    """
    entries = []
    for user, wanted in quotas.items():
        steps = [(name, float(value), False) for name, value in wanted.items()]
        steps += [(name, 0.0, True) for name in known.get(user, {}) if name not in wanted]
        entries.append(([(USER, user)], steps))
    async with _asking(access) as ask:
        answer = await ask(AlterClientQuotasRequest(entries))
        for code, _, _ in answer.entries:
            _check(code)


class AlterClientQuotasResponse_v0(Response):  # type: ignore[misc]  # noqa: N801 - as aiokafka names its own
    """Answer to it: per entity, what became of it."""

    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "entries",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))),
            ),
        ),
    )


class AlterClientQuotasRequest_v0(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as aiokafka names its own
    """The request that sets quotas, as the protocol guide of Kafka lays it out (key 49, version 0)."""

    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = AlterClientQuotasResponse_v0
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))),
                ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class AlterClientQuotasRequest(Request[AlterClientQuotasRequest_v0]):  # type: ignore[misc]
    """Sets quotas: per entity the names, values, and whether to take them away."""

    API_KEY = 49

    def __init__(self, entries: list[tuple[list[tuple[str, str]], list[tuple[str, float, bool]]]]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[AlterClientQuotasRequest_v0]) -> AlterClientQuotasRequest_v0:
        """Return it as it goes on the wire."""
        return request_struct_class(self._entries, VALIDATE_ONLY)


@asynccontextmanager
async def _asking(access: KafkaAccess) -> AsyncIterator[Any]:
    client = AIOKafkaClient(**client_options(access), request_timeout_ms=int(PATIENCE_SECONDS * 1000))

    async def ask(request: Request[Any]) -> Any:  # noqa: ANN401 - a struct of the protocol
        node = client.get_random_node()
        return await client.send(node, request)

    try:
        await asyncio.wait_for(client.bootstrap(), PATIENCE_SECONDS)
        yield ask
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable("Kafka ne répond pas à la demande de quotas.", retry_after=5) from error
    finally:
        await client.close()


def _check(code: int) -> None:
    kind = for_code(code)
    if kind.__name__ == "ClusterAuthorizationFailedError":
        raise Forbidden("Cet accès ne peut pas lire ou fixer les quotas (droit AlterConfigs sur le cluster).")
    if kind is not NoError:
        raise kind
