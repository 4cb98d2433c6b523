from __future__ import annotations

from typing import Any

import pytest

from tests.unit.campaigns.acme import act, lead


@pytest.mark.parametrize(
    ("old", "params", "new", "change"),
    [
        (None, {"amount": 5}, 5, 5),
        (10, {"amount": 5}, 15, 5),
        (10, {"amount": 5, "op": "sub"}, 5, -5),
        (10, {"amount": 5, "op": "set"}, 5, -5),
        (10, {"amount": -20, "min": 0}, 0, -10),
        (10, {"amount": 20, "max": 25}, 25, 15),
        (10, {"amount": "{{ event.cds }}"}, 11, 1),
    ],
)
def test_the_score_changes_and_the_change_is_logged(old: Any, params: dict[str, Any], new: int, change: int) -> None:
    who = lead() if old is None else lead(score=old)

    data = act(who, "change_score", reason="test", **params)

    assert who.values["score"] == new
    assert data == {"field": "score", "old": old, "new": new, "outcome": "done", "change": change, "reason": "test"}


def test_a_score_that_stays_is_no_op() -> None:
    assert act(lead(score=100), "change_score", amount=5, max=100) == {"outcome": "no_op", "field": "score"}


def test_a_score_has_32_bits() -> None:
    assert act(lead(score=1), "change_score", amount=2**31 - 1)["outcome"] == "failed"


def test_a_missing_amount_is_skipped() -> None:
    assert act(lead(), "change_score", amount="{{ lead.orders }}")["outcome"] == "skipped"
