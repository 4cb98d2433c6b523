from __future__ import annotations

from tests.unit.campaigns.acme import act, lead


def test_the_lead_moves_forward() -> None:
    who = lead(stage="customer")

    data = act(who, "change_stage", stage="vip")

    assert data == {"field": "stage", "old": "customer", "new": "vip", "outcome": "done"}


def test_the_lead_never_goes_back() -> None:
    who = lead(stage="vip")

    data = act(who, "change_stage", stage="repeat")

    assert data == {"outcome": "skipped", "reason": "policy: repeat comes before vip"}
    assert who.values["stage"] == "vip"


def test_the_lead_goes_back_where_that_is_allowed() -> None:
    who = lead(stage="vip")

    act(who, "change_stage", stage="repeat", allow_backward=True)

    assert who.values["stage"] == "repeat"


def test_the_same_stage_is_no_op() -> None:
    assert act(lead(stage="vip"), "change_stage", stage="vip")["outcome"] == "no_op"


def test_from_a_stage_that_is_gone_any_stage_is_forward() -> None:
    assert act(lead(stage="gone"), "change_stage", stage="customer")["outcome"] == "done"
