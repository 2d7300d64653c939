"""Where the demo lives: its folder, ports that stay the same, the territory file, tokens as an operator would make."""

import asyncio
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.errors import Conflict
from shared.identity.access import Role
from shared.identity.tokens import add_token
from shared.ports import free_ports, is_free
from shared.territory.members import Territory, read_territory

FIRST_PORT = 8701
ROLES = (Role.AGENT, Role.COORDINATOR, Role.ADMIN, Role.INTEGRATOR)


@dataclass(frozen=True)
class Place:
    """One EPCI of the demo: where its instance listens, where it keeps its data, what opens its API."""

    code: str
    siren: str
    name: str
    url: str
    port: int
    folder: Path
    tokens: dict[str, str]


@dataclass(frozen=True)
class Grounds:
    """Everything the demo keeps between two runs."""

    folder: Path
    territory_file: Path
    territory: Territory
    places: tuple[Place, ...]
    smtp_port: int
    mailbox_port: int

    @property
    def kafka(self) -> Path:
        """Folder of the Kafka node."""
        return self.folder / "kafka"

    @property
    def told(self) -> bool:
        """Whether the story was played to its end here."""
        return (self.folder / "story.done").exists()

    def remember_told(self) -> None:
        """Note that the story was played."""
        (self.folder / "story.done").touch()

    def place(self, code: str) -> Place:
        """Return one EPCI by its code."""
        return next(place for place in self.places if place.code == code)


def demo_data(name: str) -> dict[str, Any]:
    """Return one file of the demo’s facts."""
    text = files("services.demo").joinpath(f"data/{name}.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def settle(folder: Path) -> Grounds:
    """Return the grounds in ``folder``, laid out at first use.

    Raises:
        Conflict: a port of the demo is taken by another program.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = demo_data("territory")
    codes = [member["code"] for member in facts["members"]]
    ports = _ports(folder, [*codes, "smtp", "mailbox"])
    for member in facts["members"]:
        member["base_url"] = f"http://127.0.0.1:{ports[member['code']]}"
    territory_file = folder / "territory.yaml"
    territory_file.write_text(yaml.safe_dump(facts, allow_unicode=True, sort_keys=False), encoding="utf-8")
    territory = read_territory(territory_file)
    places = [make_place(folder, code, territory, port=ports[code]) for code in codes]
    return Grounds(folder, territory_file, territory, tuple(places), ports["smtp"], ports["mailbox"])


def make_place(folder: Path, code: str, territory: Territory, *, port: int) -> Place:
    """Return the place of one EPCI, its folder and its tokens made at first use."""
    member = next(one for one in territory if one.code == code)
    own = folder / code
    own.mkdir(exist_ok=True)
    kept = own / "tokens.json"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(asyncio.run(_tokens(own.resolve(), member.siren))), encoding="ascii")
    tokens = json.loads(kept.read_text(encoding="ascii"))
    return Place(code, member.siren, member.name, member.base_url, port, own, tokens)


async def _tokens(folder: Path, siren: str) -> dict[str, str]:
    """Make one token per role, as ``estuaire tokens add`` does before an instance is used."""
    async with Database(f"sqlite+aiosqlite:///{folder / 'identity'}.sqlite") as database:
        await upgrade(database, package="shared.identity")
        async with database.transaction() as session:
            return {
                role.value: (await add_token(session, name=f"démonstration, {role.value}", epci=siren, role=role))[1]
                for role in ROLES
            }


def _ports(folder: Path, names: list[str]) -> dict[str, int]:
    kept = folder / "ports.json"
    if kept.exists():
        ports: dict[str, int] = json.loads(kept.read_text(encoding="ascii"))
        taken = [str(port) for port in ports.values() if not is_free(port)]
        if taken:
            raise Conflict(f"La démonstration a besoin de ports déjà pris : {', '.join(taken)}. Tourne-t-elle déjà ?")
        return ports
    tidy = range(FIRST_PORT, FIRST_PORT + len(names))
    chosen = list(tidy) if all(is_free(port) for port in tidy) else free_ports(len(names))
    ports = dict(zip(names, chosen, strict=True))
    kept.write_text(json.dumps(ports), encoding="ascii")
    return ports
