"""What an operator does to topics, and what the cluster then says of them."""

from collections.abc import Sequence

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from tests.support.waiting import eventually


def operator(bootstrap: str) -> AdminClient:
    """Return an operator of an open cluster."""
    return AdminClient({"bootstrap.servers": bootstrap})


def forget(bootstrap: str, sirens: Sequence[str]) -> None:
    """Delete every topic of some EPCI: a node that holds those of a whole run slows down and runs out of memory."""
    admin = operator(bootstrap)
    gone = [name for name in admin.list_topics(timeout=10).topics if set(name.split(".")) & set(sirens)]
    for answer in admin.delete_topics(gone).values() if gone else ():
        answer.result()


def described(admin: AdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the configuration of topics, as the cluster tells it."""
    answers = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in names])
    return {
        resource.name: {key: entry.value for key, entry in answer.result().items()}
        for resource, answer in answers.items()
    }


async def change(admin: AdminClient, topic: str, *, key: str, value: str) -> None:
    """Change one setting of a topic, and return once the cluster says so."""
    alter(admin, topic, key=key, value=value)

    async def told() -> bool:
        return described(admin, [topic])[topic][key] == value

    await eventually(told)


def alter(admin: AdminClient, topic: str, *, key: str, value: str) -> None:
    """Ask for another setting of a topic."""
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    for answer in admin.incremental_alter_configs([resource]).values():
        answer.result()
