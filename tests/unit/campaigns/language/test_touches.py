from __future__ import annotations

import ast
import inspect
import sys
from typing import Any

import pytest

from campaigns.actions import ACTIONS
from campaigns.language.action import ActionSpec
from campaigns.language.document import Compiled, compile_document
from campaigns.language.scope import Scope
from campaigns.language.touches import in_words, overlap, shared
from campaigns.language.writing import says_what
from tests.unit.campaigns.acme import ACME, campaign, step

#: What changes the lead for good, or what leads have in common.
LASTING = {"SetField", "ChangeTags", "JoinList", "LeaveList", "PutRecord", "PutShared", "Freeze"}
PERIOD = {"amount": 1, "unit": "days"}


def compiled(*steps: dict[str, Any], **more: Any) -> Compiled:
    scope = Scope(ACME, "mine")
    scope.compares = True
    found, faults = compile_document(campaign(*steps, **more), scope)
    assert faults == []
    assert found is not None
    return found


def writes(action: str, **params: Any) -> set[str]:
    """What a step writes, but for the lead's history."""
    found = compiled(step(action, **params)).writes
    return {name for name in found if not name.startswith("activity:")}


def reads(**more: Any) -> frozenset[str]:
    """What a campaign reads that has one step which reads nothing."""
    return compiled(step("add_note", text="hi"), **more).reads


def leaf(**parts: Any) -> dict[str, Any]:
    return {"filter": parts}


def says(spec: ActionSpec) -> bool:
    named = any(says_what(parameter.kind) for parameter in spec.parameters)
    return named or spec.writes is not None or bool(spec.records)


def called(spec: ActionSpec) -> list[ast.Call]:
    tree = ast.parse(inspect.getsource(sys.modules[spec.run.__module__]))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]


@pytest.mark.parametrize("spec", list(ACTIONS), ids=lambda spec: spec.name)
def test_every_action_that_changes_something_says_what(spec: ActionSpec) -> None:
    assert says(spec) or not {call.func.id for call in called(spec)} & LASTING  # type: ignore[attr-defined]


@pytest.mark.parametrize("spec", list(ACTIONS), ids=lambda spec: spec.name)
def test_a_field_that_an_action_always_sets_is_among_what_it_says(spec: ActionSpec) -> None:
    sets = [call.args[0] for call in called(spec) if call.func.id == "SetField"]  # type: ignore[attr-defined]
    fixed = {f"field:{name.value}" for name in sets if isinstance(name, ast.Constant)}

    assert fixed <= set(spec.writes or ())


@pytest.mark.parametrize(
    ("action", "params", "names"),
    [
        ("change_field", {"field": "nickname", "value": "x"}, {"field:nickname"}),
        ("change_fields", {"fields": {"nickname": "x", "orders": 1}}, {"field:nickname", "field:orders"}),
        ("clear_fields", {"fields": ["nickname", "orders"]}, {"field:nickname", "field:orders"}),
        ("copy_field", {"to": "nickname", "from": "first_name"}, {"field:nickname"}),
        ("lookup_value", {"table": "regions", "key": "x", "into": {"orders": "orders"}}, {"field:orders"}),
        ("change_score", {"amount": 1}, {"field:score"}),
        ("change_stage", {"stage": "vip"}, {"field:stage"}),
        ("change_owner", {"owner": "ann@acme.test"}, {"field:owner"}),
        ("change_tags", {"add": ["vip"], "remove": ["hot"]}, {"tags:vip", "tags:hot"}),
        ("add_to_list", {"list": "news"}, {"lists:news"}),
        ("change_program_status", {"program": "webinar", "status": "invited"}, {"record:program:webinar"}),
        ("record_consent", {"purpose": "profiling", "basis": "consent"}, {"record:consent:profiling"}),
        ("record_goal", {"goal": "first-order"}, {"record:goal:first-order"}),
        ("assign_bucket", {"namespace": "colours", "size": 4}, {"record:bucket:colours"}),
        ("once_per", {"key": "welcome"}, {"record:once:welcome"}),
        ("once_per", {"key": "{{ event.shop }}"}, {"record:once"}),
        ("send_email", {"email": "plain", "class": "operational"}, {"record:sent:plain"}),
        ("add_to_company", {"company": "Initech"}, {"field:company", "record:company"}),
        ("rotate_owner", {"pool": "sales"}, {"field:owner"}),
        ("create_related_lead", {"key": "x", "fields": {"nickname": "x"}}, {"record:related"}),
        ("wait_duration", {"wait": PERIOD}, set()),
    ],
)
def test_an_action_writes_what_its_parameters_name(action: str, params: dict[str, Any], names: set[str]) -> None:
    assert writes(action, **params) == names


def test_what_nested_steps_and_choices_write_counts() -> None:
    inner = [step("change_score", "in", amount=1)]
    when = {"field": "orders", "operator": "is", "value": 1}
    branch = step("branch", cases=[{"label": "a", "when": when, "steps": inner}], default=[])
    choice = {"id": "two", "action": "change_stage", "choices": [{"when": when, "params": {"stage": "vip"}}]}

    found = compiled(branch, choice)

    assert {"field:score", "field:stage"} <= found.writes
    assert found.reads == {"field:orders"}


@pytest.mark.parametrize(
    ("more", "names"),
    [
        (leaf(field="orders", operator="is", value=1), {"field:orders"}),
        (leaf(field="orders", operator="is", value="{{ lead.score }}"), {"field:orders", "field:score"}),
        (leaf(field="tags", operator="contains_any_of", value=["vip"]), {"tags"}),
        (leaf(program="webinar"), {"record:program:webinar"}),
        (leaf(consent="profiling"), {"record:consent:profiling"}),
        (leaf(subscription="news"), {"record:subscription:news"}),
        (leaf(bucket="colours", buckets=[1]), {"record:bucket:colours"}),
        (leaf(goal="first-order"), {"record:goal:first-order"}),
        (leaf(activity="send_email"), {"activity:send_email"}),
        (leaf(event="cds", operator="is", value=1), set()),
    ],
)
def test_a_filter_reads_what_it_asks_for(more: dict[str, Any], names: set[str]) -> None:
    assert reads(**more) == names


def test_tokens_templates_and_expressions_read_fields() -> None:
    assert compiled(step("add_note", text="{{ lead.first_name | upcase }}")).reads == {"field:first_name"}
    assert compiled(step("change_field", field="nickname", value="{{ lead.phone }}")).reads == {"field:phone"}
    computed = compiled(step("compute_field", field="orders", expression="(lead.score ?? 0) + 1"))
    assert computed.reads == {"field:score"}


def test_a_field_that_is_heard_or_set_is_not_read() -> None:
    assert reads(on={"type": "field_changed", "field": "orders"}) == set()
    assert compiled(step("change_field", field="nickname", value="x")).reads == set()


def test_names_overlap_where_one_is_part_of_the_other() -> None:
    assert overlap("lists", "lists:news")
    assert overlap("record:once:a", "record:once")
    assert not overlap("field:score", "field:score_b2b")
    assert shared({"lists", "tags:vip"}, {"lists:news", "tags:hot"}) == {"lists:news"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("field:score", "field “score”"),
        ("tags", "tags"),
        ("tags:vip", "tag “vip”"),
        ("record:program:webinar", "program “webinar”"),
        ("record:company_state", "company state"),
        ("activity:send_email", "history of “send_email”"),
        ("processing", "whether the lead is frozen"),
    ],
)
def test_names_have_words(name: str, words: str) -> None:
    assert in_words(name) == words
