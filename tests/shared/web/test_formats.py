"""French formats, compared with their real spaces."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from shared.web import formats

FINE, FIRM = "\u202f", "\u00a0"
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10 h in Paris
amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


def fr(text: str) -> str:
    """Put the spaces of French where a test writes plain ones: fine in numbers and before %, firm before units."""
    for unit in ("€", "M€"):
        text = text.replace(f" {unit}", f"{FIRM}{unit}")
    return text.replace(" ", FINE)


@pytest.mark.parametrize(
    ("value", "decimales", "written"),
    [
        (0, None, "0"),
        (1234, None, "1 234"),
        (Decimal("1234567.8"), None, "1 234 567,8"),
        (Decimal("2.5"), 0, "3"),
        (Decimal("-0.4"), 0, "0"),
        (Decimal("1E+3"), None, "1 000"),
        (-1500, None, "\u22121 500"),
    ],
)
def test_numbers_are_grouped_and_rounded_half_up(value: Decimal | int, decimales: int | None, written: str) -> None:
    assert formats.nombre(value, decimales) == fr(written)


@given(amounts)
def test_a_written_amount_reads_back_as_itself(amount: Decimal) -> None:
    written = formats.euros(amount, centimes=True)

    assert " " not in written
    assert Decimal(written[:-2].replace(FINE, "").replace(",", ".").replace("\u2212", "-")) == amount


@pytest.mark.parametrize(
    ("value", "written"),
    [(12500, "12 500 €"), (Decimal("12500.50"), "12 500,50 €"), (Decimal("12500.00"), "12 500 €")],
)
def test_cents_are_written_where_there_are_some(value: Decimal | int, written: str) -> None:
    assert formats.euros(value) == fr(written)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (14_800_000, "14,8 M€"),
        (15_000_000, "15 M€"),
        (1_250_000, "1,3 M€"),
        (400_000, "0,4 M€"),
        (Decimal("42000.40"), "42 000 €"),
    ],
)
def test_headings_have_millions_with_one_decimal(value: Decimal | int, written: str) -> None:
    assert formats.montant_court(value) == fr(written)


@pytest.mark.parametrize(
    ("ratio", "written"), [("0.125", "12,5 %"), ("0.5", "50 %"), ("0.86449", "86,4 %"), ("0", "0 %")]
)
def test_a_ratio_is_written_as_a_percentage(ratio: str, written: str) -> None:
    assert formats.pourcent(Decimal(ratio)) == fr(written)


@pytest.mark.parametrize(
    ("count", "written"),
    [(0, "0 projet"), (1, "1 projet"), (Decimal("1.5"), "1,5 projet"), (2, "2 projets"), (1240, f"1{FINE}240 projets")],
)
def test_the_plural_begins_at_two(count: Decimal | int, written: str) -> None:
    assert formats.pluriel(count, "projet") == written


def test_an_irregular_plural_is_given() -> None:
    assert formats.pluriel(3, "jalon tenu", "jalons tenus") == "3 jalons tenus"


@pytest.mark.parametrize(
    ("words", "written"), [([], ""), (["a"], "a"), (["a", "b"], "a et b"), (["a", "b", "c"], "a, b et c")]
)
def test_a_list_ends_with_et(words: list[str], written: str) -> None:
    assert formats.liste_et(words) == written


def test_identifiers_and_phones_are_grouped() -> None:
    assert formats.siren("200010700") == fr("200 010 700")
    assert formats.siren("20001070000019") == fr("200 010 700 00019")
    assert formats.telephone("+33235000000") == "02 35 00 00 00".replace(" ", FIRM)
    assert formats.telephone("+3222345678").startswith("+32")
    assert formats.telephone("à demander") == "à demander"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formats.jour(date(2026, 12, 10)), "10_décembre 2026"),
        (formats.jour(date(2027, 1, 1), semaine=True), "vendredi 1er_janvier 2027"),
        (formats.jour(date(2026, 5, 2), annee=False), "2_mai"),
        (formats.jour(date(2026, 11, 20), court=True), "20_nov. 2026"),
        (formats.jour(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)), "1er_juillet 2026"),
        (formats.heure(time(8, 30)), "8_h_30"),
        (formats.heure(time(14, 0)), "14_h"),
        (formats.heure(datetime(2026, 7, 1, 7, 5, tzinfo=UTC)), "9_h_05"),
    ],
)
def test_days_and_hours_are_those_of_paris(written: str, expected: str) -> None:
    assert written == expected.replace("_", FIRM)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MONDAY - timedelta(minutes=19), "aujourd’hui à 9_h_41"),
        (MONDAY - timedelta(hours=17), "hier à 17_h"),
        (datetime(2026, 11, 20, 15, 5, tzinfo=UTC), "vendredi à 16_h_05"),
        (datetime(2026, 11, 16, 15, 5, tzinfo=UTC), "16_nov."),
        (datetime(2025, 11, 20, 15, 5, tzinfo=UTC), "20_nov. 2025"),
        (datetime(2026, 11, 24, 13, 0, tzinfo=UTC), "demain à 14_h"),
        (date(2026, 11, 23), "aujourd’hui"),
        (date(2026, 11, 20), "vendredi"),
        (date(2026, 12, 1), "1er_déc."),
    ],
)
def test_a_moment_is_said_as_one_would(value: date, expected: str) -> None:
    assert formats.quand(value, now=MONDAY) == expected.replace("_", FIRM)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds are naive by contract
def test_any_instant_has_words(instant: datetime) -> None:
    assert formats.quand(instant, now=MONDAY)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, "aujourd’hui"), (1, "demain"), (11, "dans 11 jours"), (-1, "hier"), (-9, "il y a 9 jours")],
)
def test_a_deadline_is_counted_in_days(days: int, expected: str) -> None:
    today = date(2026, 11, 23)

    assert formats.delai(today + timedelta(days=days), today=today) == expected


PLACES = [
    ("Le Havre", "au Havre", "du Havre"),
    ("Les Andelys", "aux Andelys", "des Andelys"),
    ("Bolbec", "à Bolbec", "de Bolbec"),
    ("La Londe", "à La Londe", "de La Londe"),
    ("L’Aigle", "à L’Aigle", "de L’Aigle"),
    ("Évreux", "à Évreux", "d’Évreux"),
    ("Lery", "à Lery", "de Lery"),
    ("Le", "à Le", "de Le"),
    ("", "à ", "de "),
]


@pytest.mark.parametrize(("name", "after_a", "after_de"), PLACES)
def test_the_article_of_a_name_melts_into_the_word_before_it(name: str, after_a: str, after_de: str) -> None:
    assert (formats.a(name), formats.de(name)) == (after_a, after_de)


def test_ends_of_ordinals_are_raised_and_the_text_is_escaped() -> None:
    assert formats.exposant("Lettre no 12 du 1er mai <b>") == Markup(
        "Lettre n<sup>o</sup> 12 du 1<sup>er</sup> mai &lt;b&gt;"
    )
