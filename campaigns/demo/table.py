"""The table that is drawn while events flow: 80 columns are enough, more show more."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from campaigns.demo.figures import TenantFigures, percentile

WIDE = 112  #: columns from which accepted, done and the bar are shown
BAR = 16


def draw(tenants: Sequence[TenantFigures], title: str, width: int) -> Table:
    """A line per tenant, the largest first, and their total."""
    wide = width >= WIDE
    table = Table(
        title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, show_footer=False, pad_edge=False
    )
    table.add_column("tenant", no_wrap=True)
    names = ["waiting", "done/s", "wait p50", "wait p99", "failed"]
    for name in ["accepted", "done", *names] if wide else names:
        table.add_column(name, justify="right", no_wrap=True, min_width=8 if name.startswith("wait p") else 7)
    if wide:
        table.add_column("", no_wrap=True, min_width=BAR)
    deepest = max((figures.waiting for figures in tenants), default=0)
    for figures in tenants:
        table.add_row(*_cells(figures, wide, deepest), style="" if figures.waiting or figures.per_second else "dim")
    table.add_section()
    table.add_row(*_cells(total(tenants), wide, 0), style="bold")
    return table


def total(tenants: Sequence[TenantFigures]) -> TenantFigures:
    """All tenants as one."""
    return TenantFigures(
        "total",
        sum(figures.accepted for figures in tenants),
        sum(figures.waiting for figures in tenants),
        sum(figures.done for figures in tenants),
        sum(figures.per_second for figures in tenants),
        sorted(wait for figures in tenants for wait in figures.waits),
        sum(figures.failed for figures in tenants),
    )


def in_one_line(tenants: Sequence[TenantFigures]) -> str:
    """The total, for a log."""
    all = total(tenants)
    return (
        f"{all.accepted:,} accepted, {all.done:,} done, {all.waiting:,} waiting, {all.per_second:,.0f} a second,"
        f" wait {in_words(percentile(all.waits, 0.5))} (p50) {in_words(percentile(all.waits, 0.99))} (p99),"
        f" {all.failed:,} failed"
    )


def _cells(figures: TenantFigures, wide: bool, deepest: int) -> list[str | Text]:
    cells: list[str | Text] = [figures.key]
    if wide:
        cells += [f"{figures.accepted:,}", f"{figures.done:,}"]
    cells += [
        f"{figures.waiting:,}",
        f"{figures.per_second:,.0f}",
        in_words(percentile(figures.waits, 0.50)),
        in_words(percentile(figures.waits, 0.99)),
        Text(f"{figures.failed:,}", style="red" if figures.failed else ""),
    ]
    if wide:
        cells.append(Text("█" * (BAR * figures.waiting // deepest if deepest else 0), style="yellow"))
    return cells


def in_words(seconds: float | None) -> str:
    """A span of time with two or three digits."""
    if seconds is None:
        return "-"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 99.5 else f"{seconds:.0f} s"
