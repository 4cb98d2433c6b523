"""Tables of documents are replaced between their marks, and nothing else is."""

from __future__ import annotations

from tests.benchmarks.document import fill

TEXT = """Before.

<!-- begin path -->
an old table
<!-- end path -->

After.
"""
MEASURED = {
    "path": {
        "machine": "2 cores",
        "columns": [["times_stock", "x stock", ",.1f"], ["never", "never measured", ".2f"]],
        "rows": {"ours": {"times_stock": 1234.56}, "limit": {}},
    }
}


def test_a_suite_s_table_is_as_it_was_printed_without_columns_that_are_empty() -> None:
    table = "|  | x stock |\n| --- | --- |\n| ours | 1,234.6 |\n| limit |  |\n\n2 cores."

    assert fill(TEXT, MEASURED) == TEXT.replace("an old table", table)


def test_filling_again_changes_nothing() -> None:
    once = fill(TEXT, MEASURED)

    assert fill(once, MEASURED) == once


def test_a_suite_that_was_not_measured_says_how_to() -> None:
    assert "Not measured yet: `python -m tests.benchmarks path`." in fill(TEXT, {})


def test_a_table_that_is_too_wide_has_a_line_for_each_figure() -> None:
    columns = [[f"f{number}", f"figure {number}", ".0f"] for number in range(17)]
    row = {f"f{number}": float(number) for number in range(17)}

    table = fill(TEXT, {"path": {"machine": "2 cores", "columns": columns, "rows": {"a": row, "b": row}}})

    assert "|  | a | b |\n| --- | --- | --- |\n| figure 0 | 0 | 0 |\n" in table


def test_each_suite_tells_how_long_it_took() -> None:
    run = MEASURED["path"] | {"title": "the whole path", "rounds": 3, "seconds": 240.0}

    table = fill(TEXT.replace("path", "runs"), {"path": run, "older": {"rows": {}}})

    assert "| `path` | the whole path | 3 | 4 |" in table
    assert "older" not in table
