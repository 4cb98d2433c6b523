"""The live table: readable at 80 columns, with more at 120."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from campaigns.demo.figures import TenantFigures, percentile
from campaigns.demo.table import draw, in_one_line, in_words, total

WHALE = TenantFigures("north-review", 1_234_567, 123_456, 1_111_111, 12_345.6, [0.1, 0.2, 4.0], 12)
MINNOW = TenantFigures("zest", 10, 0, 10, 0.0, [], 0)


def drawn(width: int, *tenants: TenantFigures) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(draw(tenants, "Events flow", width))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 112, 120, 200])
def test_every_figure_is_shown_whole(width: int) -> None:
    text = drawn(width, WHALE, MINNOW)

    assert "…" not in text
    for figure in ("north-review", "123,456", "12,346", "200 ms", "4.0 s", "12"):
        assert figure in text
    assert max(map(len, text.splitlines())) <= width


def test_a_wide_terminal_shows_what_was_accepted_and_a_bar() -> None:
    assert "1,234,567" not in drawn(80, WHALE)
    assert "1,234,567" in drawn(120, WHALE)
    assert "████" in drawn(120, WHALE)


def test_the_total_is_of_all_tenants() -> None:
    both = total([WHALE, MINNOW])

    assert (both.accepted, both.waiting, both.done, both.failed) == (1_234_577, 123_456, 1_111_121, 12)
    assert both.waits == [0.1, 0.2, 4.0]
    assert "123,456 waiting" in in_one_line([WHALE, MINNOW])


def test_a_tenant_without_executions_has_no_wait() -> None:
    assert in_words(percentile([], 0.5)) == "-"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "0 ms"), (0.0124, "12 ms"), (0.9999, "1.0 s"), (12.34, "12.3 s"), (100.4, "100 s")]
)
def test_spans_of_time_are_short(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_percentiles_are_values_that_occurred() -> None:
    waits = [float(number) for number in range(1, 101)]

    assert (percentile(waits, 0.5), percentile(waits, 0.99), percentile(waits, 1.0)) == (51.0, 100.0, 100.0)
