from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.jsonvalues import JsonObject, cast_json, merged, read_json
from tests.unit.campaigns.acme import act, campaign, event, faults, lead, step

ACTION = "merge_json"


def merge(who: Any, body: Any, **more: Any) -> dict[str, Any]:
    return act(who, ACTION, field="profile", body=body, **more)


def test_names_are_written_and_the_others_stay() -> None:
    who = lead(profile=JsonObject(plan="free", seats=1))

    row = merge(who, {"plan": "pro", "since": 2026})

    assert who.values["profile"] == {"plan": "pro", "seats": 1, "since": 2026}
    assert (row["old"], row["new"]) == ({"plan": "free", "seats": 1}, {"plan": "pro", "seats": 1, "since": 2026})


def test_a_field_without_a_value_begins_as_an_empty_object() -> None:
    who = lead()
    merge(who, '{"plan": "free"}')
    assert who.values["profile"] == {"plan": "free"}


def test_shallow_replaces_what_is_within_and_deep_merges_it() -> None:
    held = {"car": {"seats": 5, "colour": "red"}, "list": [1, 2]}
    body = {"car": {"seats": 2, "colour": None}, "list": [3]}

    shallow, deep = lead(profile=JsonObject(held)), lead(profile=JsonObject(held))
    merge(shallow, body)
    merge(deep, body, mode="deep")

    assert shallow.values["profile"] == {"car": {"seats": 2, "colour": None}, "list": [3]}
    assert deep.values["profile"] == {"car": {"seats": 2}, "list": [3]}


def test_null_takes_a_name_away_and_the_last_one_the_value() -> None:
    who = lead(profile=JsonObject(plan="free"))
    merge(who, {"plan": None})
    assert "profile" not in who.values
    assert merge(who, {"plan": None})["outcome"] == "no_op"


def test_the_same_again_is_no_change_but_true_is_not_one() -> None:
    who = lead(profile=JsonObject(paid=1, list=[0]))
    assert merge(who, {"paid": 1})["outcome"] == "no_op"
    assert merge(who, {"paid": True})["new"] == {"paid": True, "list": [0]}


def test_a_template_is_rendered_and_the_json_filter_quotes() -> None:
    who = lead(first_name='Ann "the\\fox"')
    body = '{"name": {{ lead.first_name | json }}, "none": {{ lead.nickname | json }}, "paid": {{ event.amount }}}'

    merge(who, body)

    assert who.values["profile"] == {"name": 'Ann "the\\fox"', "paid": 10}


def test_what_a_template_makes_invalid_fails_and_is_kept() -> None:
    who = lead(first_name='Ann"', profile=JsonObject(plan="free"))

    row = merge(who, '{"name": "{{ lead.first_name }}"}')

    assert row["outcome"] == "failed"
    assert row["reason"].startswith("the body is no JSON: ")
    assert row["reason"].endswith('; it was: {"name": "Ann""}')
    assert who.values["profile"] == {"plan": "free"}


@pytest.mark.parametrize(
    ("shop", "reason"),
    [
        ("[" * 240, "no JSON"),
        ("1" * 25, "not a number that can be stored"),
        ("0." + "1" * 20, "more than 15 digits"),
        ("NaN", "NaN is no number"),
        ("1e999", "not a number that can be stored"),
        ('"\\u0000"', "NUL"),
        ('"\\ud800"', "surrogate"),
    ],
)
def test_what_cannot_be_kept_fails(shop: str, reason: str) -> None:
    row = act(lead(), ACTION, field="profile", body='{"a": {{ event.shop }}}', on=event(shop=shop))
    assert row["outcome"] == "failed" and reason in row["reason"]


def test_what_grows_too_large_fails_and_nothing_is_written() -> None:
    who = lead(profile=JsonObject(a="x" * 20_000))
    row = merge(who, {"b": "y" * 15_000})
    assert row["reason"] == "the merged object is larger than 30 kB; keep less in profile"
    assert list(who.values["profile"]) == ["a"]


def test_a_part_of_it_can_be_used_in_a_text() -> None:
    who = lead(profile=JsonObject(car={"colour": "red"}))
    act(who, "change_field", field="nickname", value="drives {{ lead.profile.car.colour }}")
    assert who.values["nickname"] == "drives red"


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"field": "notes", "body": {}}, "field 'notes' is of type text, long; expected JSON object"),
        ({"field": "profile", "body": "{"}, "is no JSON: Expecting property name"),
        ({"field": "profile", "body": "[1]"}, "expected a JSON object"),
        ({"field": "profile", "body": None}, "expected a JSON object, or a template for one, got null"),
        ({"field": "profile", "body": '{"a": "{{ lead.nope }}"}'}, "unknown field 'nope'"),
        ({"field": "profile", "body": {"a": "x" * 30_001}}, "is larger than 30 kB"),
        ({"field": "profile", "body": "[" * 29_000}, "is nested more than 20 levels deep"),
        ({"field": "profile", "body": {}, "mode": "wide"}, "expected one of shallow, deep"),
    ],
)
def test_bad_parameters_are_faults(params: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(step(ACTION, **params)))
    assert fault in found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@given(OBJECTS, OBJECTS, st.booleans())
def test_merging_the_same_twice_is_merging_it_once(old: dict[str, Any], new: dict[str, Any], deep: bool) -> None:
    once = merged(old, new, deep=deep)
    assert JsonObject(merged(once, new, deep=deep)) == once
    assert {name: once.get(name) for name in old.keys() - new.keys()} == {
        name: old[name] for name in old.keys() - new.keys()
    }


@given(OBJECTS)
def test_an_object_survives_being_stored(value: dict[str, Any]) -> None:
    kept = cast_json(value)
    assert read_json(json.dumps(value)) == kept
    assert kept is None or cast_json(json.loads(json.dumps(kept))) == kept
