from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from campaigns.language.action import ACTIONS, ActionSpec, parameters_of
from campaigns.language.effects import LogActivity, SetField
from campaigns.language.interpreter import DEPTH_LIMIT
from campaigns.language.parameters import Literal
from campaigns.language.rulebook import CampaignRow, compile_rulebook
from campaigns.language.stepping import STEPS_LIMIT
from tests.unit.campaigns.acme import ACME, campaign, event, lead, on, outcomes, rulebook, run, schema, step

STAGE_CHANGED = {"type": "field_changed", "field": "stage"}


def set_orders(value: Any, id: str = "one") -> dict[str, Any]:
    return step("change_field", id, field="orders", value=value)


def test_an_event_that_nobody_hears_is_logged_all_the_same() -> None:
    rows = run(rulebook(), lead(), event("something", x=1))

    assert [(row.kind, row.data["data"]) for row in rows] == [("something", {"x": 1})]


def test_campaigns_run_in_their_order_and_each_sees_what_was_done_before() -> None:
    first = campaign(set_orders(1))
    second = campaign(set_orders(2), filter={"field": "orders", "operator": "is", "value": 1})
    rows = [CampaignRow(1, "second", "S", 1, 20, second), CampaignRow(2, "first", "F", 1, 10, first)]
    who = lead()

    run(compile_rulebook(ACME, 1, rows), who)

    assert who.values["orders"] == 2


def test_a_campaign_runs_once_however_many_of_its_triggers_match() -> None:
    document = campaign(step("increment_number", field="orders", by=1))
    document["triggers"] += [on("purchase"), on("purchase", where=[])]
    who = lead()

    run(rulebook(document), who)

    assert who.values["orders"] == 1


def test_the_next_step_sees_what_a_step_wrote() -> None:
    who = lead()

    run(rulebook(campaign(set_orders(5), step("increment_number", "two", field="orders", by="{{ lead.orders }}"))), who)

    assert who.values["orders"] == 10


def test_the_first_choice_that_matches_is_taken_and_named() -> None:
    choices = [
        {"when": {"event": "cds", "operator": "at_least", "value": 5}, "params": {"field": "orders", "value": 1}},
        {"when": {"event": "cds", "operator": "at_least", "value": 3}, "params": {"field": "orders", "value": 2}},
    ]
    chosen = {"id": "a", "action": "change_field", "choices": choices, "default": {"field": "orders", "value": 3}}
    book = rulebook(campaign(chosen))

    taken = [run(book, lead(), event(cds=cds))[-1].data for cds in (9, 4, 1)]

    assert [(data["new"], data["choice"]) for data in taken] == [(1, 0), (2, 1), (3, "default")]


def test_no_choice_and_no_default_is_nothing_done_and_nothing_logged() -> None:
    never = {"field": "orders", "operator": "is", "value": 99}
    chosen = {"id": "a", "action": "change_field", "choices": [{"when": never, "params": set_orders(1)["params"]}]}

    rows = run(rulebook(campaign(chosen)), lead())

    assert outcomes(rows) == []


def test_an_equal_value_is_logged_as_no_op_and_raises_nothing() -> None:
    heard = campaign(set_orders(9), on={"type": "field_changed", "field": "total"})
    document = campaign(step("change_field", field="total", value="1.50"))
    who = lead()
    book = rulebook(document, heard)

    run(book, who)
    who.values["orders"] = 0
    rows = run(book, who, event(amount="2"))

    assert rows[-1].data == {"outcome": "no_op", "field": "total"}
    assert who.values["orders"] == 0


def test_a_change_is_heard_after_the_campaigns_of_the_event_are_done() -> None:
    first = campaign(step("change_stage", stage="repeat"), set_orders(1, "two"))
    second = campaign(set_orders(2))
    heard = campaign(step("increment_number", field="orders", by=10), on=STAGE_CHANGED)
    who = lead()

    run(rulebook(heard, first, second), who)

    assert who.values["orders"] == 12


