"""Draws values from the shapes in kinds/*.json, such as {"decimal": [5, 260]}: the same ones for the same seed."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

Draw = Callable[[Random], Any]

SKEW = 50.0  #: the higher, the less the first of many stand out


def compile_shape(shape: dict[str, Any]) -> Draw:
    """The function that draws one value of a shape, as JSON has it."""
    (name,) = shape.keys() - {"weights"}
    return MAKERS[name](shape[name], shape.get("weights"))


def compile_shapes(shapes: dict[str, dict[str, Any]]) -> Draw:
    """The function that draws an object with a value for each name."""
    draws = [(name, compile_shape(shape)) for name, shape in shapes.items()]
    return lambda chance: {name: draw(chance) for name, draw in draws}


def one_of(chance: Random, items: Sequence[Any]) -> Any:
    """One of the items; half the cost of Random.choice()."""
    return items[int(chance.random() * len(items))]


def _pick(items: list[Any], weights: list[float] | None) -> Draw:
    if weights is None:
        return lambda chance: one_of(chance, items)
    sums = list(itertools.accumulate(weights))
    return lambda chance: items[bisect.bisect(sums, chance.random() * sums[-1])]


def _some(items: list[str], weights: object) -> Draw:
    return lambda chance: [item for item in items if chance.random() < 0.3]


def _integer(ends: list[int], weights: object) -> Draw:
    low, high = ends
    return lambda chance: low + int((high - low + 1) * chance.random() ** 2)


def _decimal(ends: list[int], weights: object) -> Draw:
    low, high = ends

    def draw(chance: Random) -> str:
        cents = int(100 * (low + (high - low) * chance.random() ** 3))
        return f"{cents // 100}.{cents % 100:02d}"

    return draw


def _boolean(share: float, weights: object) -> Draw:
    return lambda chance: chance.random() < share


def _date(days_ago: list[int], weights: object) -> Draw:
    first, last = days_ago
    days = [(date.today() - timedelta(days=ago)).isoformat() for ago in range(last, first + 1)]
    return lambda chance: one_of(chance, days)


def _code(prefix: str, weights: object) -> Draw:
    return lambda chance: f"{prefix}-{int(chance.random() * 10_000_000):07d}"


MAKERS: dict[str, Callable[[Any, Any], Draw]] = {
    "pick": _pick,
    "some": _some,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "code": _code,
}


def zipf(count: int, exponent: float) -> list[float]:
    """Shares that sum to 1, each its rank's power less than the first."""
    weights = [rank**-exponent for rank in range(1, count + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def skewed(chance: Random, count: int) -> int:
    """A number below `count`, low ones more often (Zipf's law, its head flattened by SKEW)."""
    return min(count - 1, int(SKEW * ((count + SKEW) / SKEW) ** chance.random() - SKEW))
