"""Programs: what leads take part in, and how far they got."""

from __future__ import annotations

import msgspec

from campaigns.language.definition import definition, repeated
from campaigns.language.faults import Fault

STATUSES_LIMIT, FIELDS_LIMIT = 50, 50


class Status(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One status. A later one is further on; a member does not go back."""

    key: str
    label: str = ""
    success: bool = False  #: reaching it is the program's success


def _check(program: Program) -> list[Fault]:
    keys = [status.key for status in program.statuses]
    faults = [Fault("statuses", f"'{key}' is there twice") for key in repeated(keys)]
    if not 1 <= len(keys) <= STATUSES_LIMIT:
        faults.append(Fault("statuses", f"expected 1 to {STATUSES_LIMIT} statuses"))
    faults += [Fault("fields", f"'{key}' is there twice") for key in repeated(list(program.fields))]
    if len(program.fields) > FIELDS_LIMIT:
        faults.append(Fault("fields", f"expected at most {FIELDS_LIMIT} fields"))
    return faults


@definition("program", label="Program", check=_check)
class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Statuses in their order, and the names of what is kept of each member."""

    statuses: tuple[Status, ...]
    fields: tuple[str, ...] = ()

    def keys(self) -> list[str]:
        """Of its statuses, in order."""
        return [status.key for status in self.statuses]

    def field_names(self) -> tuple[str, ...]:
        """What is kept of each member."""
        return self.fields

    def place(self, status: str | None) -> int:
        """How far on a status is; -1 for none."""
        return next((place for place, one in enumerate(self.statuses) if one.key == status), -1)

    def is_success(self, status: str) -> bool:
        """Whether reaching it is success."""
        return any(one.success for one in self.statuses if one.key == status)
