"""Array literals: PostgreSQL reads them as what was written (tests/integration/engine/test_arrays.py)."""

from __future__ import annotations

import pytest

from engine.arrays import column, columns


@pytest.mark.parametrize(
    ("values", "literal"),
    [
        ([], "{}"),
        ([None, "", "null", "NULL"], '{NULL,"","null","NULL"}'),
        (["a,b", "{c}", " d "], '{"a,b","{c}"," d "}'),
        (['say "hi"', "back\\slash", '\\"'], '{"say \\"hi\\"","back\\\\slash","\\\\\\""}'),
        ([1, -2], '{"1","-2"}'),
    ],
)
def test_a_column(values: list[object], literal: str) -> None:
    assert column(values) == literal


def test_rows_become_columns() -> None:
    assert columns([("whale", 1), ("minnow", 2)]) == ['{"whale","minnow"}', '{"1","2"}']
    assert columns([]) == []
