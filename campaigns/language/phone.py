"""Phone numbers as people write them, in the one form of ITU-T E.164."""

from __future__ import annotations

import re

_BETWEEN = re.compile(r"[\s./\u2010-\u2015\u2212-]+")
#: +49 (0)30 …: the country code and, in brackets, the digit that is dialled inside the country only.
_BOTH_WAYS = re.compile(r"\(?(?:\+|00)([1-9][0-9]{0,2})\)?\(0\)", re.ASCII)
#: The plan of country code 1 has ten digits always; elsewhere numbers have at most fifteen with the code.
_NUMBER = re.compile(r"1[2-9][0-9]{9}|[2-9][0-9]{6,14}", re.ASCII)

#: What is dialled before a number inside a country and left out from abroad. "0" where none is given; nothing
#: where the zero is a part of the number.
_TRUNK = {
    "1": re.compile(r"1(?=[0-9]{10}$)"),
    "7": re.compile(r"8(?=[0-9]{10}$)"),
    "36": re.compile(r"06"),
} | {code: re.compile(r"(?!)") for code in ("39", "225", "229", "242", "378")}
_USUAL_TRUNK = re.compile(r"0")


def e164(text: str, code: str = "") -> str:
    """The number with + and its country code. `code` is that of numbers written without one. Raises ValueError."""
    number = _BETWEEN.sub("", _with_ascii_digits(text))
    both = _BOTH_WAYS.match(number)
    rest = (number[both.end() :] if both else number).replace("(", "").replace(")", "")
    full = _from_inside("0" + rest, both[1]) if both else _in_full(rest, code)
    if not _NUMBER.fullmatch(full):
        raise ValueError("expected a phone number such as +49 30 1234567")
    return "+" + full


def _with_ascii_digits(text: str) -> str:
    return "".join(str(int(character)) if character.isdecimal() else character for character in text)


def _in_full(number: str, code: str) -> str:
    for prefix in ("+", "00"):
        if number.startswith(prefix):
            return number.removeprefix(prefix)
    if not code:
        raise ValueError('expected a phone number with its country code; or give one, as in {"e164": "49"}')
    return _from_inside(number, code)


def _from_inside(number: str, code: str) -> str:
    trunk = _TRUNK.get(code, _USUAL_TRUNK).match(number)
    return code + (number[trunk.end() :] if trunk else number)
