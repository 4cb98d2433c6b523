"""Countries by name: the two letters of ISO 3166-1 for what people write."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from campaigns.language.folding import fold, strip_accents

_OTHER = re.compile(r"[\W_]+")
_THE = re.compile(r"^the (?=.)")


def country_code(text: str) -> str:
    """The two letters of a country given by them or by an English name. Raises ValueError."""
    code = table().get(_key(text))
    if code is None:
        raise ValueError("expected the English name of a country, or its two letters of ISO 3166")
    return code


@cache
def table() -> dict[str, str]:
    """The letters by every known form."""
    known: dict[str, str] = {}
    for line in (files("campaigns.language") / "countries.txt").read_text(encoding="utf-8").splitlines():
        code, _, names = line.partition(" ")
        for name in (code, *names.split("; ")):
            known[_key(name)] = code
    return known


def _key(text: str) -> str:
    """Without case, accents, signs and a leading article."""
    plain = strip_accents(fold(text)).replace(".", "").replace("&", " and ")
    return _THE.sub("", _OTHER.sub(" ", plain).strip())
