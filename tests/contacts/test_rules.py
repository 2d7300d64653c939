"""Decisions of contacts, with pen and paper."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contacts.rules.decisions import (
    ERASED,
    canonical_phone,
    current_role,
    is_natural_person,
    may_state,
    opposed_after,
    without_words,
)
from services.contacts.rules.words import StatedBy, Statement
from shared.contracts.contacts import Channel

CHANNELS = [channel.value for channel in Channel]


@dataclass
class Held:
    since: date | None = None
    until: date | None = None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("02 35 52 68 00", "+33235526800"),
        ("+33 6 39 98 00 01", "+33639980001"),
        ("00 33 2 61 91 00 11", "+33261910011"),
        ("+44 20 7946 0018", "+442079460018"),
    ],
)
def test_a_number_is_kept_in_e164(written: str, expected: str) -> None:
    assert canonical_phone(written) == expected


@pytest.mark.parametrize("written", ["12", "06 12 34 56 7", "téléphone", "", "+33 2 35 52 68 00 00"])
def test_a_number_that_cannot_be_dialled_is_refused_in_french(written: str) -> None:
    with pytest.raises(ValueError, match="Ce numéro de téléphone n’est pas reconnu"):
        canonical_phone(written)


@pytest.mark.parametrize(("legal_form", "expected"), [("1000", True), ("5710", False), ("9220", False)])
def test_an_individual_entrepreneur_is_a_natural_person(legal_form: str, *, expected: bool) -> None:
    assert is_natural_person(legal_form) is expected


@given(st.lists(st.sampled_from(CHANNELS), unique=True), st.sampled_from(list(Channel)))
def test_lifting_undoes_opposing_on_that_channel_alone(before: list[str], channel: Channel) -> None:
    opposed = opposed_after(before, channel=channel, statement=Statement.OPPOSED)
    lifted = opposed_after(opposed, channel=channel, statement=Statement.LIFTED)

    assert set(opposed) == {*before, channel.value}
    assert set(lifted) == {*before} - {channel.value}


def test_only_the_person_lifts() -> None:
    allowed = {(said, by) for said in Statement for by in StatedBy if may_state(said, by=by)}

    assert allowed == {
        (Statement.OPPOSED, StatedBy.PERSON),
        (Statement.OPPOSED, StatedBy.TEAM),
        (Statement.LIFTED, StatedBy.PERSON),
    }


def test_the_present_role_is_the_latest_begun_of_those_held() -> None:
    open_ended, latest = Held(), Held(since=date(2025, 1, 1))
    over, ahead = Held(until=date(2025, 12, 31)), Held(since=date(2027, 1, 1))

    assert current_role([open_ended, latest, over, ahead], on=date(2026, 4, 1)) is latest
    assert current_role([over, ahead], on=date(2026, 4, 1)) is None


def test_names_leave_a_text_as_words_only() -> None:
    text = "MAUD rappelle ; le maudit dossier de maud.exemple@example.org, Exemple en main."

    kept = without_words(text, ["Maud", "Exemple", "maud.exemple@example.org", ""])

    assert kept == f"{ERASED} rappelle ; le maudit dossier de {ERASED}, {ERASED} en main."
