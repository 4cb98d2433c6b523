"""What a campaign does to other leads: events of their own, with what both sides log."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from campaigns.language.interpreter import DEPTH_LIMIT, LOOP_STOPPED
from campaigns.language.lead import LeadState
from campaigns.language.sending import SENDS_LIMIT, sends_limit, sent_id
from engine.types import Event
from tests.unit.campaigns.acme import NOW, THEN, act, answer, campaign, event, faults, lead, outcomes, record, rulebook
from tests.unit.campaigns.acme import step as step_of


def other(key: str = "bob", **values: Any) -> LeadState:
    return LeadState(id=8, tenant="acme", key=key, values=values)


def send(who: LeadState, document: dict[str, Any], cause: Event | None = None, **more: Any) -> list[Event]:
    """What the campaign sends when the event happens to the lead."""
    return answer(rulebook(document, **more), who, cause or event())[1]


def create(**params: Any) -> dict[str, Any]:
    return campaign(step_of("create_related_lead", **params))


def credit(**params: Any) -> dict[str, Any]:
    usual = {"programme": "friends", "referrer": "bob", "amount": "5.50"}
    return campaign(step_of("give_referral_credit", **usual | params))


def test_a_related_lead_gets_an_event_of_its_own_with_the_values_of_this_one() -> None:
    document = create(key="{{ event.shop }}", fields={"nickname": "{{ lead.nickname }}", "orders": 2, "total": "1.5"})

    (sent,) = send(lead(nickname="Ann"), document, event(shop="bob"))

    assert (sent.tenant, sent.lead, sent.type, sent.depth) == ("acme", "bob", "lead.upsert_requested", 1)
    assert sent.data["fields"] == {"nickname": "Ann", "orders": 2, "total": "1.5"}
    assert (sent.source, sent.accepted_at, sent.occurred_at) == ("campaign:c1", NOW, THEN)


def test_the_other_lead_changes_and_both_say_so() -> None:
    who, bob = lead(), other(nickname="B", orders=1)
    book = rulebook(create(key="bob", fields={"nickname": None, "orders": 2}, relation="partner"))
    rows, (sent,) = answer(book, who, event())
    assert outcomes(rows) == [("one", "related_lead", "done")]
    assert rows[-1].data["lead"] == "bob" and record(who, "related", "partner:bob") == {
        "relation": "partner", "lead": "bob",
    }  # fmt: skip

    rows, _ = answer(book, bob, sent)

    assert bob.values == {"orders": 2}
    assert [(row.kind, row.data["old"], row.data["new"]) for row in rows[1:]] == [
        ("change_data_value", "B", None), ("change_data_value", 1, 2),
    ]  # fmt: skip
    assert (rows[1].campaign_id, rows[1].step, rows[1].data["lead"]) == (1, "one", "L7")
    assert record(bob, "related", "partner-of:L7") == {"relation": "partner-of", "lead": "L7"}


def test_what_the_other_lead_has_already_is_no_change() -> None:
    bob = other(orders=2)
    book = rulebook(create(key="bob", fields={"orders": 2}))

    rows, _ = answer(book, bob, answer(book, lead(), event())[1][0])

    assert rows[-1].data["outcome"] == "no_op" and not bob.changed


def test_a_new_related_lead_is_created_and_heard_of() -> None:
    bob = LeadState(id=8, tenant="acme", key="bob", values={"score": 0}, is_new=True)
    hears = campaign(step_of("change_tags", add=["hot"]), on={"type": "lead_created"})
    book = rulebook(create(key="bob"), hears)

    rows, _ = answer(book, bob, answer(book, lead(), event())[1][0])

    assert [row.kind for row in rows] == ["lead.created", "change_tags", "lead.upsert_requested", "change_data_value"]


def test_a_value_that_fits_no_more_changes_nothing_of_the_other_lead() -> None:
    bob = other()
    (sent,) = send(lead(), create(key="bob", fields={"orders": 2, "nickname": "x"}))
    bad = Event(**{name: getattr(sent, name) for name in Event.__struct_fields__} | {
        "data": sent.data | {"fields": {"nickname": "x", "orders": "many"}}})  # fmt: skip

    rows, _ = answer(rulebook(), bob, bad)

    assert rows[-1].data["outcome"] == "failed" and rows[-1].data["reason"].startswith("orders: ")
    assert bob.values == {}


def test_a_campaign_is_requested_for_the_other_lead_while_it_runs() -> None:
    asked = campaign(step_of("change_tags", add=["hot"]), on={"type": "campaign_requested"})
    book = rulebook(create(key="bob", campaign="welcome"), welcome=asked)
    (sent,) = answer(book, lead(), event())[1]
    bob, late = other(), other()

    answer(book, bob, sent)
    answer(rulebook(create(key="bob", campaign="welcome")), late, sent)

    assert (bob.tags, late.tags) == ({"hot"}, set())


@pytest.mark.parametrize(
    ("key", "outcome", "reason"),
    [
        ("{{ event.shop }}", "skipped", "missing: there is no key"),
        ("L7", "failed", "the key is this lead's own"),
        ("a\nb", "failed", "must not contain control characters"),
    ],
)
def test_a_key_that_is_none_sends_nothing(key: str, outcome: str, reason: str) -> None:
    row = act(lead(), "create_related_lead", key=key)
    assert row["outcome"] == outcome and reason in row["reason"]


def test_a_referral_is_credited_once_in_a_programme() -> None:
    who, bob = lead(), other(orders=1)
    book = rulebook(credit(field="orders", amount=5))
    (sent,) = answer(book, who, event())[1]
    assert answer(book, who, event(id="e2"))[1] == []

    rows, _ = answer(book, bob, sent)

    assert record(who, "referral", "friends") == {"lead": "bob", "amount": "5", "at": THEN.isoformat()}
    assert record(bob, "referral_credit", "friends") == {"total": "5", "count": 1}
    assert bob.values == {"orders": 6}
    assert [row.kind for row in rows[1:]] == ["referral_credit", "referral_credit"]
    answer(book, bob, answer(rulebook(credit(once=False, amount="0.25")), who, event())[1][0])
    assert record(bob, "referral_credit", "friends") == {"total": "5.25", "count": 2}


def test_a_credit_that_does_not_fit_the_field_is_not_given() -> None:
    bob = other()
    (sent,) = send(lead(), credit(field="orders"))
    rows, _ = answer(rulebook(), bob, sent)
    assert rows[-1].data["outcome"] == "failed" and record(bob, "referral_credit", "friends") is None


def test_a_credit_is_heard_by_its_programme() -> None:
    hears = campaign(
        step_of("increment_number", field="total", by="{{ event.amount }}"),
        on={"type": "referral_credited", "programme": "friends"},
    )
    book = rulebook(credit(), credit(programme="staff"), hears)
    bob = other()
    for sent in answer(book, lead(), event())[1]:
        answer(book, bob, sent)
    assert bob.values == {"total": Decimal("5.50")}


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"referrer": "{{ event.shop }}"}, "missing: there is no referrer"),
        ({"referrer": "L7"}, "policy: nobody refers themselves"),
        ({"amount": "{{ lead.total }}"}, "missing: there is no amount"),
    ],
)
def test_without_somebody_to_credit_it_is_skipped(params: dict[str, str], reason: str) -> None:
    usual = {"programme": "friends", "referrer": "bob", "amount": 1}
    row = act(lead(), "give_referral_credit", **usual | params)
    assert (row["outcome"], row["reason"]) == ("skipped", reason)


def test_a_conversion_sets_the_lifecycle_and_what_goes_with_it() -> None:
    who = lead()
    hears = campaign(step_of("change_tags", add=["hot"]), on={"type": "lead_converted", "lifecycle": "customer"})
    params = {"to": "customer", "owner": "ann@acme.test", "opportunity": "{{ event.shop }}"}
    book = rulebook(campaign(step_of("convert_lead", **params)), hears)

    rows, _ = answer(book, who, event(shop="o1"))

    assert (who.values, who.tags) == ({"lifecycle": "customer", "owner": "ann@acme.test"}, {"hot"})
    assert record(who, "opportunity", "o1") == {}
    assert [row.kind for row in rows if row.step] == ["convert_lead"] * 4 + ["change_tags"]
    assert act(who, "convert_lead", to="customer")["outcome"] == "no_op"


def test_a_conversion_to_an_inactive_owner_is_skipped_whole() -> None:
    who = lead()
    row = act(who, "convert_lead", to="customer", owner="{{ event.shop }}", on=event(shop="bob@acme.test"))
    assert (row["outcome"], row["reason"]) == ("skipped", "policy: owner bob@acme.test is inactive")
    row = act(who, "convert_lead", to="customer", owner="{{ event.shop }}", on=event(shop="nobody"))
    assert row["outcome"] == "failed" and who.values == {}


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("create_related_lead", {"key": None}, "must not be null"),
        ("create_related_lead", {"key": "b", "fields": {"nope": 1}}, "unknown field 'nope'"),
        ("create_related_lead", {"key": "b", "fields": {"orders": "many"}}, "expected a whole number"),
        ("create_related_lead", {"key": "b", "relation": "Partner!"}, "expected 1 to 63 lower-case letters"),
        ("create_related_lead", {"key": "b", "campaign": "silent"}, "has no trigger campaign_requested"),
        ("give_referral_credit", {"programme": "f", "referrer": "b", "amount": "much"}, "expected a number"),
        ("give_referral_credit", {"programme": "f", "referrer": "b", "amount": 1, "field": "nickname"}, "is of type"),
        ("convert_lead", {"to": "A Customer"}, "expected 1 to 63 lower-case letters"),
        ("convert_lead", {"to": "customer", "owner": "bob@acme.test"}, "is inactive"),
        ("change_field", {"field": "lifecycle", "value": "x"}, "changed by the action convert_lead only"),
    ],
)
def test_bad_parameters_are_faults(action: str, params: dict[str, object], fault: str) -> None:
    (found,) = faults(campaign(step_of(action, **params)))
    assert fault in found


@pytest.mark.parametrize(
    "trigger", [{"type": "lead_converted", "lifecycle": 1}, {"type": "referral_credited", "programme": 1}]
)
def test_bad_triggers_are_faults(trigger: dict[str, object]) -> None:
    (found,) = faults(campaign(step_of("exit_flow"), on=trigger))
    assert "expected" in found


def test_ids_are_the_same_for_the_same_cause_and_differ_by_step_and_execution() -> None:
    twice = campaign(*(step_of("create_related_lead", name, key="bob") for name in ("one", "two")))
    first = [sent.id for sent in send(lead(), twice)]
    again = [sent.id for sent in send(lead(), twice)]
    later = [sent.id for sent in send(lead(), twice, event(id="e2"))]

    assert first == again and len({*first, *later}) == 4
    assert sent_id(THEN, "a") < sent_id(NOW, "a")
    assert Event(id=first[0], lead="bob", type="t", accepted_at=NOW, occurred_at=NOW).ledger_key == first[0]


def test_a_loop_between_two_leads_ends() -> None:
    """Each makes the other one richer, for ever."""
    here = LeadState(id=8, tenant="acme", key="bob"), LeadState(id=7, tenant="acme", key="ann")
    leads = {who.key: who for who in here}
    loop = campaign(
        step_of("increment_number", field="orders", by=1),
        step_of("create_related_lead", "two", key="{{ lead.nickname }}", fields={"total": "{{ lead.orders }}"}),
        on={"type": "field_changed", "field": "total"},
    )
    leads["ann"].values |= {"nickname": "bob", "orders": 0}
    leads["bob"].values |= {"nickname": "ann", "orders": 100}
    book = rulebook(campaign(step_of("increment_number", field="total", by=1)), loop)
    rows, queue = answer(book, leads["ann"], event())
    while queue:
        sent = queue.pop(0)
        more, arisen = answer(book, leads[sent.lead], sent)
        rows += more
        queue += arisen

    assert rows[-1].kind == LOOP_STOPPED
    assert 4 <= leads["ann"].values["orders"] + leads["bob"].values["orders"] - 100 <= DEPTH_LIMIT


def test_one_event_sets_off_no_more_than_so_many_others_and_those_fewer() -> None:
    steps = [step_of("create_related_lead", f"s{n}", key=f"k{n}", relation="r") for n in range(SENDS_LIMIT + 2)]
    who = lead()

    rows, sent = answer(rulebook(campaign(*steps)), who, event())

    assert len(sent) == SENDS_LIMIT
    assert [row.data["outcome"] for row in rows if row.step][-3:] == ["done", "skipped", "skipped"]
    assert len(who.records) == SENDS_LIMIT, "what comes with a refused event is not done either"
    assert [sends_limit(depth) for depth in range(7)] == [25, 12, 6, 3, 1, 1, 1]
