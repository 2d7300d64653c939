"""The root of a service’s tables: a registry of its own, with named constraints."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def own_registry() -> registry:
    """Return a new registry, so that two services may own tables of one name in one process."""
    return registry(metadata=MetaData(naming_convention=NAMES))
