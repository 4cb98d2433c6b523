from __future__ import annotations

from tests.unit.campaigns.acme import act, campaign, event, faults, lead, on, outcomes, rulebook, run, step

SIGNUP = step("emit_custom_activity", type="signup", attributes={"email": "{{ lead.email }}", "age": 30})


def test_the_activity_is_logged_under_its_type() -> None:
    rows = run(rulebook(campaign(SIGNUP)), lead(email="ann@acme.test"))

    assert rows[1].kind == "signup"
    assert rows[1].step == "one"
    assert rows[1].data == {"data": {"email": "ann@acme.test", "age": 30}, "outcome": "done"}


def test_campaigns_hear_it_with_typed_attributes() -> None:
    older = {"event": "age", "operator": "at_least", "value": 30}
    heard = campaign(step("change_field", field="orders", value="{{ event.age }}"), on=on("signup"), filter=older)
    who = lead(email="ann@acme.test")

    run(rulebook(campaign(SIGNUP), heard), who)

    assert who.values["orders"] == 30


def test_values_are_logged_in_their_json_form() -> None:
    attributes = {"cds": 1, "amount": "{{ event.amount }}", "paid_at": "{{ event.occurred_at }}"}
    rows = run(rulebook(campaign(step("emit_custom_activity", type="purchase", attributes=attributes))), lead())

    assert rows[1].data["data"] == {"cds": 1, "amount": "10.00", "paid_at": "2026-03-14T23:30:00Z"}


def test_an_open_type_takes_more() -> None:
    rows = run(
        rulebook(campaign(step("emit_custom_activity", type="page_view", attributes={"x": [1], "at": "{{ now }}"}))),
        lead(),
    )

    assert rows[1].data["data"] == {"x": [1], "at": "2026-03-15T12:00:00Z"}


def test_a_required_attribute_without_a_value_fails() -> None:
    rows = run(rulebook(campaign(SIGNUP)), lead())

    assert outcomes(rows) == [("one", "custom_activity", "failed")]
    assert rows[1].data["reason"] == "attribute email of signup is required and has no value"


def test_an_emitted_event_that_sets_itself_off_is_stopped() -> None:
    again = step("emit_custom_activity", type="page_view", attributes={})

    rows = run(rulebook(campaign(again, on=on("page_view"))), lead(), event("page_view"))

    assert [row.kind for row in rows].count("page_view") == 12
    assert rows[-1].kind == "loop_stopped"


def test_attributes_are_checked_against_the_type() -> None:
    found = faults(campaign(step("emit_custom_activity", type="signup", attributes={"age": "x", "mail": 1})))

    assert found == [
        "steps[0].params.attributes.age: expected a whole number, got 'x'",
        "steps[0].params.attributes.mail: event type 'signup' has no such attribute; did you mean 'email'?",
        "steps[0].params.attributes.email: is required by event type 'signup'",
    ]


def test_system_events_cannot_be_emitted() -> None:
    assert "unknown event type 'field.changed'" in "".join(
        faults(campaign(step("emit_custom_activity", type="field.changed", attributes={})))
    )


def test_an_unheard_activity_is_logged_once() -> None:
    assert act(lead(email="a"), "emit_custom_activity", type="signup", attributes={"email": "a"})["outcome"] == "done"


def test_with_a_key_it_is_logged_once_for_each() -> None:
    params = {"type": "page_view", "attributes": {}, "dedupe_key": "{{ event.shop }}"}
    heard = campaign(step("increment_number", field="orders", by=1), on=on("page_view"))
    book, who = rulebook(campaign(step("emit_custom_activity", **params)), heard), lead(orders=0)

    rows = run(book, who, event(shop="a"), event(shop="a"), event(shop="b"), event(), event())

    assert [row.data["outcome"] for row in rows if row.step and row.campaign_id == 1] == [
        "done",
        "no_op",
        *["done"] * 3,
    ]
    assert "logged already for a" in [row.data.get("reason") for row in rows]
    assert who.values["orders"] == 4


def test_a_key_counts_for_its_own_type() -> None:
    who = lead(email="a")
    act(who, "emit_custom_activity", type="page_view", attributes={}, dedupe_key="x")
    row = act(who, "emit_custom_activity", type="signup", attributes={"email": "a"}, dedupe_key="x")
    assert row["outcome"] == "done"


def test_only_with_a_key_is_more_of_the_lead_loaded() -> None:
    plain = step("emit_custom_activity", type="page_view", attributes={})
    assert rulebook(campaign(plain)).needs_records == frozenset()
    keyed = step("emit_custom_activity", type="page_view", attributes={}, dedupe_key="x")
    assert rulebook(campaign(keyed)).needs_records == {"emitted"}
