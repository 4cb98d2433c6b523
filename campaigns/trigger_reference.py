"""The reference page of triggers and of the events every tenant has, made from their declarations: docs/triggers.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from campaigns.language.eventtypes import EventTypeSpec
from campaigns.language.fieldchange import FIELD_CHANGED
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.trigger import TriggerSpec
from campaigns.reference import where_tested

BEGINNING = """# Triggers

What starts a campaign. This page is made from the triggers' own declarations: `manage.py document_triggers` writes it,
and a test keeps it true. A campaign has one trigger or several, and starts when any of them hears an event. Beside its
own keys each trigger takes an `id`, by which it stays the same one when the campaign changes, and `where`: a list of
constraints on the event's attributes, such as `{"attribute": "amount", "operator": "at_least", "value": 100}`, all of
which must match. Each also takes `when`: the circumstances under which it hears its event. A `!` marks an attribute
that each event has; a `…` stands for whatever else the sender added.

"""
WHEN = """# Circumstances

What may stand in the `when` of any trigger, of exits, goals and waits too; all of it must hold.

| key | only events |
|---|---|
| `source` | that came from there: `api`, `user`, `import`, `webhook`, `campaign`, `delivery`, `batch`; one or a list |
| `actor` | of this user, webhook or campaign |
| `campaign`, `step` | that arose from this campaign, from this step of it |
| `days`, `from`, `until`, `zone` | on these days, at these hours (`"09:00"`); a night is of its first day |
| `depth` | with so many events between them and the one from outside: `{"at_most": 1}` |
| `count`, `in_past` | with which there were so many, `{"at_least": 3}`, ever or within a period |
| `first_time` | that are the lead's first such: `true` |

Counted are events that the trigger hears and that meet its `where`: events from outside, and changes of fields. Of what
else arises inside, the history keeps what actions log, and a filter asks it (docs/conditions.md). A trigger whose own
keys tell events apart says them by `where` to count.

"""
STANDARD = """# Events that every tenant has

Sent to `POST /api/v1/events` like events of a tenant's own types, without declaring them, and with further attributes
if wanted. A website, a mail provider or an app reports them; nothing is done to the lead but what campaigns say.

"""


def tests_of(names: Sequence[str], root: Path) -> dict[str, list[str]]:
    """By trigger, the files that test it: its own folder's, or those of the actions that set it off."""
    folders = [root / "tests" / "unit" / "campaigns" / name for name in ("triggers", "actions")]
    own, actions = (where_tested(names, folder) for folder in folders)
    return {name: own[name] or actions[name] for name in names}


def page(triggers: Iterable[TriggerSpec], tests: Mapping[str, Sequence[str]]) -> str:
    """The whole page. tests: by trigger, the files that test it."""
    every = list(triggers)
    lines = ["| trigger | starts when | its own keys | attributes for `where` | tests |", "|---|---|---|---|---|"]
    lines += [_row(one, tests.get(one.name, ())) for one in every]
    events = [spec for spec in SYSTEM_EVENTS.values() if spec.outside]
    standard = ["| event | what happened | attributes |", "|---|---|---|"]
    standard += [f"| `{spec.name}` | {spec.label} | {_attributes(spec)} |" for spec in events]
    return BEGINNING + "\n".join([f"{len(every)} triggers.", "", *lines, "", WHEN + STANDARD + "\n".join(standard), ""])


def _row(trigger: TriggerSpec, tests: Sequence[str]) -> str:
    keys = "; ".join(f"`{key}`: {trigger.key_docs.get(key, '')}".removesuffix(": ") for key in trigger.keys)
    heard = SYSTEM_EVENTS.get(trigger.hears)
    attributes = _attributes(heard) if heard else "those of the event"
    attributes = "field!, old, new" if trigger.hears == FIELD_CHANGED else attributes
    cells = (f"`{trigger.name}`", f"**{trigger.label}.** {trigger.doc}", keys, attributes, ", ".join(tests))
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _attributes(spec: EventTypeSpec) -> str:
    named = [f"{item.name}{'!' * item.required}" for item in spec.attributes.values()]
    return ", ".join([*named, *["…"] * spec.open])
