from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.document import has_request_trigger, validate
from campaigns.language.rulebook import CampaignRow, compile_rulebook
from tests.unit.campaigns.acme import A_FILTER, ACME, campaign, event, faults, lead, on, run, schema, step
from tests.unit.campaigns.language.test_incoming import JSON, nested

GOOD = campaign(
    step("increment_number", "count", field="orders", by=1, max=100),
    {
        "id": "stage",
        "action": "change_stage",
        "choices": [
            {
                "when": {"all": [{"field": "total", "operator": "at_least", "value": "500.00"}]},
                "params": {"stage": "vip"},
            },
            {"when": {"none": [{"event": "shop", "operator": "is", "value": "web"}]}, "params": {"stage": "repeat"}},
        ],
        "default": None,
    },
    step("change_field", "shop", field="nickname", value="{{ event.shop }}"),
    step("compute_field", "mean", field="total", expression="event.amount / event.cds"),
    step("change_tags", "tags", add=["vip"], remove=["cold"]),
    step("emit_custom_activity", "emit", type="signup", attributes={"email": "{{ lead.email }}"}),
    filter={"any": [{"field": "tags", "operator": "contains_none_of", "value": ["hot"]}]},
)
SET = step("change_field", field="orders", value=1)


def test_a_good_document_has_no_faults() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (None, "expected an object with triggers, filter and steps"),
        ([], "expected an object with triggers, filter and steps"),
        (campaign(), "steps: expected a list of at least one step"),
        ({"steps": [SET]}, "triggers: expected a list of at least one trigger"),
        (campaign(SET, triger=1), "triger: has no meaning here; did you mean 'triggers'?"),
        (campaign(SET, on=on("purchse")), "triggers[0].event: unknown event type 'purchse'; did you mean 'purchase'?"),
        (campaign(SET, on={"type": "evnt"}), "triggers[0].type: unknown trigger 'evnt'; did you mean 'event'?"),
        (campaign(SET, on=on("purchase", were=[])), "triggers[0].were: has no meaning here; did you mean 'where'?"),
        (campaign(SET, SET), "steps[1].id: 'one' is the id of steps[0] already; give each step its own"),
        (campaign({"action": "change_field"}), "steps[0].id: expected 1 to 63 letters"),
        (campaign({"id": "a", "action": "change_field"}), "steps[0]: has neither params nor choices"),
        (campaign(step("chnge_field")), "steps[0].action: unknown action 'chnge_field'; did you mean 'change_field'?"),
        (campaign(step("change_field", value=1)), "steps[0].params.field: is missing: The field to change"),
        (
            campaign(step("change_field", field="orders", value=1, valu=2)),
            "steps[0].params.valu: action change_field has no such parameter; did you mean 'value'?",
        ),
        (
            campaign(step("increment_number", field="total", by="abc")),
            "steps[0].params.by: expected a number, got 'abc'",
        ),
        (
            campaign(step("change_field", field="ordrs", value=1)),
            "steps[0].params.field: unknown field 'ordrs'; did you mean 'orders'?",
        ),
        (
            campaign(step("change_field", field="crm_id", value="x")),
            "steps[0].params.field: field 'crm_id' is read-only",
        ),
        (
            campaign(step("change_field", field="stage", value="vip")),
            "steps[0].params.field: field 'stage' is changed by the action change_stage only",
        ),
        (
            campaign(step("increment_number", field="nickname", by=1)),
            "field 'nickname' is of type text, one line; expected whole number or decimal number",
        ),
        (campaign(step("add_to_list", list="vip")), "steps[0].params.list: unknown list 'vip'; did you mean 'vips'?"),
        (campaign(step("change_stage", stage="vi")), "steps[0].params.stage: unknown stage 'vi'; did you mean 'vip'?"),
        (campaign(step("change_tags", add=["ht"])), "steps[0].params.add[0]: unknown tag 'ht'; did you mean 'hot'?"),
        (campaign(step("change_owner", owner="x@acme.test")), "steps[0].params.owner: unknown owner 'x@acme.test'"),
        (
            campaign(step("change_owner", owner="bob@acme.test")),
            "steps[0].params.owner: owner 'bob@acme.test' is inactive; choose an active one",
        ),
        (
            campaign(step("request_campaign", campaign="old")),
            "steps[0].params.campaign: campaign 'old' is paused; only an active campaign can be requested",
        ),
        (
            campaign(step("request_campaign", campaign="silent")),
            "steps[0].params.campaign: campaign 'silent' has no trigger campaign_requested",
        ),
        (
            campaign(step("emit_custom_activity", type="signup")),
            "steps[0].params.attributes: is missing: Its attributes; {} for none",
        ),
        (
            campaign(step("emit_custom_activity", type="signup", attributes={"age": "old", "mail": 1})),
            "steps[0].params.attributes.email: is required by event type 'signup'",
        ),
        (
            campaign(step("change_field", field="nickname", value="{{ event.url }}")),
            "steps[0].params.value: event type 'purchase' has no attribute 'url'",
        ),
        (
            campaign(step("change_field", field="orders", value="{{ event.amount }}")),
            "steps[0].params.value: {{ event.amount }} is of type decimal number; expected whole number",
        ),
        (
            campaign(step("change_field", field="orders", value="1{{ lead.orders }}")),
            "steps[0].params.value: is no token; write {{ event.name }}, {{ lead.name }}, {{ run.name }} or",
        ),
        (
            campaign(SET, filter={"field": "stage", "operator": "is", "value": "vipp"}),
            "filter.value: 'vipp' is not among the options",
        ),
        (
            campaign(SET, filter={"event": "amout", "operator": "is", "value": 1}),
            "filter.event: event type 'purchase' has no attribute 'amout'; did you mean 'amount'?",
        ),
        (
            campaign(SET, filter={"field": "orders", "operator": "starts_with", "value": 1}),
            "filter.operator: unknown operator 'starts_with' for whole number; known: at_least",
        ),
        (campaign(SET, filter={}), f"filter: {A_FILTER}"),
        (campaign(SET, filter={"all": []}), "filter.all: expected a list of at least one filter"),
        (campaign(step("compute_field", field="total", expression="9**9**9")), "steps[0].params.expression: cannot be"),
    ],
)  # fmt: skip
def test_a_fault_says_where_it_is_and_what_to_do(document: Any, fault: str) -> None:
    assert fault in "\n".join(faults(document))


