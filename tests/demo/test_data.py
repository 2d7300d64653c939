"""What the demo may claim: real names only with a source, everything else flagged, numbers and places that exist."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from stdnum import luhn
from stdnum.fr import siret as siret_rules

from shared.contracts.events import AttendanceMode, Audience, EventType, RegistrationMode
from shared.contracts.notifications import EntryKind
from shared.contracts.projects import (
    Axis,
    FunderType,
    FundingNature,
    FundingStatus,
    Kind,
    Quality,
    SponsorType,
    Stage,
)
from shared.territory.members import Territory

Entry = dict[str, Any]
ROOT = Path(__file__).parents[2]
DATA = ROOT / "services" / "demo" / "data"
FILES: dict[str, Entry] = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(DATA.glob("*.yaml"))}
# Companies and schools named in the field texts or in the press: a fictitious entry may not borrow their name.
REAL_NAMES = (
    "ACFT",
    "Air Liquide",
    "Compagnie des Pâtissiers",
    "E2SE",
    "Eastman",
    "ExxonMobil",
    "Ferme des Peupliers",
    "Ferrero",
    "Flexi France",
    "H2V",
    "H2 académie",
    "HAROPA",
    "INCASE",
    "Ipodec",
    "ITII",
    "Lacmil",
    "Luneau",
    "Normand’Hy",
    "Oril",
    "Schneider",
    "Sealynx",
    "SFK",
    "Sidel",
    "Siemens",
    "Simmad",
    "SMARTLYNX",
    "SOCRATE",
    "Solcera",
    "Synerzip",
    "TOWT",
    "Upside",
    "Usin’Eure",
    "WIIA",
)
CODES = {member["code"] for member in FILES["territory"]["members"]}
REAL: list[Entry] = FILES["projects_real"]["projects"]
FICTITIOUS: list[Entry] = FILES["projects_fictitious"]["projects"]
CONTACTS, EVENTS, SUBSCRIBERS = FILES["contacts"], FILES["events"]["events"], FILES["subscribers"]
ENTRIES: list[Entry] = [
    *REAL,
    *FICTITIOUS,
    *CONTACTS["companies"],
    *CONTACTS["persons"],
    *CONTACTS["interactions"],
    *EVENTS,
    *SUBSCRIBERS["subscribers"],
    SUBSCRIBERS["opposed_reader"],
]
FILED = ("appraisal", "committed", "delivery", "completed", "rejected")
DECIDED = ("committed", "delivery", "completed")


def leaves(value: object, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every scalar of a document with the key it stands under."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, key)
    else:
        yield key, value


def under(name: str) -> list[str]:
    return [value for document in FILES.values() for key, value in leaves(document) if key == name]


def name_of(entry: Entry) -> str:
    return str(entry.get("key") or entry.get("name") or entry.get("email") or entry["siren"])


def by_key(entry: Entry) -> Any:  # noqa: ANN401 - what pytest.mark.parametrize takes
    return pytest.param(entry, id=name_of(entry))


def test_the_members_are_those_of_2022_and_the_file_says_where_they_come_from() -> None:
    shaped = Territory.model_validate(
        FILES["territory"]
        | {"members": [{**member, "base_url": "http://127.0.0.1:1"} for member in FILES["territory"]["members"]]}
    )

    assert "Source" in shaped.note
    assert "2022" in shaped.note
    assert shaped.demo


def test_the_demo_holds_at_least_thirty_projects_and_three_per_epci() -> None:
    counts = Counter(project["epci"] for project in [*REAL, *FICTITIOUS])

    assert sum(counts.values()) >= 34
    assert set(counts) == CODES
    assert min(counts.values()) >= 3


@pytest.mark.parametrize("entry", [by_key(entry) for entry in ENTRIES])
def test_an_entry_says_its_source_or_that_it_is_invented_never_both(entry: Entry) -> None:
    sourced = isinstance(entry.get("source"), dict) and bool(entry["source"]["label"])

    assert (entry.get("demo") is True) != sourced
    assert entry["epci"] in CODES


@pytest.mark.parametrize("entry", [by_key(entry) for entry in ENTRIES if entry.get("demo")])
def test_an_invented_entry_borrows_no_real_name(entry: Entry) -> None:
    text = " ".join(str(value) for _, value in leaves(entry))

    assert [name for name in REAL_NAMES if re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)] == []


@pytest.mark.parametrize("project", [by_key(project) for project in REAL])
def test_a_real_project_claims_only_what_its_source_supports(project: Entry) -> None:
    assert set(project) <= {
        *("key", "epci", "title", "kind", "axis", "stage", "commune_insee", "sponsor", "public_summary", "summary"),
        *("source", "total_cost_ht"),
    }
    assert project["stage"] in ("qualification", "committed", "completed")
    assert project["source"]["label"]
    assert Quality(project["source"]["quality"]) is not Quality.VERIFIED
    assert "siret" not in project["sponsor"]


@pytest.mark.parametrize("project", [by_key(project) for project in [*REAL, *FICTITIOUS]])
def test_a_project_uses_the_words_of_the_contract(project: Entry) -> None:
    assert Kind(project["kind"])
    assert Axis(project["axis"])
    assert Stage(project.get("stage") or project["walk"])
    assert SponsorType(project["sponsor"]["type"])
    assert 3 <= len(project["title"]) <= 300
    assert 0 < len(project["public_summary"]) <= 1000
    for line in project.get("funding", ()):
        assert FunderType(line["funder"]["type"])
        assert FundingNature(line["nature"])
        assert FundingStatus(line["reaches"])


def test_every_commune_exists_and_belongs_to_the_epci_that_logs_it_first() -> None:
    with (ROOT / "shared/territory/data/communes.csv").open(encoding="utf-8", newline="") as table:
        epci_of = {row["code_insee"]: row["siren_epci"] for row in csv.DictReader(table)}
    siren_of = {member["code"]: member["siren"] for member in FILES["territory"]["members"]}

    assert len(epci_of) == 400
    assert [code for code in under("commune_insee") if code not in epci_of] == []
    for entry in ENTRIES:
        if "commune_insee" in entry:
            communes = entry["commune_insee"]
            first = communes if isinstance(communes, str) else communes[0]
            assert epci_of[first] == siren_of[entry["epci"]], name_of(entry)


def test_every_number_is_well_formed_and_every_invented_one_begins_with_999() -> None:
    members = {member["siren"] for member in FILES["territory"]["members"]}

    assert all(luhn.is_valid(siren) for siren in under("siren"))
    assert {siren for siren in under("siren") if not siren.startswith("999")} == members
    assert all(siret_rules.is_valid(siret) and siret.startswith("999") for siret in under("siret"))
    assert len(set(under("siret"))) == len(under("siret"))
    assert all(company["siret"].startswith(company["siren"]) for company in CONTACTS["companies"])


def test_every_address_is_at_example_org_and_every_telephone_is_kept_for_fiction() -> None:
    assert under("email")
    assert [mail for mail in under("email") if not re.fullmatch(r"[a-z.]+@([a-z]+\.)?example\.org", mail)] == []
    assert all(number.startswith("+3326191") for number in under("phone"))
    assert not any("@" in value for key, value in leaves(FILES) if isinstance(value, str) and key != "email")


@pytest.mark.parametrize("project", [by_key(project) for project in FICTITIOUS])
def test_an_invented_project_can_walk_every_guard_of_its_way(project: Entry) -> None:
    lines, cost = project.get("funding", []), Decimal(project.get("total_cost_ht", 0))

    assert len(project["need_statement"]) >= 200
    assert project["epci"] in FILES["projects_fictitious"]["managers"]
    if project["walk"] in FILED:
        assert sum(Decimal(line["amount_planned"]) for line in lines) == cost > 0
        assert any("filed_in_days" in line for line in lines)
    if project["walk"] in DECIDED:
        assert project["decision"]["outcome"].startswith("favourable")
        assert is_secured(project, cost)
    if project["walk"] == "completed":
        assert all(milestone["done"] for milestone in project["milestones"])


def is_secured(project: Entry, cost: Decimal) -> bool:
    held = {"granted", "partly_paid", "paid"}
    still_open = [line for line in project["funding"] if line["reaches"] not in held]
    gap = cost - sum(Decimal(line["amount_planned"]) for line in project["funding"] if line["reaches"] in held)
    keys = {line["key"] for line in project["funding"]}
    return gap <= project["decision"].get("accepted_gap_eur", 0) or all(
        line.get("fallback") in keys for line in still_open
    )


def test_the_walks_reach_every_kind_of_ending() -> None:
    ways = {project["walk"] for project in FICTITIOUS}
    shared = [project for project in FICTITIOUS if "invite" in project]

    assert ways >= {"idea", "qualification", "structuring", *FILED, "abandoned"}
    assert [len(project["invite"]) for project in shared] == [2]
    assert set(shared[0]["answers"]) == set(shared[0]["invite"])
    assert sorted(answer["status"] for answer in shared[0]["answers"].values()) == ["accepted", "declined"]
    assert [project["visibility"] for project in FICTITIOUS].count("private") == 1


def test_exactly_one_person_opposes_mail_and_she_registers_all_the_same() -> None:
    opposed = [person["email"] for person in CONTACTS["persons"] if "email" in person["opposed"]]
    registered = {entry["email"] for event in EVENTS for entry in event["registrations"]}

    assert len(opposed) == 1
    assert opposed[0] in registered
    assert opposed[0] == SUBSCRIBERS["opposed_reader"]["email"]
    assert {person["siren"] for person in CONTACTS["persons"]} == {
        company["siren"] for company in CONTACTS["companies"]
    }


def test_one_breakfast_is_full_and_its_freed_place_is_offered_in_order() -> None:
    tiny = next(event for event in EVENTS if event["capacity"] == 3)
    ways = [entry["then"] for entry in tiny["registrations"]]

    assert len({event["epci"] for event in EVENTS}) == 3
    assert ways[:3].count("cancels") == 1
    assert ways[3:] == ["declines", "accepts"]
    assert sum("starts_in_seconds" in event for event in EVENTS) == 1


@pytest.mark.parametrize("event", [by_key(event) for event in EVENTS])
def test_an_event_uses_the_words_and_limits_of_the_agenda(event: Entry) -> None:
    defaults = FILES["events"]["defaults"]

    assert EventType(event["type"])
    assert all(Audience(audience) for audience in event["audiences"])
    assert AttendanceMode(defaults["attendance_mode"])
    assert RegistrationMode(defaults["registration_mode"])
    assert len(event["title"]) <= 140
    assert len(event["summary"]) <= 200
    assert len(event["street"]) > 0
    assert {entry["then"] for entry in event["registrations"]} <= {
        *("stays", "cancels", "declines", "accepts", "attends", "misses")
    }


def test_a_coordinator_of_each_epci_subscribes_and_two_share_one_composition() -> None:
    readers = SUBSCRIBERS["subscribers"]
    rules = Counter((reader.get("at", reader["epci"]), str(reader["filter"]), reader["rhythm"]) for reader in readers)

    assert Counter(reader["epci"] for reader in readers) == Counter(CODES)
    assert max(rules.values()) == 2
    assert len(rules) == 6
    assert [reader.get("unsubscribes_before_issue") for reader in readers].count(2) == 1
    for reader in readers:
        assert set(reader["filter"]["epci"]) <= CODES
        assert all(Axis(axis) for axis in reader["filter"]["axes"])
        assert all(EntryKind(kind) for kind in reader["filter"]["kinds"])
