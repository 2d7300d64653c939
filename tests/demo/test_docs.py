"""What the documents say of the code is so: settings, commands, links."""

import re
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

from services.cli import COMMANDS, GROUPS
from shared import figures
from shared.settings import InstanceSettings

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs" / "operating.md").read_text("utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_table_of_settings_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `ESTUAIRE_([A-Z_]+)` \| ([^|]+) \|", OPERATING, re.MULTILINE)
    fields = InstanceSettings.model_fields

    assert {name.lower() for name, _ in rows} == set(fields)
    assert {name.lower() for name, default in rows if default == "required"} == {
        name for name, field in fields.items() if field.is_required()
    }


def test_the_table_of_figures_is_that_of_the_code() -> None:
    told = re.findall(r"^\| `(estuaire_[a-z_]+)` \|", OPERATING, re.MULTILINE)
    families = [one for one in vars(figures).values() if isinstance(one, Counter | Gauge | Histogram)]
    counted = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for family in families
        for metric in family.describe()
    }

    assert len(told) == len(set(told))
    assert set(told) == counted


def test_every_command_for_operators_is_told() -> None:
    told = set(re.findall(r"`estuaire ([a-z-]+)", OPERATING))

    # These two are for whoever changes or installs the code: `make migration`, `make setup`.
    assert told == {*COMMANDS, *GROUPS} - {"migration", "prepare"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8"))
    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]

    assert broken == []


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text("utf-8"), re.MULTILINE)
    }

    assert named <= targets
