"""Tests of several variants against each other: who got which, with what result, and which one won.

A test is known by its campaign, its step and the labels of its variants: other variants are another test. Its counts
are a record that the tenant's leads have in common, exact; what a lead got is kept with the lead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from campaigns.language.context import Context
from campaigns.language.effects import PutRecord, PutShared
from campaigns.language.exits import hears_event
from campaigns.language.periods import Period, shift
from campaigns.language.shared import EXPERIMENT
from campaigns.language.trigger import Subscription

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain
    from campaigns.language.program import Step

AB_TEST = "ab_test"  #: the kind of record of a lead
TOO_SMALL = "too small a sample: keep split"
#: Two rates differ: the square of how many standard deviations a difference has, left to chance in 5 of 100.
SIGNIFICANT = Fraction(38415, 10_000)


class Experiment(msgspec.Struct, frozen=True):
    """What counts as a result of a test."""

    key: str
    heard: Subscription
    within: Period


def key_of(campaign: str, step: str, labels: Iterable[str]) -> str:
    """What a test is known by."""
    digest = hashlib.blake2b("\0".join(sorted(labels)).encode(), digest_size=4).hexdigest()
    return f"{campaign}.{step}:{digest}"


def experiments_of(campaign: str, steps: Iterable[Step]) -> Iterable[Experiment]:
    """The tests of a campaign's steps."""
    for step in steps:
        if step.logs == "variant_assigned":
            bounds = [step.bound] if step.bound else [choice.bound for choice in step.choices]
            for params in (bound.params for bound in bounds if bound.params is not None):
                yield Experiment(key_of(campaign, step.id, params.labels), params.metric, params.within)


def by_event(found: Iterable[Experiment]) -> dict[str, tuple[Experiment, ...]]:
    """Each test once, by the event that is its result; of a version that still holds runs the live one is before it."""
    known: dict[str, Experiment] = {}
    for one in found:
        known.setdefault(one.key, one)
    names = {one.heard.event.name for one in known.values()}
    return {name: tuple(one for one in known.values() if one.heard.event.name == name) for name in names}


def count_results(chain: Chain, context: Context) -> None:
    """The event may be the result that tests of the lead wait for; of each test a lead has one result at most."""
    lead = chain.lead
    for one in chain.rulebook.experiments.get(context.type, ()):
        record = lead.records.get((AB_TEST, one.key))
        if record is None or "result" in record or not hears_event(one.heard, lead, context):
            continue
        until = shift(datetime.fromisoformat(record["at"]), one.within, context.schema.zone)
        state: dict[str, Any] = lead.shared.get(EXPERIMENT, one.key, make=True) or {}
        if context.occurred_at <= until and "winner" not in state:
            chain.changes.apply(PutShared(EXPERIMENT, one.key, counted(state, record["variant"], "results")))
            result = {**record, "result": context.occurred_at.isoformat()}
            chain.changes.apply(PutRecord(AB_TEST, one.key, result, quiet=True))


def counted(state: Mapping[str, Any], variant: str, what: str) -> dict[str, Any]:
    """The counts with one more."""
    variants = state.get("variants", {})
    before = {"leads": 0, "results": 0} | variants.get(variant, {})
    return {**state, "variants": {**variants, variant: {**before, what: before[what] + 1}}}


def winner_of(state: Mapping[str, Any], labels: Sequence[str], minimum: int, *, significant: bool) -> str | None:
    """The variant with the highest rate, the first of several; None while too few leads say so."""
    counts = {label: state.get("variants", {}).get(label, {"leads": 0, "results": 0}) for label in labels}
    if any(count["leads"] < minimum for count in counts.values()):
        return None
    rates = {label: Fraction(count["results"], count["leads"]) for label, count in counts.items()}
    best, second = sorted(labels, key=lambda label: -rates[label])[:2]
    if significant and not differ(counts[best], counts[second]):
        return None
    return best


def differ(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Whether two rates differ by more than chance makes of one: the test of two proportions, at 95 %."""
    leads = one["leads"] + other["leads"]
    both = Fraction(one["results"] + other["results"], leads)
    spread = both * (1 - both) * (Fraction(1, one["leads"]) + Fraction(1, other["leads"]))
    apart = Fraction(one["results"], one["leads"]) - Fraction(other["results"], other["leads"])
    return spread > 0 and apart * apart / spread >= SIGNIFICANT


def rates_of(state: Mapping[str, Any]) -> dict[str, str]:
    """Percent of the leads of each variant that had a result, for people."""
    found = state.get("variants", {}).items()
    return {label: f"{100 * count['results'] / count['leads']:.1f} %" for label, count in found if count["leads"]}
