"""The root of a service’s tables: a registry of its own, with named constraints."""

from types import new_class
from typing import Any, TypeVar, cast

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

C = TypeVar("C", bound=SQLModel)

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


def table_of(root: type[SQLModel], columns: type[C], *, name: str, constraints: tuple[Any, ...] = ()) -> type[C]:
    """Declare under the root of a service a table that every service has, and return its class."""
    body = {
        "__tablename__": name,
        "__table_args__": constraints,
        "__module__": root.__module__,
        "__doc__": columns.__doc__,
    }
    made = new_class(name.title().replace("_", ""), (root, columns), {"table": True}, lambda space: space.update(body))
    return cast(type[C], made)