def test_every_fault_is_named_at_once() -> None:
    document = campaign(
        step("change_field", "a", field="nope", value=1),
        step("change_stage", "a", stage="nope"),
        step("nope", "b"),
        on={"type": "tag_added", "tag": "nope"},
        filter={"all": [{"field": "nope", "operator": "is", "value": 1}, {"nope": 1}]},
    )

    assert [fault.partition(":")[0] for fault in faults(document)] == [
        "triggers[0].tag",
        "filter.all[0].field",
        "filter.all[1]",
        "steps[0].params.field",
        "steps[1].id",
        "steps[1].params.stage",
        "steps[2].action",
    ]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (campaign(SET, filter=nested(100_000)), "is nested more than 60 levels deep"),
        (campaign(step("change_field", field="notes", value="x" * 256_000)), "is larger than 256 kB"),
        (campaign(*[SET] * 201), "steps: has 201 steps, at most 200 are allowed"),
        (campaign(step("change_field", field="notes", value="a\x00")), "steps[0].params.value: must not contain a NUL"),
    ],
    ids=["deep", "large", "long", "nul"],
)
def test_a_document_keeps_to_its_limits(document: Any, fault: str) -> None:
    assert faults(document)[0].startswith(fault)


def test_attributes_must_be_there_in_every_event_that_the_triggers_hear() -> None:
    document = campaign(step("change_field", field="orders", value="{{ event.cds }}"))
    document["triggers"].append(on("signup"))

    assert faults(document) == [
        "steps[0].params.value: event type 'signup' has no attribute 'cds'; known: age, email",
    ]


def test_the_one_attribute_of_two_types_is_a_fault() -> None:
    from_shop = {"purchase": ACME.event_types["purchase"], "refund": ACME.event_types["page_view"]}
    document = campaign(step("change_field", field="total", value="{{ event.amount }}"))
    document["triggers"].append(on("refund"))

    assert "has different types: decimal in purchase, undeclared in page_view" in "".join(
        faults(document, schema(event_types=from_shop))
    )


def test_a_campaign_with_the_trigger_can_be_requested() -> None:
    assert has_request_trigger(campaign(SET, on={"type": "campaign_requested"}))
    assert not has_request_trigger(GOOD)
    assert not has_request_trigger({"triggers": {}})


def exercise(document: Any) -> None:
    """Validation says what is wrong and never raises; what it lets pass runs without raising."""
    found = validate(document, ACME)
    book = compile_rulebook(ACME, 1, [CampaignRow(1, "one", "One", 1, 1, document)])

    assert found or not book.faults
    run(book, lead(), event(), event("page_view", url="/"), event("field.changed", field="stage", new="vip"))


@given(JSON)
def test_no_json_is_an_exception(document: Any) -> None:
    exercise(document)


@given(st.dictionaries(st.sampled_from(["triggers", "filter", "steps"]), JSON))
def test_no_document_is_an_exception(document: Any) -> None:
    exercise(document)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, child in items for place in places(child, (*path, key))]


@given(
    st.sampled_from(places(GOOD)),
    JSON | st.sampled_from(["{{ now }}", "{{ lead.tags }}", "vip", "total", "2026-01-01"]),
)
def test_no_damage_to_a_good_document_is_an_exception(place: tuple[Any, ...], wreck: Any) -> None:
    document = copy.deepcopy(GOOD)
    part = document
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = wreck

    exercise(document)


@given(st.integers())
def test_swapping_parts_of_a_good_document_is_no_exception(seed: int) -> None:
    chance = random.Random(seed)
    document = copy.deepcopy(GOOD)
    for _ in range(3):
        source, place = chance.choice(places(document)), chance.choice(places(document))
        piece: Any = document
        for key in source:
            piece = piece[key]
        part: Any = document
        for key in place[:-1]:
            part = part[key]
        part[place[-1]] = copy.deepcopy(piece)

    exercise(document)
