"""What is written as an array literal is read by PostgreSQL as what it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.arrays import column

storable = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


def test_texts_come_back(worker_connection: psycopg.Connection) -> None:
    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.one_of(st.none(), storable, st.text(alphabet='"\\\\{},N UL')), max_size=20))
    def come_back(values: list[str | None]) -> None:
        assert worker_connection.execute("SELECT %s::text[]", [column(values)]).fetchone() == (values,)

    come_back()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint[]", [1, -(2**63), None]),
        ("date[]", [date(2026, 2, 28), date(9999, 12, 31), None]),
        ("timestamptz[]", [datetime(2026, 3, 29, 1, 30, 0, 1, tzinfo=UTC), None]),
        ("numeric[]", [Decimal("0.1000000000"), Decimal("-999999999999999999"), None]),
        ("jsonb[]", ['{"a": "\\"\\\\"}', None]),
    ],
)
def test_other_values_come_back(worker_connection: psycopg.Connection, kind: str, values: list[object]) -> None:
    as_text = kind == "jsonb[]"
    query = f"SELECT %s::{kind}" + ("::text[]" if as_text else "")
    assert worker_connection.execute(query, [column(values)]).fetchone() == (values,)


def test_a_nul_is_refused(worker_connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.DataError):
        worker_connection.execute("SELECT %s::text[]", [column(["a\x00b"])])
