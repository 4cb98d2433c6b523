"""When a campaign is stopped by itself: `limits` in its document. Counted over an hour, for the whole campaign.

    {"runs": 10000}          more runs begin than that
    {"failures": 20}         percent of runs with a failed step, from 100 failures on; 50 unless given
    {"loops": 3}             so many loops are stopped; 10 unless given

A campaign that passes one is paused, those inside rest, and its page says why.
"""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.parameters import WholeNumber
from campaigns.language.scope import Scope

RUNS_LIMIT = 1_000_000_000
FEWEST_FAILURES = 100  #: fewer say nothing of a campaign


class Limits(msgspec.Struct, frozen=True):
    """The rule."""

    runs: int | None = None  #: None is without bound
    failures: int = 50  #: percent of runs
    loops: int = 10

    def passed(self, runs: int, failures: int, loops: int) -> str | None:
        """Which limit such an hour passes, in words, or None."""
        if loops >= self.loops:
            return f"{loops} loops were stopped within an hour"
        if failures >= FEWEST_FAILURES and failures * 100 >= self.failures * runs:
            return f"{failures} steps failed in {runs} runs within an hour"
        if self.runs is not None and runs > self.runs:
            return f"{runs} runs began within an hour, and {self.runs} are allowed"
        return None


USUAL = Limits()


def compile_limits(raw: Any, scope: Scope) -> Limits:
    """Check the rule and make it ready. Notes every fault."""
    if raw is None:
        return USUAL
    if not isinstance(raw, dict):
        scope.fault("limits", 'expected an object such as {"runs": 10000}')
        return USUAL
    scope.expect_keys(raw, "limits", ("runs", "failures", "loops"))
    most = {"runs": RUNS_LIMIT, "failures": 100, "loops": 10_000}
    read = {name: _read(raw[name], name, most[name], scope) for name in most if raw.get(name) is not None}
    return Limits(**read)


def _read(raw: Any, name: str, most: int, scope: Scope) -> int:
    return WholeNumber("", 1, most).prepare(raw, scope, f"limits.{name}", {})
