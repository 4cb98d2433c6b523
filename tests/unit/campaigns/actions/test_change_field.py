from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.campaigns.acme import act, lead


@pytest.mark.parametrize(
    ("field", "value", "typed"),
    [
        ("nickname", "Ann", "Ann"),
        ("orders", "3", 3),
        ("total", "11.77", Decimal("11.77")),
        ("newsletter", False, False),
        ("colours", ["red", "blue"], {"red", "blue"}),
        ("email", "ann@acme.test", "ann@acme.test"),
    ],
)
def test_the_field_takes_the_value_in_its_type(field: str, value: Any, typed: Any) -> None:
    who = lead()

    data = act(who, "change_field", field=field, value=value)

    assert who.values == {field: typed}
    assert who.changed == {field}
    assert data["outcome"] == "done"


def test_old_and_new_are_logged_in_their_json_form() -> None:
    data = act(lead(total=Decimal(0)), "change_field", field="total", value="0.10")

    assert data == {"field": "total", "old": "0", "new": "0.10", "outcome": "done"}


@pytest.mark.parametrize("value", [None, "", "  "])
def test_null_and_blank_text_clear_the_field(value: Any) -> None:
    who = lead(nickname="Ann")

    act(who, "change_field", field="nickname", value=value)

    assert who.values == {}


def test_an_equal_value_is_no_op() -> None:
    who = lead(total=Decimal("1.0"))

    assert act(who, "change_field", field="total", value="1.00")["outcome"] == "no_op"
    assert who.changed == set()