def test_events_that_arise_are_handled_first_in_first_out() -> None:
    log = "emit_custom_activity"
    start = campaign(step("change_stage", stage="repeat"), step("change_tags", "two", add=["hot"]))
    on_stage = campaign(step(log, type="page_view", attributes={"url": "stage"}), on=STAGE_CHANGED)
    on_tag = campaign(step(log, type="page_view", attributes={"url": "tag"}), on={"type": "tag_added"})
    on_page = campaign(step("change_field", field="nickname", value="{{ event.url }}"), on=on("page_view"), filter=None)

    rows = run(rulebook(start, on_stage, on_tag, on_page), lead())

    heard = [(row.kind, row.data.get("new") or row.data["data"]["url"]) for row in rows[3:]]
    assert heard == [
        ("page_view", "stage"),
        ("page_view", "tag"),
        ("change_data_value", "stage"),
        ("change_data_value", "tag"),
    ]


def test_a_new_lead_is_created_before_the_event_happens_to_it() -> None:
    created = campaign(set_orders(100), on={"type": "lead_created"})
    who = lead(new=True)

    rows = run(rulebook(campaign(step("increment_number", field="orders", by=1)), created), who, event(), event())

    assert [row.kind for row in rows] == [
        "lead.created", "change_data_value", "purchase", "change_data_value", "purchase", "change_data_value",
    ]  # fmt: skip
    assert who.values["orders"] == 102


def test_the_creation_of_a_lead_is_handled_once_when_it_comes_as_an_event() -> None:
    created = campaign(step("increment_number", field="orders", by=1), on={"type": "lead_created"})
    who = lead(new=True)

    rows = run(rulebook(created), who, event("lead.created"), event())

    assert [row.kind for row in rows] == ["lead.created", "change_data_value", "purchase"]


def test_changes_made_outside_are_heard_like_those_of_actions() -> None:
    heard = campaign(set_orders(1), on={"type": "field_changed", "field": "birthday", "to": "2000-01-31"})
    who = lead()

    run(rulebook(heard), who, event("field.changed", field="birthday", old=None, new="2000-01-31"))

    assert who.values["orders"] == 1


@pytest.mark.parametrize("data", [{}, {"field": 3}, {"field": ["birthday"]}, {"field": "birthday", "new": "?"}])
def test_a_malformed_system_event_matches_nothing(data: dict[str, Any]) -> None:
    heard = campaign(set_orders(1), on={"type": "field_changed", "field": "birthday", "to": "2000-01-31"})
    who = lead()

    run(rulebook(heard), who, event("field.changed", **data))

    assert who.values == {}


def ping_pong() -> list[dict[str, Any]]:
    to_hot = step("change_tags", add=["hot"], remove=["cold"])
    to_cold = step("change_tags", add=["cold"], remove=["hot"])
    return [
        campaign(to_hot),
        campaign(to_cold, on={"type": "tag_added", "tag": "hot"}),
        campaign(to_hot, on={"type": "tag_added", "tag": "cold"}),
    ]


def test_a_loop_ends_at_the_depth_limit_and_says_so() -> None:
    rows = run(rulebook(*ping_pong()), lead())

    assert [row.kind for row in rows].count("change_tags") == 1 + DEPTH_LIMIT
    assert rows[-1].kind == "loop_stopped"
    assert rows[-1].data == {"reason": "more than 10 events followed one from another", "event": "tag.added"}
    assert rows[-1].campaign_id is not None


def test_the_last_event_of_a_chain_that_nobody_acts_on_is_no_loop() -> None:
    count = campaign(step("increment_number", field="orders", by=1))
    more = {"field": "orders", "operator": "at_most", "value": DEPTH_LIMIT}
    again = campaign(
        step("increment_number", field="orders", by=1), on={"type": "field_changed", "field": "orders"}, filter=more
    )
    who = lead()

    rows = run(rulebook(count, again), who)

    assert who.values["orders"] == DEPTH_LIMIT + 1
    assert "loop_stopped" not in [row.kind for row in rows]


def test_an_event_has_a_budget_of_steps() -> None:
    steps = [step("increment_number", f"s{place}", field="orders", by=1) for place in range(200)]
    more = [campaign(*steps) for _ in range(6)]
    who = lead()

    rows = run(rulebook(*more), who)

    assert who.values["orders"] == STEPS_LIMIT
    assert rows[-1].kind == "loop_stopped"
    assert rows[-1].step == "s0"
    assert rows[-1].data["reason"] == "more than 1000 steps followed from one event"


