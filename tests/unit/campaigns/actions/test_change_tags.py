from __future__ import annotations

from tests.unit.campaigns.acme import act, campaign, faults, lead, step


def test_tags_come_and_go_in_one_write() -> None:
    who = lead(tags={"cold", "hot"})

    data = act(who, "change_tags", add=["vip", "hot"], remove=["cold"])

    assert data == {"added": ["vip"], "removed": ["cold"], "outcome": "done"}
    assert who.tags == {"hot", "vip"}
    assert who.changed == {"tags"}


def test_nothing_to_add_or_remove_is_no_op() -> None:
    assert act(lead(tags={"hot"}), "change_tags", add=["hot"], remove=["cold"]) == {"outcome": "no_op"}


def test_a_tag_in_both_is_removed() -> None:
    who = lead(tags={"hot"})

    act(who, "change_tags", add=["hot"], remove=["hot"])

    assert who.tags == set()


def test_new_tags_may_be_allowed() -> None:
    who = lead()

    act(who, "change_tags", add=["brand new"], create_missing=True)

    assert who.tags == {"brand new"}
    assert "unknown tag 'brand new'" in faults(campaign(step("change_tags", add=["brand new"])))[0]


def test_tags_have_names_that_can_be_read() -> None:
    found = faults(campaign(step("change_tags", add=["", " x", "x" * 65, 3, "{{ now }}"], create_missing=True)))

    assert [fault.partition(":")[0] for fault in found] == [f"steps[0].params.add[{place}]" for place in range(5)]


def test_a_lead_has_two_hundred_tags_at_most() -> None:
    who = lead(tags={f"t{number}" for number in range(200)})

    assert act(who, "change_tags", add=["hot"])["outcome"] == "failed"
