"""The shop of the CDNOW purchase log in small: counters, sums, stages and a second campaign for those who get far."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from campaigns.language.lead import LeadState
from campaigns.language.schema import AttributeSpec, FieldSpec, TenantSchema, event_type
from tests.unit.campaigns.acme import Recorder, campaign, event, faults, outcomes, rulebook, run, step

SHOP = TenantSchema.build(
    "shop",
    fields=(
        FieldSpec("orders", "Orders", "integer"),
        FieldSpec("cds", "CDs", "integer"),
        FieldSpec("total", "Total", "decimal"),
        FieldSpec("last_purchase", "Last purchase", "date"),
    ),
    event_types={
        "purchase": event_type(
            "purchase", AttributeSpec("cds", "integer", True), AttributeSpec("amount", "decimal", True)
        )
    },
    stages=("customer", "repeat", "vip"),
    tags=frozenset({"vip"}),
    lists={"vips": 1},
)

IS_VIP = {"field": "stage", "operator": "is", "value": "vip"}

PURCHASES = campaign(
    step("increment_number", "count", field="orders", by=1),
    step("increment_number", "cds", field="cds", by="{{ event.cds }}"),
    step("increment_number", "amount", field="total", by="{{ event.amount }}"),
    step("stamp_date", "last", field="last_purchase"),
    {
        "id": "stage",
        "action": "change_stage",
        "choices": [
            {"when": {"field": "total", "operator": "at_least", "value": "500.00"}, "params": {"stage": "vip"}},
            {"when": {"field": "orders", "operator": "at_least", "value": 3}, "params": {"stage": "repeat"}},
        ],
        "default": {"stage": "customer"},
    },
    {"id": "tag", "action": "change_tags", "choices": [{"when": IS_VIP, "params": {"add": ["vip"]}}]},
    {"id": "list", "action": "add_to_list", "choices": [{"when": IS_VIP, "params": {"list": "vips"}}]},
)
REWARD = campaign(step("change_score", amount=10), on={"type": "field_changed", "field": "stage", "to": "vip"})

LOG = [
    ("1997-01-01", 1, "11.77"),
    ("1997-01-12", 5, "77.00"),
    ("1997-02-03", 2, "20.76"),
    ("1997-02-03", 20, "390.46"),  # 499.99 so far
    ("1997-03-30", 1, "0.01"),  # and now 500.00
    ("1997-11-15", 2, "57.45"),
]


def purchase(number: int, day: str, cds: int, amount: Any) -> Any:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return event("purchase", id=f"p{number}", at=at, cds=cds, amount=amount)


def plain(log: list[tuple[str, int, str]]) -> dict[str, Any]:
    """The same, computed as one would without campaigns."""
    total = sum((Decimal(amount) for *_, amount in log), Decimal(0))
    stage = "vip" if total >= 500 else "repeat" if len(log) >= 3 else "customer"
    values = {
        "orders": len(log),
        "cds": sum(cds for _, cds, _ in log),
        "total": total,
        "last_purchase": date.fromisoformat(log[-1][0]),
        "stage": stage,
    }
    return values | {"score": 10} if stage == "vip" else values


def test_both_campaigns_are_free_of_faults() -> None:
    assert faults(PURCHASES, SHOP) == []
    assert faults(REWARD, SHOP) == []


def test_after_every_purchase_the_lead_is_as_a_plain_computation_has_it() -> None:
    book = rulebook(PURCHASES, REWARD, tenant=SHOP)
    who = LeadState(id=1, tenant="shop", key="1", is_new=True)

    for number, (day, cds, amount) in enumerate(LOG, 1):
        run(book, who, purchase(number, day, cds, Decimal(amount)))

        expected = plain(LOG[:number])
        assert who.values == expected
        assert who.tags == ({"vip"} if expected["stage"] == "vip" else set())
        assert who.lists == ({"vips"} if expected["stage"] == "vip" else set())


def test_the_score_rises_once_however_much_is_bought_afterwards() -> None:
    book = rulebook(PURCHASES, REWARD, tenant=SHOP)
    who = LeadState(id=1, tenant="shop", key="1")

    rows = run(book, who, *[purchase(number, "1997-01-01", 1, "400.00") for number in range(5)])

    assert who.values["score"] == 10
    assert [row.data["change"] for row in rows if row.kind == "change_score"] == [10]


def test_a_vip_by_amount_stays_one_and_is_logged_as_such() -> None:
    book = rulebook(PURCHASES, REWARD, tenant=SHOP)
    who = LeadState(id=1, tenant="shop", key="1")

    rows = run(book, who, purchase(1, "1997-01-01", 1, "700"), purchase(2, "1997-01-02", 1, "-400"))

    assert who.values["stage"] == "vip"
    assert outcomes(rows)[-3:] == [
        ("stage", "change_stage", "skipped"),
        ("tag", "change_tags", "no_op"),
        ("list", "add_to_list", "no_op"),
    ]
    assert rows[-3].data["reason"] == "policy: customer comes before vip"


def test_the_rulebook_needs_lists_because_a_step_joins_one() -> None:
    assert rulebook(PURCHASES, tenant=SHOP).needs_lists
    assert not rulebook(REWARD, tenant=SHOP).needs_lists


def test_rows_name_campaign_version_step_and_cause() -> None:
    recorder = Recorder()
    rows = run(rulebook(PURCHASES, tenant=SHOP), LeadState(id=1, tenant="shop", key="1"), purchase(1, *LOG[0]))
    recorder.activities.extend(rows)

    first, count, *_ = recorder.activities

    assert first.kind == "purchase"
    assert first.data == {"event_id": "p1", "source": "api", "data": {"cds": 1, "amount": "11.77"}}
    assert (count.lead_id, count.campaign_id, count.version, count.step) == (1, 1, 1, "count")
    assert count.data == {"field": "orders", "old": None, "new": 1, "outcome": "done"}
    assert {row.event_key for row in rows} == {event(id="p1").ledger_key}
