"""The country of a phone number by the digits it begins with. Countries that share a code are told apart where their
numbers are (Canada's area codes); where they are not, the largest stands for all (Guadeloupe for Saint-Martin)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _table() -> dict[str, str]:
    """Country by leading digits."""
    lines = (files("campaigns.language") / "callingcodes.txt").read_text(encoding="ascii").splitlines()
    return {digits: line[:2] for line in lines for digits in line[3:].split()}


def country_of(number: str) -> str:
    """The two letters of a number in the form of E.164; empty where it is of no country."""
    known = _table()
    return next((known[number[1:end]] for end in range(8, 1, -1) if number[1:end] in known), "")
