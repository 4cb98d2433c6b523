"""Rates of currencies: what one unit is worth in the tenant's own currency, from which day on."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal
from functools import cached_property

import msgspec

from campaigns.language.definition import definition
from campaigns.language.faults import Fault

RATES_LIMIT = 5_000
LARGEST, PLACES = Decimal(10) ** 9, 10


def _check(currency: Currency) -> list[Fault]:
    if not 1 <= len(currency.rates) <= RATES_LIMIT:
        return [Fault("rates", f"expected 1 to {RATES_LIMIT:,} days and rates")]
    wrong = [day for day, rate in currency.rates.items() if not _fits(rate)]
    return [Fault(f"rates.{day}", f"a rate is above 0 and has at most {PLACES} places") for day in wrong[:5]]


def _fits(rate: Decimal) -> bool:
    return rate.is_finite() and 0 < rate < LARGEST and rate == round(rate, PLACES)


@definition("currency", label="Currency", check=_check)
class Currency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Its key is its code, such as eur. `rates` says by day what one unit of it is worth in the tenant's own currency,
    until the next day that is there: {"2026-01-01": "1.0834"}."""

    rates: dict[date, Decimal]

    @cached_property
    def days(self) -> list[date]:
        """The days on which a rate begins, in order."""
        return sorted(self.rates)

    def rate_on(self, day: date) -> Decimal | None:
        """The rate of a day; None before the first."""
        place = bisect_right(self.days, day)
        return self.rates[self.days[place - 1]] if place else None
