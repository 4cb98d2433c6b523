"""What a slot shows a lead."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from campaigns.language.definition import read_definition
from tests.unit.campaigns.acme import ACME, act, campaign, faults, lead, record, rulebook, run, schema, step


def test_a_slot_shows_the_variant_chosen_last() -> None:
    who = lead()
    assert act(who, "set_dynamic_content", slot="hero", variant="spring")["outcome"] == "done"
    assert act(who, "set_dynamic_content", slot="hero", variant="spring")["outcome"] == "no_op"
    said = act(who, "set_dynamic_content", slot="hero", variant="autumn")
    assert (said["old"], said["new"]) == ({"variant": "spring"}, {"variant": "autumn"})
    assert record(who, "content", "hero") == {"variant": "autumn"}


def test_a_slot_that_was_archived_since_is_left_alone() -> None:
    gone = replace(ACME.definitions["slot"]["hero"], archived=True)
    tenant = schema(definitions={"slot": {"hero": gone}})
    who = lead()
    run(rulebook(campaign(step("set_dynamic_content", slot="hero", variant="spring")), tenant=tenant), who)
    assert who.records == {}


@pytest.mark.parametrize(
    ("slot", "variant", "fault"),
    [("none", "spring", "unknown slot 'none'"), ("hero", "winter", "'hero' has no variant 'winter'")],
)
def test_a_fault_is_named(slot: str, variant: str, fault: str) -> None:
    assert fault in faults(campaign(step("set_dynamic_content", slot=slot, variant=variant)))[0]


@pytest.mark.parametrize("variants", [[], ["a", "a"], [" "], [str(number) for number in range(51)]])
def test_a_slot_has_some_variants_each_once(variants: list[str]) -> None:
    assert read_definition("slot", {"variants": variants})[1] != []
