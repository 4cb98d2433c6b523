"""Dates written by a pattern such as DD.MM.YYYY, read into YYYY-MM-DD. A pattern means the same whatever the
language of the machine is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from campaigns.language.values import show

PATTERN_LIMIT = 40  #: characters

_PART = re.compile(r"(YYYY|MMM|MM|M|DD|D)")
_FORMS = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "MMM": r"(?P<month>[A-Za-z]{3,9})\.?",
    "MM": r"(?P<month>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{2})",
    "D": r"(?P<day>[0-9]{1,2})",
}
_NAMES = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTHS = (
    {name: place for place, name in enumerate(_NAMES, 1)}
    | {name[:3]: place for place, name in enumerate(_NAMES, 1)}
    | {"sept": 9}
)


def date_reader(pattern: Any) -> Callable[[str], str]:
    """A function from a date written by the pattern to YYYY-MM-DD. Raises ValueError, and so does the function."""
    if not isinstance(pattern, str) or len(pattern) > PATTERN_LIMIT:
        raise ValueError(f"expected a pattern such as DD.MM.YYYY, got {show(pattern)}")
    pieces = _PART.split(pattern)
    _check(pattern, between=pieces[0::2], parts=pieces[1::2])
    form = re.compile("".join(_FORMS.get(piece) or re.escape(piece) for piece in pieces))
    return lambda text: _read(text, form, pattern)


def _check(pattern: str, *, between: list[str], parts: list[str]) -> None:
    if sorted(part[0] for part in parts) != ["D", "M", "Y"]:
        raise ValueError(
            f"expected a pattern with one YYYY, one of MM, M and MMM, and one of DD and D, got {show(pattern)}"
        )
    for text in between:
        if re.search(r"[A-Za-z0-9]", text):
            raise ValueError(f"has {text!r} in its pattern, which is none of YYYY, MM, M, MMM, DD and D")
    for part, text, following in zip(parts, between[1:], parts[1:], strict=False):
        if part in ("D", "M") and not text and following != "MMM":
            raise ValueError(f"needs something between {part} and {following}, or {part}{part}")


def _read(text: str, form: re.Pattern[str], pattern: str) -> str:
    match = form.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a date like {pattern}")
    month = match["month"]
    number = int(month) if month.isdecimal() else _MONTHS.get(month.lower(), 0)
    try:
        return date(int(match["year"]), number, int(match["day"])).isoformat()
    except ValueError:
        raise ValueError(f"expected a day of the calendar like {pattern}") from None
