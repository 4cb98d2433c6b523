"""E-mail addresses as they are written: "ann@acme.test" or "Ann of Acme <ann@acme.test>"."""

from __future__ import annotations

import re
from typing import NamedTuple

_LABEL = r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(rf"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}")
_NAMED = re.compile(r"([^<>\x00-\x1f\x7f]*)<([^<>]*)>")
LENGTH_LIMIT = 254


class Mailbox(NamedTuple):
    """Whose address it is, if that is said, and the address."""

    name: str
    address: str


def is_address(text: str) -> bool:
    """Whether mail can be sent to it, as far as its form tells."""
    return len(text) <= LENGTH_LIMIT and _ADDRESS.fullmatch(text) is not None


def read_mailbox(text: str) -> Mailbox | None:
    """None for what is no address."""
    named = _NAMED.fullmatch(text.strip())
    name, address = (named[1].strip().strip('"'), named[2].strip()) if named else ("", text.strip())
    return Mailbox(name, address) if is_address(address) else None
