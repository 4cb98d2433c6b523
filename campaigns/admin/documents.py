"""Campaign documents as people read them: keys in the order of thought, short things on one line."""

from __future__ import annotations

import json
from typing import Any

from campaigns.exchange.layout import in_order, rank

LINE = 90  #: characters that still read well on one line


def pretty(value: Any, indent: int = 0) -> str:
    """JSON in a layout for reading. Keys are in the order of thought."""
    flat = json.dumps(in_order(value), ensure_ascii=False)
    if len(flat) + indent <= LINE or not isinstance(value, dict | list) or not value:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, list):
        inner = [pad + pretty(item, indent + 2) for item in value]
        return "[\n" + ",\n".join(inner) + "\n" + " " * indent + "]"
    inner = [
        f"{pad}{json.dumps(key, ensure_ascii=False)}: {pretty(item, indent + 2)}"
        for key, item in sorted(value.items(), key=rank)
    ]
    return "{\n" + ",\n".join(inner) + "\n" + " " * indent + "}"
