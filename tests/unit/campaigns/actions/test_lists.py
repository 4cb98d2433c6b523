"""add_to_list and remove_from_list."""

from __future__ import annotations

from tests.unit.campaigns.acme import act, lead


def test_the_lead_joins_once() -> None:
    who = lead()

    assert act(who, "add_to_list", list="vips") == {"list": "vips", "outcome": "done"}
    assert act(who, "add_to_list", list="vips") == {"outcome": "no_op"}
    assert who.lists == {"vips"}
    assert who.changed == {"lists"}


def test_the_lead_leaves_once() -> None:
    who = lead(lists={"vips", "news"})

    assert act(who, "remove_from_list", list="vips") == {"list": "vips", "outcome": "done"}
    assert act(who, "remove_from_list", list="vips") == {"outcome": "no_op"}
    assert who.lists == {"news"}
