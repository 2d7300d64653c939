"""What an instance shows to those who build on it: every channel, every field, an example where nobody is hurt."""

import json
from collections.abc import AsyncIterator, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
import yaml

from services.host import build_app
from shared.contracts import CATALOGUE
from shared.instance.contract import channels
from shared.messaging.describe import FOLDER
from shared.settings import InstanceSettings
from shared.territory.members import Territory

CHANNELS = sorted(channels())


@pytest.fixture
def settings(tmp_path: Path, territory: Territory) -> Iterator[InstanceSettings]:
    file = tmp_path / "territory.yaml"
    file.write_text(yaml.safe_dump(territory.model_dump(mode="json")), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESTUAIRE_SIREN", territory.sirens[0])
        patch.setenv("ESTUAIRE_TERRITORY_FILE", str(file))
        patch.setenv("ESTUAIRE_DATA_DIR", str(tmp_path / "data"))
        yield InstanceSettings()


@pytest.fixture
async def visitor(settings: InstanceSettings) -> AsyncIterator[httpx2.AsyncClient]:
    app = build_app(["projects"], settings)
    headers = {"accept": "text/html"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://ici", headers=headers) as one:
        yield one
    for service in app.state.instance.services:
        await service.database.close()
    await app.state.identity.close()


async def test_the_page_leads_to_every_channel_and_names_every_epci(
    visitor: httpx2.AsyncClient, territory: Territory
) -> None:
    page = (await visitor.get("/integrateurs")).text

    assert {f"{scope.value}.{state.aggregate}" for state in CATALOGUE.values() for scope in state.scopes} == set(
        CHANNELS
    )
    for name in CHANNELS:
        assert f'href="/integrateurs/{name}"' in page
    for member in territory:
        assert member.siren in page
        assert member.name in unescape(page)


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_channel_shows_its_fields_and_an_example_unless_it_is_private(
    visitor: httpx2.AsyncClient, name: str
) -> None:
    channel = channels()[name]

    answer = await visitor.get(f"/integrateurs/{name}")

    page = unescape(answer.text)
    assert answer.status_code == 200
    for table in channel.tables:
        assert table.meaning in page
        for row in table.rows:
            assert f"<code>{row.name}</code>" in page
            assert row.meaning in page
    assert ("ce_dataschema: https://" in page) == (channel.scope != "private")
    assert "@" not in "".join(channel.example or ()), "nobody’s address is shown"


def test_fields_are_told_as_public_where_the_public_reads_them_too() -> None:
    (state, *_) = channels()["territory.project"].tables
    told = {row.name: row.scope for row in state.rows}

    assert (told["title"], told["funding"]) == ("public", "territory")


def test_no_field_of_a_private_channel_is_told_as_anything_but_private() -> None:
    private = [channel for channel in channels().values() if channel.scope == "private"]

    assert private
    for channel in private:
        assert {row.scope for table in channel.tables for row in table.rows} == {"private"}, channel.name


async def test_what_is_no_channel_is_not_found(visitor: httpx2.AsyncClient) -> None:
    for path in ("/integrateurs/public.person-card", "/integrateurs/x", "/integrateurs/..%2f..%2fetc"):
        assert (await visitor.get(path)).status_code == 404


async def test_every_page_leads_there_from_its_foot(visitor: httpx2.AsyncClient) -> None:
    assert 'href="/integrateurs"' in (await visitor.get("/nulle-part")).text


async def test_programs_find_every_document_from_one_address(visitor: httpx2.AsyncClient) -> None:
    answer = await visitor.get("/schemas/")

    listed = answer.json()["documents"]
    assert {one["name"] for one in listed} == {file.name for file in FOLDER.iterdir()}
    for one in listed:
        found = await visitor.get(urljoin(str(answer.url), one["href"]))
        assert found.json() == json.loads((FOLDER / one["name"]).read_text(encoding="utf-8"))
