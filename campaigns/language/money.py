"""Amounts of money with their currency, as one text: "12.50 EUR". Compared by the rate of a day, exactly."""

from __future__ import annotations

import decimal
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaigns.language.schema import TenantSchema

_MONEY = re.compile(r"\s*(-?[0-9]{1,18}(?:\.[0-9]{1,10})?)\s+([A-Za-z]{3})\s*", re.ASCII)
#: Wide enough for any amount times any rate: nothing is rounded.
_EXACT = decimal.Context(prec=60)

Money = tuple[Decimal, str]


def cast_currency(raw: Any) -> str | None:
    """An amount and its currency, in one form; blank text is null. Raises ValueError."""
    if isinstance(raw, dict) and set(raw) == {"amount", "currency"}:
        raw = f"{raw['amount']} {raw['currency']}"
    if isinstance(raw, str) and (not raw or raw.isspace()):
        return None
    found = _MONEY.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise ValueError("expected an amount with its currency, such as 12.50 EUR")
    return f"{_short(Decimal(found[1]))} {found[2].upper()}"


def _short(amount: Decimal) -> str:
    """Two places where there is a fraction, or as many as it needs; no -0."""
    places = -int(_EXACT.normalize(amount).as_tuple().exponent)
    kept = _EXACT.quantize(amount, Decimal(1).scaleb(-max(places, 2) if places > 0 else 0))
    return format(kept if kept else kept.copy_abs(), "f")


def money_of(text: str) -> Money:
    """The parts of an amount in its one form."""
    amount, _, currency = text.partition(" ")
    return Decimal(amount), currency


def rate_of(currency: str, schema: TenantSchema, day: date) -> Decimal | None:
    """How much of the tenant's currency one unit is worth on a day; None where nobody has said."""
    if currency == schema.currency:
        return Decimal(1)
    found = schema.defined("currency").get(currency.lower())
    return found.spec.rate_on(day) if found else None


def worth(money: Money, schema: TenantSchema, day: date) -> Decimal | None:
    """An amount in the tenant's currency, by the rate of the day; None where there is none."""
    rate = rate_of(money[1], schema, day)
    return None if rate is None else _EXACT.multiply(money[0], rate)
