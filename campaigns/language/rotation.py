"""Whose turn it is among several, in proportion to their weights. Exact: no draw and no hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction


def levels(given: Mapping[str, int], weights: Mapping[str, int]) -> dict[str, int]:
    """How many each of those present has been given. Who comes, or comes back, begins where the others are: nobody
    catches up on turns when away."""
    present = {name: given[name] for name in weights if name in given}
    base = min((Fraction(count, weights[name]) for name, count in present.items()), default=Fraction(0))
    return {name: present.get(name, int(base * weight)) for name, weight in weights.items()}


def next_turn(counts: Mapping[str, int], weights: Mapping[str, int]) -> str:
    """Who is next; the first of several with the same claim. After as many turns as all weights together, each has
    had as many as its weight."""
    return min(weights, key=lambda name: Fraction(counts[name] + 1, weights[name]))


def least_loaded(counts: Mapping[str, int], present: Iterable[str]) -> str:
    """Who of those present has fewest; the first of several."""
    return min(present, key=lambda name: counts.get(name, 0))
