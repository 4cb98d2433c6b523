"""Leads are dealt out by weight, the same for ever."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import CampaignRow, compile_rulebook
from tests.unit.campaigns.acme import ACME, campaign, event, faults, lead, outcomes, rulebook, run, step


def way(label: str, weight: Any = 50, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "weight": weight, "steps": list(steps)}


def split(*ways: dict[str, Any], id: str = "split", **more: Any) -> dict[str, Any]:
    return step("random_split", id, ways=list(ways), **more)


def label_of(document: dict[str, Any], key: str, id: str = "e1", tenant: str = "acme") -> str:
    who = LeadState(id=1, tenant=tenant, key=key)
    return next(row.data["label"] for row in run(rulebook(document), who, event(id=id)) if row.step == "split")


def test_the_steps_of_one_way_run_and_then_those_behind_it() -> None:
    ways = (way("a", 100, step("add_note", "in", text="in")), way("b", 0, step("add_note", "out", text="out")))
    rows = run(rulebook(campaign(split(*ways), step("add_note", "end", text="end"))), lead())
    assert outcomes(rows) == [
        ("split", "split_assigned", "done"), ("in", "note_added", "done"), ("end", "note_added", "done"),
    ]  # fmt: skip
    assert rows[1].data == {"label": "a", "outcome": "done"}


def test_a_lead_takes_its_way_each_time_unless_each_run_is_dealt_out() -> None:
    sticky, free = campaign(split(way("a"), way("b"))), campaign(split(way("a"), way("b"), sticky=False))
    assert len({label_of(sticky, "L7", f"e{number}") for number in range(30)}) == 1
    assert len({label_of(free, "L7", f"e{number}") for number in range(30)}) == 2


def test_a_new_version_of_the_campaign_deals_out_as_the_one_before_did() -> None:
    document = campaign(split(way("a"), way("b")))

    def labels(version: int) -> list[str]:
        book = compile_rulebook(ACME, version, [CampaignRow(1, "c1", "c1", version, 1, document)])
        found = [run(book, LeadState(id=1, tenant="acme", key=f"L{number}"), event()) for number in range(20)]
        return [row.data["label"] for rows in found for row in rows if row.step == "split"]

    assert labels(1) == labels(2)
    assert set(labels(1)) == {"a", "b"}


def test_weights_are_kept_and_those_held_out_are_the_same_whatever_the_weights() -> None:
    one = campaign(split(way("a", 80), way("b", 20), holdout=10))
    other = campaign(split(way("a", 30), way("b", 70), holdout=10))
    first = {f"L{number}": label_of(one, f"L{number}") for number in range(1500)}
    second = {key: label_of(other, key) for key in list(first)[:300]}
    share = Counter(first.values())
    assert 105 < share["holdout"] < 195
    assert 1000 < share["a"] < 1160
    assert all((first[key] == "holdout") == (label == "holdout") for key, label in second.items())


def test_splits_of_one_namespace_deal_alike_and_of_others_and_other_tenants_apart() -> None:
    def labels(namespace: str | None, tenant: str = "acme", **more: Any) -> list[str]:
        named = {} if namespace is None else {"namespace": namespace}
        return [label_of(campaign(split(way("a"), way("b"), **named)), f"L{n}", tenant=tenant) for n in range(40)]

    assert labels("x") == labels("x")
    assert labels("x") != labels("y")
    assert labels(None) != labels("x")
    assert labels("x") != labels("x", tenant="globex")


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (split(way("a", 50)), "ways: expected a list of 2 to 50 ways"),
        (split(way("a", 50), way("b", 40)), "ways: has weights of 90 together, expected 100"),
        (split(way("a", 50), way("a", 50)), "ways: has two ways of one label"),
        (split(way("a", 100), way("b", -1)), "ways[1].weight: expected a whole number from 0 to 100"),
        (split(way("a", 50), {"label": "b"}), "ways[1]: expected an object with label, weight and steps"),
        (split(way("a", 50, step("nothing", "n")), way("b")), "ways[0].steps[0].action: unknown action"),
        (split(way("a"), way("b"), holdout=100), "holdout: expected a whole number from 0 to 99"),
        (split(way("a"), way("b"), sticky="maybe"), "sticky: expected"),
        (split(way("a"), way("b"), namespace="Big"), "namespace: expected 1 to 63 lower-case letters"),
    ],
)
def test_a_fault_is_named(broken: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults(campaign(broken)))
