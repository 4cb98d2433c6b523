"""SQL with its parameters, put together from parts. Text comes from this program alone, what tenants write is a
parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec


class Sql(msgspec.Struct, frozen=True):
    """A piece of a statement in psycopg's notation."""

    text: str
    params: tuple[Any, ...] = ()


def sql(template: str, *parts: Any) -> Sql:
    """The template with a piece of SQL, or else a parameter, in place of each `{}`."""
    texts = template.split("{}")
    if len(texts) != len(parts) + 1:
        raise ValueError(f"{len(parts)} parts for {template!r}")
    found, params = [texts[0]], []
    for part, text in zip(parts, texts[1:], strict=True):
        if isinstance(part, Sql):
            found.append(part.text)
            params.extend(part.params)
        else:
            found.append("%s")
            params.append(part)
        found.append(text)
    return Sql("".join(found), tuple(params))


def joined(word: str, parts: Sequence[Sql]) -> Sql:
    """The pieces in brackets with a word between each two."""
    return Sql(
        "(" + f" {word} ".join(part.text for part in parts) + ")", tuple(item for part in parts for item in part.params)
    )


TRUE, FALSE = Sql("TRUE"), Sql("FALSE")


def truth(value: bool) -> Sql:
    """The constant."""
    return TRUE if value else FALSE
