"""The reader of named queries."""

from __future__ import annotations

import pytest

from engine.sql import load, parse


def test_blocks_are_found_by_name_and_keep_their_purpose() -> None:
    text = "-- a header\n\n-- name: find_one\n-- says why\nSELECT 1;\n\n-- name: find_two\nSELECT 2\n"

    queries = parse(text, "x.sql")

    assert queries == {"find_one": "-- says why\nSELECT 1;", "find_two": "SELECT 2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- name: a\nSELECT 1\n-- name: a\nSELECT 2", "two queries are named a"),
        ("-- name: Not a name\nSELECT 1", "'Not a name' is no name"),
        ("-- name:\nSELECT 1", "'' is no name"),
        ("-- name: a\n-- only words\n-- name: b\nSELECT 1", "a holds no statement"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"x.sql: {message}"):
        parse(text, "x.sql")


def test_load_reads_the_files_of_a_package() -> None:
    assert "create_missing_roles" in load("engine.sql", "roles.sql")
