"""What is printed at the end: what was promised and what was found, shares and waits, where to look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from campaigns.demo.check import Execution, Fault, Verdict
from campaigns.demo.figures import percentile
from campaigns.demo.plans import Plan
from campaigns.demo.result import Result
from campaigns.demo.seed import LOGIN, MARKETERS, PASSWORD
from campaigns.demo.table import in_words


def print_report(
    console: Console, result: Result, plans: Sequence[Plan], sent_seconds: float, drained_seconds: float, peak: float
) -> None:
    """All of it but the addresses."""
    console.print()
    console.print(waits_table(result, plans))
    lines = [*count_lines(result, sent_seconds, drained_seconds, peak), *burst_lines(result, plans[0].key)]
    for line in [*lines, *dead_lines(result), ""]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for fault in result.verdict.faults:
        console.print(_promise(fault))
        for example in fault.examples:
            console.print(f"    {example}", style="red", markup=False)
    console.print(_verdict(result.verdict))


def count_lines(result: Result, sent_seconds: float, drained_seconds: float, peak: float) -> Iterable[str]:
    """How many, by which way, how fast."""
    verdict, ways = result.verdict, result.ways
    seconds = sent_seconds + drained_seconds
    yield f"Accepted  {verdict.accepted:,} events: {', '.join(f'{n:,} {way}' for way, n in ways.most_common())},"
    yield f"          {verdict.again:,} of them sent again under their ids"
    yield f"Executed  {verdict.executed:,} in {seconds:.1f} s: {verdict.executed / max(seconds, 0.1):,.0f} a second,"
    yield f"          {peak:,.0f} at best; the last {drained_seconds:.1f} s after the last was sent"


def print_addresses(console: Console, web: str, flower: str) -> None:
    """Where to look, with the logins."""
    console.print(
        f"Admin     {web}/admin/\n"
        f"          {LOGIN} / {PASSWORD} sees all tenants, {MARKETERS[0]} / {PASSWORD} and others two each\n"
        f"Flower    {flower}/\n"
        f"          {LOGIN} / {PASSWORD}",
        markup=False,
        soft_wrap=True,
    )


def print_request(console: Console, web: str, api_key: str, tenant: str) -> None:
    """A line to copy that sends an event."""
    body = '{"lead": "c0000001", "type": "purchase", "data": {"order": "o-1", "amount": "19.90"}}'
    console.print(
        f"An event of {tenant}:\n"
        f"curl {web}/api/v1/events -H 'Content-Type: application/json' \\\n"
        f"  -H 'Authorization: Bearer {api_key}' \\\n"
        f"  -d '{body}'\n",
        markup=False,
        soft_wrap=True,
    )


def waits_table(result: Result, plans: Sequence[Plan]) -> Table:
    """How long each tenant's events waited from acceptance to execution, every one of them counted."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("tenant")
    for name in ("leads", "events", "share", "wait p50", "wait p99", "longest"):
        table.add_column(name, justify="right")
    by_tenant: dict[str, list[Execution]] = defaultdict(list)
    for execution in result.executions:
        by_tenant[execution.tenant].append(execution)
    for plan in plans:
        table.add_row(plan.key, f"{plan.leads:,}", *_figures(by_tenant[plan.key], len(result.executions)))
    table.add_section()
    leads = sum(plan.leads for plan in plans)
    table.add_row("total", f"{leads:,}", *_figures(result.executions, len(result.executions)), style="bold")
    return table


def _figures(executions: Sequence[Execution], of: int) -> list[str]:
    waits = sorted(max(0.0, execution.wait) for execution in executions)
    shown = [in_words(percentile(waits, part)) for part in (0.50, 0.99, 1.0)]
    return [f"{len(waits):,}", f"{len(waits) / max(1, of):.1%}", *shown]


def burst_lines(result: Result, whale: str) -> Iterable[str]:
    """What the burst did to its own tenant, and to the others at the same time."""
    burst = [execution for execution in result.executions if execution.id in result.burst]
    if not burst:
        return
    began, ended = min(item.at - item.wait for item in burst), max(item.at for item in burst)
    others = sorted(
        max(0.0, item.wait) for item in result.executions if item.tenant != whale and began <= item.at <= ended
    )
    waited = f"{in_words(percentile(others, 0.5))} (p50), {in_words(percentile(others, 0.99))} (p99)"
    yield f"Burst     {len(burst):,} events of {whale} at once, executed within {ended - began:.1f} s;"
    yield f"          meanwhile the others' events waited {waited}"


def dead_lines(result: Result) -> Iterable[str]:
    """Each dead letter: the demo puts one broken message into a lane itself."""
    for tenant, id, error in result.dead[:5]:
        what = f"event {id}" if id else "bytes that are no event, put into a lane by the demo itself"
        yield f"Dead      {tenant}: {what}"
        yield f"          {error[:70]}"
    if len(result.dead) > 5:
        yield f"          and {len(result.dead) - 5} more"


def _promise(fault: Fault) -> Text:
    if fault.count:
        return Text(f"✗ {fault.promise}: broken {fault.count:,} times", style="bold red")
    return Text(f"✓ {fault.promise}", style="green")


def _verdict(verdict: Verdict) -> Text:
    if verdict.passed:
        return Text("The check passed: accepted = executed, once, in order, in the right tenant.", style="bold green")
    return Text("THE CHECK FAILED.", style="bold red")
