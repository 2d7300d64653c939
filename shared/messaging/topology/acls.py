"""Access rules of a cluster: read, added, taken away."""

from collections.abc import Collection, Iterable

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from shared.errors import Forbidden
from shared.messaging.topology.refusing import refused_by_kafka
from shared.messaging.topology.rights import CLUSTER, Resource, Right

ANY_HOST = "*"
_RESOURCES: dict[Resource, ResourceType] = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
}
_OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Describe": AclOperation.DESCRIBE,
    "Create": AclOperation.CREATE,
    "Alter": AclOperation.ALTER,
    "Delete": AclOperation.DELETE,
    "AlterConfigs": AclOperation.ALTER_CONFIGS,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}


def bindings(admin: AdminClient, *, patience: float) -> list[AclBinding]:
    """Return every rule of the cluster.

    Raises:
        Unavailable: the cluster does not answer.
        Forbidden: this access may not see them.
    """
    every = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]  # whoever; it is how this client says so
        None,  # type: ignore[arg-type]
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    try:
        # Without the right this client finds no rule instead of an error, and ends the process when asked for users.
        if AclOperation.DESCRIBE not in allowed_on_cluster(admin, patience=patience):
            raise Forbidden("Kafka ne laisse pas cet utilisateur lire les droits (Describe sur le cluster).")
        found: list[AclBinding] = admin.describe_acls(every, request_timeout=patience).result()
    except KafkaException as refused:
        raise refused_by_kafka(refused, doing="lire les droits") from refused
    return found


def allowed_on_cluster(admin: AdminClient, *, patience: float) -> set[AclOperation]:
    """Return what this access may do to the cluster as a whole."""
    asked = admin.describe_cluster(include_authorized_operations=True, request_timeout=patience)
    return set(asked.result().authorized_operations or ())


def binding_of(right: Right) -> AclBinding:
    """Return a right as Kafka’s client writes it."""
    pattern = ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL
    return AclBinding(
        _RESOURCES[right.resource],
        right.name if right.resource != "cluster" else CLUSTER,
        pattern,
        f"User:{right.user}",
        ANY_HOST,
        _OPERATIONS[right.operation],
        AclPermissionType.ALLOW,
    )


def key_of(binding: AclBinding) -> tuple[object, ...]:
    """Return what makes two rules the same one."""
    kinds = (binding.restype, binding.resource_pattern_type, binding.operation, binding.permission_type)
    return (binding.name, binding.principal, binding.host, *(str(one) for one in kinds))


def surplus_of(found: Iterable[AclBinding], *, wanted: Collection[Right], users: Collection[str]) -> list[AclBinding]:
    """Return the rules by which a user of ours may do more than planned."""
    planned = {key_of(binding_of(one)) for one in wanted}
    ours = {f"User:{user}" for user in users}
    return [
        one
        for one in found
        if one.principal in ours and one.permission_type is AclPermissionType.ALLOW and key_of(one) not in planned
    ]


def foreign_of(found: Iterable[AclBinding], *, users: Collection[str]) -> list[AclBinding]:
    """Return the rules on our topics that name nobody of ours, and those that forbid something to one of ours."""
    ours = {f"User:{user}" for user in users}
    return [
        one
        for one in found
        if (one.principal not in ours and _touches_ours(one))
        or (one.principal in ours and one.permission_type is AclPermissionType.DENY)
    ]


def _touches_ours(binding: AclBinding) -> bool:
    if binding.restype is not ResourceType.TOPIC:
        return False
    prefixed = binding.resource_pattern_type is ResourcePatternType.PREFIXED
    return binding.name == "*" or binding.name.startswith("ti.") or (prefixed and "ti.".startswith(binding.name))


def add(admin: AdminClient, rights: Collection[Right], *, patience: float) -> None:
    """Grant rights, returning once the cluster has them.

    Raises:
        Unavailable: the cluster does not answer.
        Forbidden: this access may not.
    """
    if not rights:
        return
    try:
        for made in admin.create_acls([binding_of(one) for one in rights], request_timeout=patience).values():
            made.result()
    except KafkaException as refused:
        raise refused_by_kafka(refused, doing="donner un droit") from refused


def remove(admin: AdminClient, unwanted: Collection[AclBinding], *, patience: float) -> None:
    """Take rules away, returning once the cluster has forgotten them.

    Raises:
        Unavailable: the cluster does not answer.
        Forbidden: this access may not.
    """
    if not unwanted:
        return
    filters = [
        AclBindingFilter(
            one.restype,
            one.name,
            one.resource_pattern_type,
            one.principal,
            one.host,
            one.operation,
            one.permission_type,
        )
        for one in unwanted
    ]
    try:
        for gone in admin.delete_acls(filters, request_timeout=patience).values():
            gone.result()
    except KafkaException as refused:
        raise refused_by_kafka(refused, doing="retirer un droit") from refused


def told(binding: AclBinding) -> str:
    """Return a rule in words, for whoever reads a plan."""
    prefix = "*" if binding.resource_pattern_type is ResourcePatternType.PREFIXED else ""
    verb = "interdit" if binding.permission_type is AclPermissionType.DENY else "permis"
    operation, resource = (str(one).partition(".")[2].lower() for one in (binding.operation, binding.restype))
    return f"{operation} sur {resource} {binding.name}{prefix} ({verb})"
