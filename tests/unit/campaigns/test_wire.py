"""JSON from outside has one meaning or none."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.wire import Malformed, decode, decode_line

NAMES = st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_what_json_writes_is_read_back(value: object, ascii_only: bool) -> None:
    assert decode(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4), st.data())
def test_a_name_twice_is_always_found(pairs: list[tuple[str, object]], data: st.DataObject) -> None:
    again = data.draw(st.sampled_from(pairs))[0]
    members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in [*pairs, (again, 1)]]
    place = data.draw(st.integers(0, len(members) - 1))
    members[place], members[-1] = members[-1], members[place]

    with pytest.raises(ValueError, match="twice"):
        decode(("[{" + ", ".join(members) + "}]").encode())


@pytest.mark.parametrize("text", ["11.70", "0.1", "123456789012345678.0123456789", "1e3", "-0.0"])
def test_numbers_stay_exact(text: str) -> None:
    value = decode(text.encode())

    assert isinstance(value, Decimal)
    assert str(value) == str(Decimal(text))


def test_a_line_that_cannot_be_read_is_malformed_with_a_reason() -> None:
    assert decode_line(b"{") == Malformed("it is no valid JSON: Input data was truncated")
    assert decode_line(b'"\xff"') == Malformed("it is not UTF-8")
    assert decode_line(b"[" * 100_000) == Malformed("it is nested too deep")
    assert decode_line(b'{"a":1,"a":1}') == Malformed("an object has the name 'a' twice")
