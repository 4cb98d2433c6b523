"""Goals: what campaigns are for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from campaigns.language.definition import definition
from campaigns.language.faults import Fault

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def _check(goal: Goal) -> list[Fault]:
    backwards = goal.begins is not None and goal.ends is not None and goal.ends <= goal.begins
    return [Fault("ends", "must be after begins")] if backwards else []


@definition("goal", label="Goal", check=_check)
class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when until when it counts; null for no bound."""

    begins: Moment | None = None
    ends: Moment | None = None
