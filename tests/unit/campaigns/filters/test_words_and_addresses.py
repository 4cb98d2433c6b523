"""Operators that read texts as words, patterns, addresses, numbers and URLs; sizes and lengths."""

from __future__ import annotations

import time
from typing import Any

import pytest

from campaigns.language.jsonvalues import JsonObject
from campaigns.language.schema import FieldSpec
from tests.unit.campaigns.acme import FIELDS, lead, schema
from tests.unit.campaigns.filters.matching import asks, fault, matches


@pytest.mark.parametrize(
    ("value", "operator", "wanted", "found"),
    [
        ("Big red car", "contains_any_word", "RED bus", True),
        ("Bigred car", "contains_any_word", "red", False),
        ("car, red (big)", "contains_all_words", ["red", "big car"], True),
        ("red", "contains_all_words", ["red", "big"], False),
        ("Straßenbahn", "contains_any_of", ["BAHN", "bus"], True),
        ("ann", "matches_regex", "^A.N$", True),
        ("Ännchen", "matches_regex", "^ä", True),
        ("ann", "not_matches_regex", ["^b", "n$"], False),
        ("Ann@Acme.TEST", "domain_is", ["acme.test"], True),
        ("Ann@acme.test", "domain_is_not", "@acme.test", False),
        ("nobody", "domain_is_not", "acme.test", True),
        ("ann@mail.acme.test", "domain_ends_with", "acme.test", True),
        ("ann@notacme.test", "domain_ends_with", "acme.test", False),
        ("ann@GMail.com", "is_free_mail", None, True),
        ("ann@acme.test", "is_free_mail", None, False),
        ("ann@acme.test", "is_valid_email", None, True),
        ("ann@acme", "is_valid_email", None, False),
        ("+43 1 58858", "country_code_is", "+43", True),
        ("+49 30 123456", "country_code_is", [43, 44], False),
        ("+43 1 58858", "is_valid_phone", None, True),
        ("58858", "is_valid_phone", None, False),
        ("https://Acme.test/shop?id=7#x", "host_is", "ACME.test", True),
        ("https://acme.test/shop?id=7", "path_starts_with", "/shop", True),
        ("acme.test/shop", "path_starts_with", "/", False),
        ("https://acme.test/shop?id=&b=1", "has_parameter", ["id"], True),
        ("https://acme.test/?ids=7#id=1", "has_parameter", "id", False),
        ("https://[bad", "host_is", "bad", False),
        ("ab", "length_is", 2, True),
        ("a\u0308b", "length_is", 2, True),
        ("abc", "length_less_than", 3, False),
        ("abc", "length_greater_than", 2, True),
        ("NORTH", "in_table", "regions", True),
        ("west", "in_table", "regions", False),
        ("north", "not_in_table", "regions", False),
    ],
)
def test_a_text_is_read_as_what_it_is(value: str, operator: str, wanted: Any, found: bool) -> None:
    assert matches(asks("nickname", operator, wanted), lead(nickname=value)) is found


def test_a_hostile_pattern_takes_no_longer_than_another() -> None:
    since = time.perf_counter()

    assert not matches(asks("nickname", "matches_regex", "^(a+)+$"), lead(nickname="a" * 254 + "b"))
    assert time.perf_counter() - since < 1


def test_a_pattern_can_tell_case() -> None:
    assert not matches(asks("nickname", "matches_regex", "^A", case="sensitive"), lead(nickname="ann"))


@pytest.mark.parametrize(
    ("operator", "wanted", "found"),
    [
        ("is_not_exactly", ["red"], True),
        ("is_not_exactly", ["red", "blue"], False),
        ("size_is", 2, True),
        ("size_at_least", 3, False),
        ("size_at_most", 2, True),
    ],
)
def test_sets_have_a_size(operator: str, wanted: Any, found: bool) -> None:
    assert matches(asks("colours", operator, wanted), lead(colours=frozenset({"red", "blue"}))) is found


@pytest.mark.parametrize(("orders", "operator"), [(4, "is_even"), (-3, "is_odd"), (0, "is_even")])
def test_whole_numbers_are_even_or_odd(orders: int, operator: str) -> None:
    other = {"is_even": "is_odd", "is_odd": "is_even"}[operator]

    assert matches(asks("orders", operator), lead(orders=orders))
    assert not matches(asks("orders", other), lead(orders=orders))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (asks("nickname", "matches_regex", "("), "filter.value: is no regular expression: missing ): ("),
        (asks("nickname", "matches_regex", "(?=a)"), "filter.value: is no regular expression: invalid perl operator"),
        (asks("nickname", "matches_regex", "a" * 201), "filter.value: expected a regular expression of at most 200"),
        (asks("nickname", "in_table", "nowhere"), "filter.value: unknown lookup table 'nowhere'"),
        (asks("nickname", "country_code_is", "Austria"), "filter.value: expected a country code such as +43"),
        (asks("nickname", "length_is", "long"), "filter.value: expected a whole number"),
        (asks("nickname", "host_is", 7), "filter.value: expected text"),
        ({"at_least": [asks("orders", "is_even")], "count": 2}, "filter.count: expected how many of the 1 must match"),
    ],
)
def test_a_filter_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)


YES, NO = asks("orders", "is_empty"), asks("orders", "is_not_empty")


@pytest.mark.parametrize(
    ("group", "found"),
    [
        ({"exactly_one": [YES, NO]}, True),
        ({"exactly_one": [YES, YES]}, False),
        ({"exactly_one": [NO]}, False),
        ({"at_least": [YES, NO, YES], "count": 2}, True),
        ({"at_least": [YES, NO, NO], "count": 2}, False),
    ],
)
def test_groups_count(group: dict[str, Any], found: bool) -> None:
    assert matches(group) is found


