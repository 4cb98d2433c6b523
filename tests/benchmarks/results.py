"""bench.json: what was measured, as documents, plots and checks read it. Needs no servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path("bench.json")

#: By the name of a suite: "machine", "title", "rounds", "seconds" it took, "columns" as [figure, heading, form], "rows"
#: by the name of the case.
Results = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a figure is."""

    suite: str
    case: str
    figure: str

    def __str__(self) -> str:
        return f"`{self.figure}` of “{self.case}” in the suite `{self.suite}`"


def read(path: Path = RESULTS) -> Results:
    """All results; none where nothing was measured yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def find(results: Results, place: Place) -> float | None:
    """A figure, or None where it was not measured."""
    found = results.get(place.suite, {}).get("rows", {}).get(place.case, {}).get(place.figure)
    return None if found is None else float(found)
