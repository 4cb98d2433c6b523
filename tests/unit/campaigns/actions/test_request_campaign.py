from __future__ import annotations

from tests.unit.campaigns.acme import campaign, event, faults, lead, outcomes, rulebook, run, step

REQUEST = campaign(step("request_campaign", campaign="welcome"))
COUNT = step("increment_number", "count", field="orders", by=1)
WELCOME = campaign(COUNT, on={"type": "campaign_requested"})


def test_the_campaign_runs_for_the_same_lead_after_the_present_event() -> None:
    who = lead()

    rows = run(rulebook(REQUEST, welcome=WELCOME), who)

    assert outcomes(rows) == [("one", "request_campaign", "done"), ("count", "change_data_value", "done")]
    assert rows[1].data == {"campaign": "welcome", "outcome": "done"}
    assert who.values["orders"] == 1


def test_only_the_campaign_that_is_named_runs() -> None:
    who = lead()

    run(rulebook(REQUEST, welcome=WELCOME, other=WELCOME), who)

    assert who.values["orders"] == 1


def test_a_campaign_that_does_not_run_is_skipped() -> None:
    rows = run(rulebook(REQUEST), lead())

    assert outcomes(rows) == [("one", "request_campaign", "skipped")]
    assert "welcome is not active or has no trigger campaign_requested" in rows[1].data["reason"]


def test_the_filter_of_the_requested_campaign_decides() -> None:
    closed = WELCOME | {"filter": {"field": "orders", "operator": "is_not_empty"}}
    who = lead()

    run(rulebook(REQUEST, welcome=closed), who)

    assert who.values == {}


def test_a_request_from_outside_is_heard() -> None:
    who = lead()

    run(rulebook(welcome=WELCOME, other=WELCOME), who, event("campaign.requested", campaign="welcome"))

    assert who.values["orders"] == 1


def test_a_campaign_that_requests_itself_is_stopped() -> None:
    again = campaign(COUNT, step("request_campaign", campaign="welcome"), on={"type": "campaign_requested"})

    rows = run(rulebook(welcome=again), lead(), event("campaign.requested", campaign="welcome"))

    assert rows[-1].kind == "loop_stopped"


def test_the_campaign_reads_what_it_is_told() -> None:
    asks = campaign(
        step("request_campaign", campaign="welcome", tokens={"shop": "{{ event.shop }}", "n": 5, "hi": "to {{ now }}"})
    )
    told = campaign(
        step("change_fields", fields={"nickname": "{{ event.shop }}", "orders": "{{ event.n }}"}),
        on={"type": "campaign_requested"},
    )
    who = lead()
    rows = run(rulebook(asks, welcome=told), who, event(shop="north"))
    assert (who.values["nickname"], who.values["orders"]) == ("north", 5)
    assert rows[1].data["shop"] == "north"


def test_runs_of_different_keys_stand_side_by_side() -> None:
    asks = campaign(step("request_campaign", campaign="welcome", run_key="{{ event.shop }}"))
    waits = campaign(
        step("wait_duration", "wait", wait={"amount": 1, "unit": "days"}), on={"type": "campaign_requested"}
    )
    book, who = rulebook(asks, welcome=waits), lead()
    run(book, who, *(event(id=f"e{n}", shop=shop) for n, shop in enumerate(("a", "b", "a"))))
    assert sorted(parked.key for parked in who.runs.values()) == ["a", "b"]


def test_what_a_request_has_of_its_own_cannot_be_told() -> None:
    (found,) = faults(campaign(step("request_campaign", campaign="welcome", tokens={"run_key": 1})))
    assert "'run_key' is the request's own" in found
