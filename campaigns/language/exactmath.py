"""Liquid's filters for numbers, exact: a price of 10.50 is a decimal, which Liquid's own take for nothing."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

#: As expressions have them: wide enough for what fields hold, and no exponent that fills the memory.
_EXACT = decimal.Context(prec=40, Emax=100, Emin=-100)

Number = int | Decimal


def number(raw: Any) -> Number:
    """A number, or text that is one; null and everything else is 0, as Liquid has it."""
    if isinstance(raw, bool) or raw is None:
        return 0
    if isinstance(raw, int):
        return raw
    try:
        value = Decimal(str(raw))
    except decimal.InvalidOperation:
        return 0
    return value if value.is_finite() else 0


def _exactly(compute: Callable[..., Any]) -> Callable[..., Number]:
    def run(*values: Any) -> Number:
        with decimal.localcontext(_EXACT):
            return compute(*map(number, values))

    return run


def _divide(value: Number, by: Number) -> Number:
    """Whole numbers give whole numbers, as in Liquid."""
    if by == 0:
        raise ZeroDivisionError("it divides by zero")
    return value // by if isinstance(value, int) and isinstance(by, int) else Decimal(value) / by


def _round(value: Number, places: Number = 0) -> Number:
    """Half away from zero."""
    wanted = max(0, min(int(places), 20))
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-wanted), decimal.ROUND_HALF_UP)
    return rounded if wanted else int(rounded)


FILTERS: dict[str, Callable[..., Number]] = {
    name: _exactly(compute)
    for name, compute in {
        "plus": lambda value, other: value + other,
        "minus": lambda value, other: value - other,
        "times": lambda value, other: value * other,
        "divided_by": _divide,
        "modulo": lambda value, other: value % other,
        "round": _round,
        "abs": abs,
        "ceil": math.ceil,
        "floor": math.floor,
        "at_least": max,
        "at_most": min,
    }.items()
}
