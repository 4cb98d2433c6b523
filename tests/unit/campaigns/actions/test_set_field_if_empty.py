from __future__ import annotations

from tests.unit.campaigns.acme import act, lead


def test_an_empty_field_takes_the_value() -> None:
    who = lead()

    act(who, "set_field_if_empty", field="nickname", value="first")

    assert who.values == {"nickname": "first"}


def test_the_first_touch_stays() -> None:
    who = lead(newsletter=False)

    data = act(who, "set_field_if_empty", field="newsletter", value=True)

    assert data == {"outcome": "no_op", "reason": "the field has a value"}
    assert who.values == {"newsletter": False}
