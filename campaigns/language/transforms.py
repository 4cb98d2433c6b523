"""What format_field can do to a text. Each transform gives the new text, or raises ValueError that says what it
expected."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any

from campaigns.language.countries import country_code
from campaigns.language.datepattern import date_reader
from campaigns.language.phone import e164
from campaigns.language.values import show

Transform = Callable[[str], str]

_SPACES = re.compile(r"[^\S\r\n]+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_APOSTROPHE = re.compile(r"(['\u2019])")
_CALLING_CODE = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def collapse_spaces(text: str) -> str:
    """Runs of spaces and tabs become one space; lines stay lines."""
    return _SPACES.sub(" ", text)


def title(text: str) -> str:
    """Each word begins with a capital: Jean-Luc, O'Neil, but Don't."""
    return _WORD.sub(lambda match: _capital(match[0]), unicodedata.normalize("NFC", text))


def _capital(word: str) -> str:
    """A part behind an apostrophe is a name of its own where a single letter stands before it: O'Neil, not I'Ll."""
    first, *others = _APOSTROPHE.split(word)
    name = len(first) == 1
    return first.capitalize() + "".join(
        part.capitalize() if name and len(part) > 2 else part.lower() for part in others
    )


def digits(text: str) -> str:
    """The digits alone, as 0 to 9."""
    found = "".join(str(int(character)) for character in text if character.isdecimal())
    if not found:
        raise ValueError("expected digits")
    return found


#: Those that are written as one word.
PLAIN: dict[str, Transform] = {
    "trim": str.strip,
    "collapse_spaces": collapse_spaces,
    "upper": str.upper,
    "lower": str.lower,
    "title": title,
    "digits": digits,
    "country": country_code,
    "e164": e164,
}


def _e164_of(raw: Any) -> Transform:
    if not isinstance(raw, str) or not _CALLING_CODE.fullmatch(raw):
        raise ValueError(f'expected a country calling code of 1 to 3 digits as text, such as "49", got {show(raw)}')
    return partial(e164, code=raw)


#: Those that need to be told something, and how they are written.
_TOLD: dict[str, Callable[[Any], Transform]] = {"e164": _e164_of, "date": date_reader}
EXAMPLES = {"e164": '{"e164": "49"}', "date": '{"date": "DD.MM.YYYY"}'}


def read_transform(raw: Any) -> Transform | None:
    """The function of a transform as documents write it; None when there is none. Raises ValueError for what it
    cannot be told."""
    if isinstance(raw, str):
        return PLAIN.get(raw)
    if not isinstance(raw, dict) or len(raw) != 1:
        return None
    name, told = next(iter(raw.items()))
    return _TOLD[name](told) if name in _TOLD else None
