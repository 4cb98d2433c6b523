"""What the audit found, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC

from rich.console import Console
from rich.text import Text

from campaigns.audit.inspection import Finding, Scope, Verdict, Violation

FIGURES = {
    "accepted": "events accepted, by the accept log",
    "acceptances": "acceptances, repeated ones too",
    "executed": "events executed",
    "activities": "activities of theirs",
    "leads": "leads they were executed on",
    "tenants": "tenants",
    "dead": "dead letters",
    "aborted": "events that an operator threw away, by the number of those and the time",
    "waiting": "events that wait in lanes and outbox",
}


def print_verdict(console: Console, scope: Scope, verdict: Verdict, *, has_log: bool) -> None:
    """Figures, then each promise with what broke it."""
    who = f"tenant {scope.tenant}" if scope.tenant else "all tenants"
    since = "the beginning" if scope.since.year == 1 else f"{scope.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    console.print(f"Audit of {who} since {since}", markup=False, highlight=False)
    for name, words in FIGURES.items():
        if has_log or name not in ("accepted", "acceptances"):
            console.print(f"{verdict.figures[name]:>14,}  {words}", markup=False, highlight=False)
    for finding in verdict.findings:
        _print_finding(console, finding)
    for name, error in verdict.unreached.items():
        console.print(Text(f"✗ the database {name} was not looked at: {error}", style="bold red"), soft_wrap=True)
    if not has_log:
        console.print("Without an accept log nobody can say what was lost, or which event came first.")


def _print_finding(console: Console, finding: Finding) -> None:
    if not finding.count:
        console.print(Text(f"✓ {finding.promise}", style="green"))
        return
    console.print(Text(f"✗ {finding.promise}: broken {finding.count:,} times", style="bold red"))
    for example in finding.examples:
        console.print(Text(f"    {in_words(example)}", style="red"), soft_wrap=True)


def in_words(violation: Violation) -> str:
    """One line."""
    lead = f", lead {violation.lead}" if violation.lead is not None else ""
    event = f", event {violation.event}" if violation.event is not None else ""
    return f"tenant {violation.tenant}{lead}{event}: {violation.fault}"


def as_json(scope: Scope, verdict: Verdict) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "since": scope.since.isoformat(),
            "tenant": scope.tenant,
            "passed": verdict.passed,
            "figures": verdict.figures,
            "unreached": verdict.unreached,
            "violations": [
                {
                    "promise": finding.promise,
                    "count": finding.count,
                    "examples": [example._asdict() for example in finding.examples],
                }
                for finding in verdict.findings
                if finding.count
            ],
        },
        indent=2,
    )