PROFILED = schema(fields=(*FIELDS, FieldSpec("profile", "Profile", "json")))


def test_a_place_within_a_json_object_is_read_in_the_type_that_the_filter_says() -> None:
    who = lead(profile={"plan": {"seats": "7", "name": "Gold"}})

    def within(path: str, kind: str, operator: str, value: Any = None) -> bool:
        asked = asks("profile", operator, value, path=path, type=kind)
        return matches(asked, lead(profile=who.values["profile"]), PROFILED)

    assert within("plan.seats", "integer", "at_least", 7)
    assert within("plan.name", "string", "is", "gold")
    assert within("plan.name", "integer", "is_empty")
    assert within("plan.none.at_all", "string", "is_empty")


def test_only_a_json_object_has_places_within() -> None:
    assert "is no JSON object" in fault(asks("nickname", "is", "x", path="a", type="string"))


@pytest.mark.parametrize(
    ("profile", "path", "there"),
    [
        ({"plan": {"name": "free"}}, "plan.name", True),
        ({"plan": {"name": None}}, "plan.name", False),
        ({"plan": ["name"]}, "plan.name", False),
        ({"plan": ["name"]}, "plan.0", False),
        ({"plan": {"name": False}}, "plan.name", True),
        ({"plan": 3}, ["seats", "plan"], True),
        ({"seats": 3}, "plan", False),
    ],
)
def test_a_json_object_has_something_at_a_place_or_not(profile: dict[str, Any], path: Any, there: bool) -> None:
    who = {"profile": JsonObject(profile)}

    assert matches(asks("profile", "path_exists", path), lead(**who), PROFILED) is there
    assert matches(asks("profile", "path_missing", path), lead(**who), PROFILED) is not there


@pytest.mark.parametrize("path", ["", "a..b", ".a", 3, ".".join("a" * 21)])
def test_a_place_is_names_with_dots(path: Any) -> None:
    assert "expected" in fault(asks("profile", "path_exists", path))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("red car", True),
        ("CAR red", True),
        ("red bus", False),
        ("ca*", True),
        ("ca", False),
        ('"red car"', False),
        ('"big, red"', True),
        ("red -car", False),
        ("red -bus", True),
        ('red -"car red"', True),
        ("e-mail", True),
        ("mail-e", False),
        ("Straße", True),
        ("strasse", False),
        (["bus", "car"], True),
    ],
)
def test_a_full_text_match_asks_for_words_as_they_are_written(query: Any, found: bool) -> None:
    who = {"notes": "A big (red) STRASSENBAHN, straße; car? By e-mail."}

    assert matches(asks("notes", "full_text_match", query), lead(**who)) is found
    assert matches(asks("notes", "not_full_text_match", query), lead(**who)) is not found


def test_a_full_text_match_can_be_blind_to_accents() -> None:
    asked = asks("notes", "full_text_match", "cafe")

    assert not matches(asked, lead(notes="Ein Café"))
    assert matches({**asked, "accent": "insensitive"}, lead(notes="Ein Café"))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("-red", "names no word that must be there"),
        ("*", "names no word that must be there"),
        ("a " * 21, "has more than 20 words and phrases"),
        (3, "expected words to look for"),
        ("{{ event.shop }}", "expected words to look for"),
    ],
)
def test_a_query_at_fault_is_named(query: Any, message: str) -> None:
    assert message in fault(asks("notes", "full_text_match", query))


@pytest.mark.parametrize(
    ("value", "operator", "wanted", "found"),
    [
        ("+43 1 58858", "phone_is", "0043/158858", True),
        ("+43 (0)1 58858", "phone_is", ["+1 202 5550123", "+43158858"], True),
        ("01 58858", "phone_is", "+43158858", False),
        ("01 58858", "phone_is_not", "+43158858", True),
        ("+43 1 58858", "phone_country_is", "Austria", True),
        ("+1 416 5550123", "phone_country_is", ["US", "de"], False),
        ("+1 416 5550123", "phone_country_is", "CA", True),
        ("+1 202 5550123", "phone_country_is", "USA", True),
        ("+7 701 5550123", "phone_country_is", "KZ", True),
        ("+7 495 5550123", "phone_country_is", "Russia", True),
        ("+44 1481 555012", "phone_country_is", "GB", False),
        ("nonsense", "phone_country_is", "AT", False),
        ("HTTPS://Acme.test:443/shop?id=7#top", "url_is", "https://acme.test/shop?id=7", True),
        ("https://acme.test", "url_is", "https://acme.test/", True),
        ("https://acme.test/?a=1&b=2", "url_is", "https://acme.test/?b=2&a=1", False),
        ("https://acme.test:8443/", "url_is", "https://acme.test/", False),
        ("https://acme.test:port/", "url_is_not", "https://acme.test/", True),
    ],
)
def test_numbers_and_urls_are_the_same_however_they_are_written(
    value: str, operator: str, wanted: Any, found: bool
) -> None:
    assert matches(asks("nickname", operator, wanted), lead(nickname=value)) is found


@pytest.mark.parametrize(
    ("operator", "wanted", "message"),
    [
        ("phone_is", "58858", "expected a phone number with its country code"),
        ("phone_country_is", "Mars", "expected the English name of a country"),
        ("url_is", "acme.test/shop", "expected a URL such as"),
    ],
)
def test_a_wanted_number_country_or_url_at_fault_is_named(operator: str, wanted: Any, message: str) -> None:
    assert message in fault(asks("nickname", operator, wanted))
