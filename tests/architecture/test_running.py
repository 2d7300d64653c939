"""The running objects keep the rules of the house: routes, requests, contracts, tables, migrations."""

import importlib
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from inspect import isasyncgenfunction, iscoroutinefunction
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
import yaml
from alembic.script import ScriptDirectory
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from sqlmodel import SQLModel
from starlette.routing import BaseRoute

from services.host import SERVICES, build_app
from shared.contracts import CATALOGUE
from shared.contracts.base import Part, State, marks
from shared.db.migrate import config_for, drift
from shared.identity import models as identity
from shared.settings import InstanceSettings
from tests.support.code import told
from tests.support.databases import Store, opened
from tests.support.territory import make_territory, random_siren

BARE = (str, int, float, bytes, Decimal)
# Not APIRoutes: files of our own, the same for everybody.
PLAIN_PATHS = {"/static", "/theme.css"}
UNMARKED: dict[str, set[str]] = {}
"""Contract fields that never leave, by aggregate; a field without a mark must be listed here on purpose."""
PERSONAL_COLUMNS = frozenset(
    ("email", "phone", "name", "given_name", "family_name", "recipient", "recipient_name", "ip", "address")
)
NOT_OF_PEOPLE = {
    ("contacts", "company", "name"),
    ("contacts", "establishment", "address"),
    ("notifications", "log_counter", "name"),
    ("notifications", "newsletter_rule", "name"),
    ("projects", "saved_view", "name"),
}
PACKAGES = {service.package: service.metadata for service in SERVICES.values()} | {
    "shared.identity": identity.Base.metadata
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Return the application of an instance with its four services; it is never started."""
    folder = tmp_path_factory.mktemp("instance")
    siren = random_siren()
    file = folder / "territory.yaml"
    file.write_text(yaml.safe_dump(make_territory([siren]).model_dump(mode="json")), encoding="utf-8")
    settings = InstanceSettings(siren=siren, territory_file=file, data_dir=folder, _env_file=None)
    return build_app(list(SERVICES), settings)


def all_routes(app: FastAPI) -> list[BaseRoute]:
    """Return every route, those of included routers too."""
    return [context.original_route for context in iter_route_contexts(app.routes)]


def routes_of(app: FastAPI) -> list[APIRoute]:
    """Return every route of our own."""
    return [route for route in all_routes(app) if isinstance(route, APIRoute)]


def where(route: APIRoute) -> str:
    """Return file and line of a route’s handler, and its address."""
    code = route.endpoint.__code__
    path = Path(code.co_filename)
    return f"{path.parent.name}/{path.name}:{code.co_firstlineno}: {sorted(route.methods or ())} {route.path}"


def dependants(dependant: Dependant) -> Iterator[Dependant]:
    """Return a dependant and all below it."""
    yield dependant
    for below in dependant.dependencies:
        yield from dependants(below)


def test_every_route_declares_a_right(app: FastAPI) -> None:
    found = [
        f"{where(route)}: declare it with Router.read or Router.act, which ask for `right=`"
        for route in routes_of(app)
        if not any(hasattr(one.call, "right") for one in dependants(route.dependant))
    ]
    assert not found, told(found)


def test_no_request_waits_for_a_thread(app: FastAPI) -> None:
    found = [
        f"{where(route)}: make {one.call} an async def; FastAPI gives anything else to a thread, on every request"
        for route in routes_of(app)
        for one in dependants(route.dependant)
        if not (iscoroutinefunction(one.call) or isasyncgenfunction(one.call))
    ]
    assert not found, told(found)


def test_a13_every_address_is_a_route_or_a_file_of_ours(app: FastAPI) -> None:
    def path_of(route: BaseRoute) -> str:
        return str(getattr(route, "path", route))

    strange = {path_of(route) for route in all_routes(app) if not isinstance(route, APIRoute)} - PLAIN_PATHS

    assert strange == set(), "declare it with Router.read or Router.act"


def test_the_routes_were_found(app: FastAPI) -> None:
    assert {"/api/v1/companies", "/healthz", "/"} <= {route.path for route in routes_of(app)}


def test_no_table_is_in_a_route_signature(app: FastAPI) -> None:
    found = [
        f"{where(route)}: {table.__name__} is a table; answer a shape of schemas"
        for route in routes_of(app)
        for annotation in get_type_hints(route.endpoint, include_extras=True).values()
        for table in _models(annotation)
        if issubclass(table, SQLModel) and hasattr(table, "__table__")
    ]
    assert not found, told(found)


def test_requests_forbid_unknown_fields(app: FastAPI) -> None:
    found = {
        f'{where(route)}: {model.__module__}.{model.__name__}: model_config = ConfigDict(extra="forbid")'
        for route in routes_of(app)
        for model in _requested(route)
        if model.model_config.get("extra") != "forbid"
    }
    assert not found, told(sorted(found))


def test_requests_use_constrained_types_only(app: FastAPI) -> None:
    found = {
        f"{where(route)}: {name} is a bare {bare}; use a type of shared.fields"
        for route in routes_of(app)
        for name, bare in _bare_fields(route)
    }
    assert not found, told(sorted(found))


def _requested(route: APIRoute) -> set[type[BaseModel]]:
    fields = [field for one in dependants(route.dependant) for field in one.body_params]
    return {model for field in fields for model in _models(field.field_info.annotation)}


def _bare_fields(route: APIRoute) -> Iterator[tuple[str, str]]:
    for one in dependants(route.dependant):
        for field in (*one.body_params, *one.query_params, *one.path_params, *one.header_params, *one.cookie_params):
            for bare in _bare(field.field_info.annotation, constrained=bool(field.field_info.metadata)):
                yield field.name, bare
    for model in _requested(route):
        for name, info in model.model_fields.items():
            for bare in _bare(info.annotation, constrained=bool(info.metadata)):
                yield f"{model.__name__}.{name}", bare


def _bare(annotation: Any, *, constrained: bool) -> Iterator[str]:  # noqa: ANN401 - any annotation
    """Return the plain types inside an annotation that nothing bounds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *bounds = get_args(annotation)
        yield from _bare(inner, constrained=bool(bounds))
    elif origin in {Union, UnionType}:
        for part in get_args(annotation):
            yield from _bare(part, constrained=constrained and len(get_args(annotation)) == 1)
    elif origin is not None:
        for part in get_args(annotation):
            yield from _bare(part, constrained=False)
    elif annotation in BARE and not constrained:
        yield str(annotation.__name__)


def _models(annotation: Any) -> frozenset[type[BaseModel]]:  # noqa: ANN401 - any annotation
    """Return the models that an annotation mentions, and those inside them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inside = (_models(info.annotation) for info in annotation.model_fields.values())
        return frozenset({annotation}).union(*inside)
    return frozenset().union(*(_models(part) for part in get_args(annotation) if not isinstance(part, list)))


@pytest.mark.parametrize("aggregate", sorted(CATALOGUE))
def test_each_contract_field_says_how_far_it_goes(aggregate: str) -> None:
    unmarked = {
        f"{part.__name__}.{name}"
        for part in _parts(CATALOGUE[aggregate])
        for name, mark in marks(part).items()
        if mark is None
    }

    assert unmarked == UNMARKED.get(aggregate, set()), "mark the field, or list it in UNMARKED: it will never leave"


def _parts(state: type[State]) -> set[type[Part]]:
    return {model for model in _models(state) if issubclass(model, Part)}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_personal_column_declares_purpose_ground_and_duration(name: str) -> None:
    service = SERVICES[name]
    declared = _declared(service.package)
    found = [
        f"{service.package}.models: {table.name}.{column.name}: declare it in {service.package}.rules.privacy.PERSONAL"
        for table in service.metadata.tables.values()
        for column in table.columns
        if column.name in PERSONAL_COLUMNS
        and (name, table.name, column.name) not in NOT_OF_PEOPLE
        and column.name not in declared.get(table.name, {})
    ]
    assert not found, told(found)


def _declared(package: str) -> dict[str, dict[str, object]]:
    place = f"{package}.rules.privacy"
    if find_spec(f"{package}.rules") is None or find_spec(place) is None:
        return {}
    declared: dict[str, dict[str, object]] = importlib.import_module(place).PERSONAL
    return declared


@pytest.mark.parametrize("package", sorted(PACKAGES))
async def test_migrations_have_one_head_and_make_the_tables_declared(
    package: str, store: Store, tmp_path: Path
) -> None:
    heads = ScriptDirectory.from_config(config_for(package)).get_heads()
    async with opened(await store.url(package, folder=tmp_path, name="drift")) as database:
        differing = await drift(database, PACKAGES[package])

    assert len(heads) == 1, f"{package}: merge the heads {heads}"
    assert not differing, f"{package}: write the revision that is missing (`make migration`)" + told(differing)