def test_the_next_event_runs_after_a_loop_was_stopped() -> None:
    who = lead()

    rows = run(rulebook(*ping_pong()), who, event(), event())

    after = [row.kind for row in rows].index("loop_stopped") + 1
    assert [row.kind for row in rows[after:]] == ["purchase", "change_tags"]


def test_a_value_that_does_not_fit_fails_its_step_and_the_next_one_runs() -> None:
    document = campaign(
        step("change_field", field="nickname", value="{{ lead.notes }}"),
        set_orders(1, "two"),
    )
    who = lead(notes="x" * 300)

    rows = run(rulebook(document), who)

    assert outcomes(rows) == [("one", "change_data_value", "failed"), ("two", "change_data_value", "done")]
    assert "is 300 characters long, at most 255 are allowed" in rows[1].data["reason"]


def test_several_changes_of_one_step_share_a_group() -> None:
    document = campaign(
        set_orders(1),
        step("change_fields", "two", fields={"orders": 2, "nickname": "Ann", "total": None}),
    )

    rows = run(rulebook(document), lead())

    assert [row.data.get("group") for row in rows] == [None, None, 2, 2]


def test_data_that_cannot_be_cast_reads_as_no_value() -> None:
    rows = run(
        rulebook(campaign(step("increment_number", field="orders", by="{{ event.cds }}"))), lead(), event(cds="?")
    )

    assert rows[-1].data == {"outcome": "skipped", "reason": "missing: there is no value to add"}


def test_a_key_at_hand_is_used() -> None:
    key = event(id="other").ledger_key
    recorder = type("Recorder", (), {"activities": [], "sent": []})()
    from_engine = run.__globals__["run_event"]

    from_engine(rulebook(), lead(), event(), event().accepted_at, recorder, event_key=key)

    assert recorder.activities[0].event_key == key


class BrokenParams(msgspec.Struct, frozen=True):
    """Whether to break."""

    breaks: Annotated[bool | None, Literal("Whether to raise", "boolean")] = False


def broken(lead: Any, params: BrokenParams, context: Any) -> list[Any]:
    """Logs, or raises."""
    if params.breaks:
        raise ZeroDivisionError
    return [LogActivity("note_added", {"text": "hello"}), SetField("orders", 1)]


@pytest.fixture
def _broken_action(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ActionSpec("broken", "Broken", "broken", "Breaks.", BrokenParams, parameters_of(BrokenParams), broken)
    monkeypatch.setitem(ACTIONS._entries, "broken", spec)


@pytest.mark.usefixtures("_broken_action")
def test_what_an_action_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        run(rulebook(campaign(step("broken", breaks=True))), lead())


@pytest.mark.usefixtures("_broken_action")
def test_an_action_may_log_an_activity_of_its_own() -> None:
    rows = run(rulebook(campaign(step("broken"))), lead())

    assert outcomes(rows) == [("one", "note_added", "done"), ("one", "broken", "done")]
    assert rows[1].data["text"] == "hello"


def test_a_step_whose_list_is_gone_fails_and_the_others_run() -> None:
    document = campaign(step("add_to_list", list="vips"), set_orders(1, "two"))
    later = schema(lists={"news": 2})

    book = compile_rulebook(later, 2, [CampaignRow(1, "one", "One", 1, 1, document)])
    rows = run(book, lead())

    assert outcomes(rows) == [("one", "add_to_list", "failed"), ("two", "change_data_value", "done")]
    assert rows[1].data["reason"] == "steps[0].params.list: unknown list 'vips'; known: news"
    assert [str(fault) for fault in book.faults["one"]] == [rows[1].data["reason"]]


def test_a_campaign_whose_trigger_is_gone_is_left_out_and_named() -> None:
    document = campaign(set_orders(1), on={"type": "tag_added", "tag": "hot"})

    book = compile_rulebook(schema(tags=frozenset()), 2, [CampaignRow(1, "one", "One", 1, 1, document)])

    assert book.campaigns == ()
    assert [fault.path for fault in book.faults["one"]] == ["triggers[0].tag"]
