"""What the admin says of a campaign's steps."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string

from campaigns.actions import ACTIONS
from campaigns.admin.document_words import in_words
from campaigns.admin.step_words import Step
from campaigns.language.flowkinds import Body
from campaigns.language.program import NESTING_LIMIT
from tests.unit.campaigns.acme import ACME, campaign, faults, step

DAY = {"amount": 1, "unit": "days"}
VIP = {"field": "orders", "operator": "at_least", "value": 3}
NOTE = step("add_note", "note", text="Hello")


def told(*steps: dict[str, Any]) -> tuple[Step, ...]:
    """Steps that could be published, in words."""
    assert faults(campaign(*steps)) == []
    return in_words(campaign(*steps), ACME).then


def lines(steps: tuple[Step, ...], indent: str = "") -> list[str]:
    """As one reads it: a way is indented below its step."""
    found = []
    for one in steps:
        found.append(f"{indent}{one.label} {one.text}".rstrip())
        found += [f"{indent}  → {target.label} {target.id}" for target in one.targets]
        found += ways(one.ways, f"{indent}  ")
    return found


def ways(every: Any, indent: str) -> list[str]:
    found = []
    for way in every:
        found.append(f"{indent}{way.label} {way.text}".rstrip())
        found += lines(way.steps, f"{indent}  ") + ways(way.ways, f"{indent}  ")
    return found


def page(*steps: dict[str, Any]) -> str:
    return render_to_string("campaigns/words.html", {"words": in_words(campaign(*steps), ACME)})


def noted(name: str) -> dict[str, Any]:
    return step("add_note", name, text=name.capitalize())


def test_a_branch_shows_each_case_with_its_condition_and_its_steps() -> None:
    cases = [{"label": "good", "when": VIP, "steps": [noted("thanks")]}, {"label": "none", "when": VIP, "steps": []}]

    assert lines(told(step("branch", cases=cases, default=[noted("hello")]), noted("end"))) == [
        "Branch",
        "  good: if Orders at least 3",
        "    Add a note (text Thanks)",
        "  none: if Orders at least 3 nothing",
        "  Otherwise",
        "    Add a note (text Hello)",
        "Add a note (text End)",
    ]


def test_a_random_split_shows_the_share_of_each_way() -> None:
    split = [{"label": "a", "weight": 70, "steps": [noted("a")]}, {"label": "b", "weight": 30, "steps": []}]

    assert lines(told(step("random_split", ways=split, holdout=5))) == [
        "Random split (holdout 5)",
        "  a: 70 %",
        "    Add a note (text A)",
        "  b: 30 % nothing",
    ]


def test_a_loop_shows_its_body() -> None:
    loop = step("for_each", **{"as": "colour", "type": "string", "items": "{{ lead.colours }}", "body": [noted("a")]})

    assert lines(told(loop)) == [
        "For each (as colour, type string, items {{ lead.colours }})",
        "  For each",
        "    Add a note (text A)",
    ]


def test_a_jump_says_the_step_that_it_goes_on_at_wherever_that_is() -> None:
    inner = [{"label": "good", "when": VIP, "steps": [noted("inner")]}]
    steps = (step("branch", "fork", cases=inner), step("jump_to", "again", step="inner", max_jumps=2))

    assert lines(told(*steps))[-2:] == ["Jump to a step (max jumps 2)", "  → Add a note inner"]
    assert '<a href="#step-inner">Add a note</a>' in page(*steps)
    assert 'id="step-inner"' in page(*steps)


def test_a_jump_to_nowhere_says_so() -> None:
    assert "<code>gone</code>, which does not exist" in page(step("jump_to", step="gone", max_jumps=2))


def test_a_wait_for_an_event_shows_its_events_and_what_happens_without_them() -> None:
    branches = [
        {
            "label": "bought",
            "trigger": {"type": "event", "event": "purchase", "where": [
                {"attribute": "amount", "operator": "at_least", "value": 10}]},
            "match": {"shop": "{{ event.shop }}"},
            "steps": [noted("thanks")],
        }
    ]  # fmt: skip

    assert lines(told(step("wait_for_event", branches=branches, timeout=DAY, on_timeout=[noted("remind")]))) == [
        "Wait for an event (timeout 1 day)",
        "  bought: when purchase happens where the event's amount at least 10 matching (shop {{ event.shop }})",
        "    Add a note (text Thanks)",
        "  On timeout",
        "    Add a note (text Remind)",
    ]


def test_a_wait_for_a_condition_shows_the_condition_and_the_steps_without_it() -> None:
    wait = step("wait_for_condition", rule=VIP, timeout={"amount": 3, "unit": "days"}, on_timeout=[noted("remind")])

    assert lines(told(wait)) == [
        "Wait for a condition (rule Orders at least 3, timeout 3 days)",
        "  On timeout",
        "    Add a note (text Remind)",
    ]


def test_an_approval_shows_both_ways_out() -> None:
    asked = step("approval", text="Go?", timeout=DAY, on_timeout=[], on_declined=[noted("sorry")])

    assert lines(told(asked)) == [
        "Ask for approval (text Go?, timeout 1 day)",
        "  On timeout nothing",
        "  On declined",
        "    Add a note (text Sorry)",
    ]


def test_a_throttle_shows_what_those_too_many_do() -> None:
    slow = step("throttle", key="sms", rate=5, per="hour", overflow="branch", on_overflow=[noted("later")])

    assert lines(told(slow))[1:] == ["  On overflow", "    Add a note (text Later)"]


def test_choices_are_ways_too_with_the_steps_within_them() -> None:
    one, other = ({"cases": [{"label": "good", "when": VIP, "steps": [noted(name)]}]} for name in "ab")
    choosing = {"id": "fork", "action": "branch", "choices": [{"when": VIP, "params": one}], "default": other}

    assert lines(told(choosing)) == [
        "Branch",
        "  If Orders at least 3",
        "    good: if Orders at least 3",
        "      Add a note (text A)",
        "  Otherwise",
        "    good: if Orders at least 3",
        "      Add a note (text B)",
    ]


def test_a_test_of_variants_shows_the_steps_of_each_and_what_is_measured() -> None:
    metric = {"type": "event", "event": "purchase"}
    variants = [{"label": "short", "steps": [noted("a")]}, {"label": "long", "steps": [noted("b")]}]
    steps = in_words(campaign(step("ab_test", variants=variants, metric=metric, within=DAY, decide_after=DAY)), ACME)

    assert lines(steps.then)[1:] == ["  short", "    Add a note (text A)", "  long", "    Add a note (text B)"]
    assert "metric purchase happens, within 1 day" in steps.then[0].text


def test_what_is_done_together_and_what_undoes_it_is_shown() -> None:
    group = step("transaction_group", "all", steps=[noted("a")])
    mark = step("checkpoint", "mark", label="begun", undo=[noted("b")])

    said = lines(in_words(campaign(group, mark), ACME).then)

    assert [line.strip() for line in said if line.startswith("  ") and not line.startswith("    ")] == [
        "All or nothing",
        "To undo it",
    ]


@pytest.mark.parametrize("spec", [one for one in ACTIONS if any(isinstance(p.kind, Body) for p in one.parameters)])
def test_the_steps_of_every_parameter_that_holds_steps_are_shown(spec: Any) -> None:
    for parameter in spec.parameters:
        if isinstance(parameter.kind, Body):
            (one,) = in_words(campaign(step(spec.name, **{parameter.name: [noted("within")]})), ACME).then
            assert [inner.id for way in one.ways for inner in way.steps] == ["within"]


def test_fields_are_called_by_their_labels_and_values_are_left_alone() -> None:
    (one,) = told(step("change_fields", fields={"orders": 3, "nickname": "orders"}))

    assert one.text == "(fields Orders 3, Nickname orders)"


def test_no_json_is_shown() -> None:
    body = {"a": {"b": [1, True, None]}}

    assert lines(told(step("merge_json", field="profile", body=body, mode="deep"))) == [
        "Merge JSON (field Profile, body (a (b 1, yes, nothing)), mode deep)"
    ]


def test_a_filter_of_any_shape_is_told() -> None:
    history = {"activity": "purchase", "count": {"at_least": 2}, "in_past": {"amount": 30, "unit": "days"}}
    rule = {"at_least": [VIP, history, {"exactly_one": [VIP, {"smart_list": "good", "operator": "in"}]}], "count": 2}

    (one,) = in_words(campaign(step("stop_if", rule=rule)), ACME).then

    assert one.text == (
        "(rule at least 2 of (Orders at least 3; activity purchase (count (at least 2), in past 30 days); "
        "exactly one of (Orders at least 3; smart list good in)))"
    )


def test_whatever_a_draft_says_is_escaped() -> None:
    bad = '<script>alert("x")</script>'
    cases = [{"label": bad, "when": {"field": bad, "operator": bad, "value": bad}, "steps": [step("add_note", bad)]}]

    said = page(step("branch", bad, cases=cases), step("jump_to", "j", step=bad), step(bad, "z", **{bad: {bad: bad}}))

    assert "<script" not in said
    assert said.count("&lt;script&gt;") > 8


def test_steps_deeper_than_a_campaign_may_be_are_not_followed() -> None:
    deep = noted("deep")
    for number in range(40):
        deep = step("branch", f"b{number}", default=[deep])

    said = page(deep)

    assert f"steps more than {NESTING_LIMIT} levels deep" in said
    assert said.count("Otherwise") == NESTING_LIMIT + 1


@pytest.mark.parametrize(
    "params",
    [
        {"cases": 1, "default": {"a": 1}},
        {"cases": [1, {"label": [], "when": 3, "steps": {}}], "default": [1, {"id": {}, "action": []}]},
        {"ways": "x"},
    ],
)
def test_any_parameters_can_be_told(params: dict[str, Any]) -> None:
    for action in ("branch", "random_split", "wait_for_event", "jump_to", "for_each"):
        assert page({"id": "a", "action": action, "params": params})
