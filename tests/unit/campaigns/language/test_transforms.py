"""What format_field can do to a text."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.countries import country_code, table
from campaigns.language.datepattern import date_reader
from campaigns.language.phone import e164
from campaigns.language.transforms import PLAIN, collapse_spaces, digits, title


@pytest.mark.parametrize(
    ("text", "formed"),
    [
        ("ann", "Ann"),
        ("JEAN-LUC o'neil d\u2019ANGELO", "Jean-Luc O'Neil D\u2019Angelo"),
        ("i'll don't", "I'll Don't"),
        ("e\u0301milie", "\u00c9milie"),
        ("straße 3a", "Straße 3A"),
        ("ann (lee)", "Ann (Lee)"),
    ],
)
def test_each_word_begins_with_a_capital(text: str, formed: str) -> None:
    assert title(text) == formed


def test_spaces_collapse_and_lines_stay() -> None:
    assert collapse_spaces("a \u00a0 b\n\n c") == "a b\n\n c"


def test_digits_of_any_script_are_kept_as_ours() -> None:
    assert digits("٣ x 4²") == "34"


@pytest.mark.parametrize(
    ("text", "code", "number"),
    [
        ("+49 30 1234567", "", "+49301234567"),
        ("0049-30/1234567", "", "+49301234567"),
        ("(+49) 30 1234567", "", "+49301234567"),
        ("+49 (0)30 1234567", "", "+49301234567"),
        ("030 1234567", "49", "+49301234567"),
        ("30 1234567", "49", "+49301234567"),
        ("+44 20 7946 0000", "49", "+442079460000"),
        ("06 1234 5678", "39", "+390612345678"),
        ("+39 (0)6 1234 5678", "", "+390612345678"),
        ("(415) 555-2671", "1", "+14155552671"),
        ("1 415 555 2671", "1", "+14155552671"),
        ("8 (912) 345-67-89", "7", "+79123456789"),
        ("800 123 45 67", "7", "+78001234567"),
        ("06 1 234 5678", "36", "+3612345678"),
        ("\uff10\uff13\u2212\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18", "81", "+81312345678"),
    ],
)
def test_a_phone_number_takes_its_one_form(text: str, code: str, number: str) -> None:
    assert e164(text, code) == number
    assert e164(number) == number


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("abc", "49"),
        ("030 1234567 ext 5", "49"),
        ("+49", ""),
        ("+12345", ""),
        ("+1 115 555 2671", ""),
        ("415 555", "1"),
        ("+0 30 1234567", ""),
        ("+4930123456789012", ""),
        ("030 1234567", ""),
        ("++49301234567", ""),
    ],
)
def test_what_is_no_phone_number_is_refused(text: str, code: str) -> None:
    with pytest.raises(ValueError, match="expected a phone number"):
        e164(text, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "DE"),
        ("GERMANY", "DE"),
        ("U.S.A.", "US"),
        ("The Netherlands", "NL"),
        ("cote d\u2019ivoire", "CI"),
        ("Trinidad & Tobago", "TT"),
        ("uk", "GB"),
        ("São Tomé and Príncipe", "ST"),
    ],
)
def test_a_country_is_known_by_name_and_letters(text: str, code: str) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize("text", ["XX", "Atlantis", "...", "DEU "])
def test_what_is_no_country_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected the English name of a country"):
        country_code(text)


def test_the_table_has_the_countries_of_the_standard_and_no_name_twice() -> None:
    standard = (files("tzdata.zoneinfo") / "iso3166.tab").read_text(encoding="utf-8").splitlines()
    lines = (files("campaigns.language") / "countries.txt").read_text(encoding="utf-8").splitlines()

    assert [line[:2] for line in lines] == sorted(line[:2] for line in standard if not line.startswith("#"))
    assert len(table()) == sum(1 + len(line[3:].split("; ")) for line in lines)


@pytest.mark.parametrize(
    ("pattern", "text", "day"),
    [
        ("DD.MM.YYYY", "31.01.2026", "2026-01-31"),
        ("D.M.YYYY", " 1.2.2026 ", "2026-02-01"),
        ("MM/DD/YYYY", "01/31/2026", "2026-01-31"),
        ("YYYYMMDD", "20260131", "2026-01-31"),
        ("D MMM YYYY", "1 Sept. 2026", "2026-09-01"),
        ("MMM D, YYYY", "february 28, 2026", "2026-02-28"),
        ("DMMMYYYY", "1Jan2026", "2026-01-01"),
        ("YYYY年M月D日", "2026年1月31日", "2026-01-31"),
    ],
)
def test_a_date_is_read_by_its_pattern(pattern: str, text: str, day: str) -> None:
    assert date_reader(pattern)(text) == day


@pytest.mark.parametrize(
    "text", ["30.02.2026", "1.1.2026", "01.01.26", "01.13.2026", "01.01.0000", "x", "\u0660\u0661.01.2026"]
)
def test_what_is_no_date_of_the_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"like DD\.MM\.YYYY"):
        date_reader("DD.MM.YYYY")(text)


def test_a_month_must_be_a_month() -> None:
    with pytest.raises(ValueError, match="expected a day of the calendar like D MMM YYYY"):
        date_reader("D MMM YYYY")("1 Foo 2026")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("DD.MM", "expected a pattern with one YYYY"),
        ("DD.MM.YYYY.YYYY", "expected a pattern with one YYYY"),
        ("DD.MM.YY", "expected a pattern with one YYYY"),
        ("dd.MM.YYYY", "expected a pattern with one YYYY"),
        ("on DD.MM.YYYY", "has 'on ' in its pattern"),
        ("DD.MM.YYYY hh", "has ' hh' in its pattern"),
        ("DMYYYY", "needs something between D and M, or DD"),
        ("D.MYYYY", "needs something between M and YYYY, or MM"),
        ("DD.MM.YYYY" + " " * 31, "expected a pattern such as"),
        (3, "expected a pattern such as DD.MM.YYYY, got 3"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_refused(pattern: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        date_reader(pattern)


@given(st.dates(), st.sampled_from(["DD.MM.YYYY", "MM/DD/YYYY", "YYYYMMDD"]))
def test_every_day_is_read_as_it_was_written(day: date, pattern: str) -> None:
    parts = {"YYYY": f"{day.year:04}", "MM": f"{day.month:02}", "DD": f"{day.day:02}"}
    text = pattern
    for part, number in parts.items():
        text = text.replace(part, number)

    assert date_reader(pattern)(text) == day.isoformat()


@given(st.text(min_size=1).filter(str.strip), st.sampled_from(sorted(PLAIN)))
def test_a_text_in_its_form_keeps_it(text: str, name: str) -> None:
    try:
        once = PLAIN[name](text)
    except ValueError:
        return

    if name not in ("upper", "lower", "title"):  # Unicode has letters whose case never settles
        assert PLAIN[name](once) == once
    assert once
