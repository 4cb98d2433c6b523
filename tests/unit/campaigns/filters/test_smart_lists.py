"""Smart lists as conditions, and as they are saved."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.audience import Audience
from campaigns.language.smartlists import check_smart_list
from tests.unit.campaigns.acme import ACME, DEFINED, NOW, defined, lead, schema
from tests.unit.campaigns.filters.matching import asks, matches

BIG = asks("orders", "at_least", 10)


def tenant(**lists: Any) -> Any:
    made = {key: defined("smart_list", key, filter=document) for key, document in lists.items()}
    return schema(definitions={**DEFINED, "smart_list": made})


def on(key: str, operator: str = "in") -> dict[str, Any]:
    return {"smart_list": key, "operator": operator}


def test_who_matches_its_filter_is_on_the_list() -> None:
    acme = tenant(big=BIG)

    assert matches(on("big"), lead(orders=10), acme)
    assert not matches(on("big"), lead(orders=9), acme)
    assert matches(on("big", "not_in"), lead(orders=9), acme)


def test_lists_are_within_lists_and_load_what_they_need() -> None:
    acme = tenant(big=BIG, best={"all": [on("big"), asks("lists", "contains_any_of", "vips")]})

    assert matches(on("best"), lead(orders=10, lists={"vips"}), acme)
    assert not matches(on("best"), lead(orders=10), acme)
    assert Audience(on("best"), acme, NOW).narrowed.exact


def faults(key: str, document: Any, acme: Any = ACME) -> list[str]:
    return [str(fault) for fault in check_smart_list(key, {"filter": document}, acme)]


def test_a_list_may_be_saved_when_it_leads_to_others() -> None:
    assert faults("best", on("big"), tenant(big=BIG)) == []


@pytest.mark.parametrize(
    ("key", "lists", "message"),
    [
        ("a", {}, "filter.smart_list: the smart list contains itself: a > a"),
        ("a", {"b": {"none": [on("a")]}}, "filter.any[1].smart_list: the smart list contains itself: a > b > a"),
    ],
)
def test_a_list_that_leads_to_itself_is_not_saved(key: str, lists: dict[str, Any], message: str) -> None:
    document = {"any": [BIG, on("b")]} if lists else on("a")

    found = faults(key, document, tenant(**lists))

    assert len(found) == 1
    assert "contains itself" in found[0]
    assert found[0].endswith(message.partition(": ")[2].partition(": ")[2])


def test_a_list_that_would_break_another_is_not_saved() -> None:
    chain = {f"l{place}": on(f"l{place + 1}") for place in range(4)}

    assert faults("l4", BIG, tenant(**chain, l4=BIG)) == []
    assert "smart list 'l0' would not work any more" in faults("l4", on("other"), tenant(**chain, l4=BIG, other=BIG))[0]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"event": "amount", "operator": "is_empty"}, "there is no event here"),
        ({"run": "id", "operator": "is_empty"}, "there is no run here"),
        (on("nowhere"), "unknown smart list 'nowhere'"),
        ({"smart_list": "x", "operator": "is"}, "expected in or not_in"),
        (asks("nobody", "is", 1), "unknown field 'nobody'"),
    ],
)
def test_a_list_with_faults_is_not_saved(document: Any, message: str) -> None:
    assert any(message in fault for fault in faults("a", document))


def test_what_holds_no_filter_is_no_list() -> None:
    assert [str(fault) for fault in check_smart_list("a", {}, ACME)] == ["object missing required field 'filter'"]


def test_a_hostile_tower_of_lists_is_read_in_no_time_and_refused() -> None:
    tower: dict[str, Any] = {f"l{place}": {"any": [on(f"l{place + 1}")] * 60} for place in range(3)}

    assert "more than 1,000 conditions" in faults("top", {"any": [on("l0")] * 60}, tenant(**tower, l3=BIG))[0]
