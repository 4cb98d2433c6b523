"""Steps that end their campaign for an event: always, under a condition, or when it was done before."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.campaigns.acme import (
    THEN,
    act,
    campaign,
    event,
    faults,
    lead,
    outcomes,
    record,
    rulebook,
    run,
    step,
)

TAG = step("change_tags", id="tag", add=["hot"])


def test_nothing_runs_behind_an_exit_and_other_campaigns_do() -> None:
    who = lead()
    ends, goes_on = campaign(step("exit_flow", label="bought"), TAG), campaign(step("change_score", amount=1))

    rows = run(rulebook(ends, goes_on), who)

    assert outcomes(rows) == [("one", "run_ended", "done"), ("one", "change_score", "done")]
    assert next(row for row in rows if row.kind == "run_ended").data["ended"] == "bought"
    assert who.tags == set()


def test_a_campaign_ends_where_its_condition_holds_now() -> None:
    rule = {"field": "score", "operator": "at_least", "value": 10}
    document = campaign(step("change_score", id="up", amount=5), step("stop_if", rule=rule, label="warm"), TAG)
    cold, warm = lead(score=0), lead(score=5)

    passed, ended = run(rulebook(document), cold), run(rulebook(document), warm)

    assert outcomes(passed)[1:] == [("one", "guard", "no_op"), ("tag", "change_tags", "done")]
    assert outcomes(ended)[1:] == [("one", "guard", "done")]


def test_what_is_done_once_per_key_ends_the_second_time() -> None:
    document = campaign(step("once_per", key="{{ event.shop }}"), step("change_score", id="up", amount=1))
    who = lead()

    run(rulebook(document), who, event(id="1", shop="a"), event(id="2", shop="a"), event(id="3", shop="b"))

    assert who.values["score"] == 2
    assert sorted(key for _, key in who.records) == ["a", "b"]


def test_after_its_window_it_may_be_done_again() -> None:
    window = {"amount": 2, "unit": "days"}
    document = campaign(step("once_per", key="mail", window=window), step("change_score", id="up", amount=1))
    who = lead()
    moments = [THEN, THEN + timedelta(hours=47), THEN + timedelta(days=2)]

    run(rulebook(document), who, *[event(id=str(n), at=at) for n, at in enumerate(moments)])

    assert who.values["score"] == 2
    assert record(who, "once", "mail") == {"at": moments[2].isoformat()}


def test_without_a_key_it_goes_on() -> None:
    assert act(lead(), "once_per", key="{{ event.shop }}")["reason"] == "missing: there is no key"


def test_a_condition_that_is_none_is_a_fault() -> None:
    (found,) = faults(campaign(step("stop_if", rule={"field": "nope", "operator": "is", "value": 1})))
    assert "steps[0].params.rule" in found and "unknown field 'nope'" in found
