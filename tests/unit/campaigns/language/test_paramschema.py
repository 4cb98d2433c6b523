"""JSON Schema of parameters: it takes what can be published, and what it refuses cannot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.actions import ACTIONS
from campaigns.language.paramschema import params_schema
from tests.unit.campaigns.acme import campaign, faults, step
from tests.unit.campaigns.jsonschemas import fits


def accepts(action: str, params: Any) -> bool:
    spec = ACTIONS.get(action)
    assert spec is not None
    return fits(params, params_schema(spec))


def test_a_schema_says_what_the_action_declares() -> None:
    change_score = ACTIONS.get("change_score")
    assert change_score is not None

    schema = params_schema(change_score)

    assert schema["title"] == "Change the score"
    assert schema["required"] == ["amount"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["op"] == {
        "description": "What to do with them", "enum": ["add", "sub", "set"], "default": "add",
    }  # fmt: skip


PUBLISHED = [
    ("add_values", {"field": "colours", "values": ["red", "{{ event.shop }}"]}),
    ("append_to_field", {"field": "notes", "text": "{{ lead.email }}", "separator": "\n"}),
    ("assign_bucket", {"namespace": "green-button", "size": 2}),
    ("change_field", {"field": "orders", "value": "{{ event.cds }}"}),
    ("change_fields", {"fields": {"nickname": None, "orders": 3}}),
    ("change_owner", {"owner": "ann@acme.test"}),
    ("change_program_status", {"program": "webinar", "status": "invited", "reason": "came {{ now }}"}),
    ("change_score", {"amount": "5", "op": "sub", "min": None}),
    ("change_tags", {"add": ["hot"], "remove": []}),
    ("clear_fields", {"fields": ["nickname"]}),
    ("compute_field", {"field": "total", "expression": "(lead.total ?? 0) + 1"}),
    ("copy_field", {"from": "nickname", "to": "notes"}),
    ("emit_custom_activity", {"type": "signup", "attributes": {"email": "a"}}),
    ("format_field", {"field": "phone", "transforms": ["trim", {"e164": "49"}]}),
    ("link_opportunity", {"opportunity": "o1", "amount": 12.5}),
    ("lookup_value", {"table": "regions", "key": "north", "into": {"notes": "colour"}}),
    ("merge_json", {"field": "profile", "body": {"plan": "free"}}),
    ("once_per", {"key": "x" * 255, "window": {"amount": 3, "unit": "days"}}),
    ("once_per", {"key": "{{ event.shop }}" + "x" * 300}),
    ("random_delay", {"min": {"amount": 0, "unit": "days"}, "max": {"amount": 1, "unit": "days"}}),
    ("request_campaign", {"campaign": "welcome"}),
    ("resume_marketing", {}),
    ("set_run_variable", {"name": "count", "type": "integer", "value": {"expression": "event.cds + 1"}}),
    ("shift_date", {"field": "birthday", "amount": 2, "unit": "business_days"}),
    ("suspend_marketing", {"until": "2030-01-01T00:00:00Z"}),
    ("upsert_related_record", {"type": "car", "key": "V-1", "fields": {"seats": 5}}),
    ("wait_duration", {"wait": {"amount": 1, "unit": "days"}, "end_days": ["monday"], "end_time": "09:00"}),
    ("wait_for_window", {"from": "09:00", "to": "24:00", "calendar": "holidays", "zone": "Asia/Tokyo"}),
    ("wait_until_date", {"datetime": "2026-12-24T18:00", "if_past": "skip"}),
    ("wait_until_token_date", {"token": "{{ lead.birthday }}", "if_missing": "exit", "if_past": "continue"}),
]


@pytest.mark.parametrize(("action", "params"), PUBLISHED, ids=[action for action, _ in PUBLISHED])
def test_what_can_be_published_keeps_to_it(action: str, params: dict[str, Any]) -> None:
    assert faults(campaign(step(action, **params))) == []
    assert accepts(action, params)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("change_score", {}),
        ("change_score", {"amount": 1, "by": 2}),
        ("change_score", {"amount": None}),
        ("change_score", {"amount": True}),
        ("change_score", {"amount": 1, "op": "double"}),
        ("change_tags", {"add": "hot"}),
        ("assign_bucket", {"namespace": "Green", "size": 2}),
        ("assign_bucket", {"namespace": "green", "size": 1}),
        ("once_per", {"key": "x" * 256}),
        ("once_per", {"key": "x", "window": {"amount": 3, "unit": "moons"}}),
        ("format_field", {"field": "phone", "transforms": ["polish"]}),
        ("clear_fields", {"fields": []}),
    ],
)
def test_what_breaks_it_is_told(action: str, params: dict[str, Any]) -> None:
    assert not accepts(action, params)
    assert faults(campaign(step(action, **params)))


VALUES = st.sampled_from(
    [
        None, True, 0, 7, -1, 10**6, 1.5, "", " ", "7", "1.5", "true", "red", "orders", "colours", "nickname", "notes",
        "webinar", "invited", "news", "email", "ann@acme.test", "days", "add", "2026-01-31", "2026-01-31T00:00:00Z",
        "{{ event.cds }}", "{{ lead.nickname }} x", "{{ now }}", "x" * 256, [], {}, ["red"], ["nickname"], [1], [None],
        {"nickname": "x"}, {"nickname": 1}, {"amount": 3, "unit": "days"}, {"amount": "3", "unit": "days"},
    ]
)  # fmt: skip


@given(st.sampled_from(list(ACTIONS)), st.data())
@settings(max_examples=1_500, deadline=None)
def test_what_it_refuses_cannot_be_published(action: Any, data: st.DataObject) -> None:
    names = st.sampled_from([*(one.name for one in action.parameters), "nonsense"])
    params = data.draw(st.dictionaries(names, VALUES, max_size=5))

    if not accepts(action.name, params):
        assert faults(campaign(step(action.name, **params)))
