"""The two files that a new action begins with: it works, and its test is green."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from pathlib import Path
from string import Template

LINE = 120  #: characters, as ruff is told
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
NAME_LIMIT = 50  #: characters

ACTION = Template('''"""$label."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, LogActivity
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import Value


class ${params}(msgspec.Struct, frozen=True):
    """What is said."""

    text: Annotated[str | None, Value("What appears in the lead's history", "string", nullable=False)]


$decorator
$function
    """The text appears in the lead's history."""
    if params.text is None:
        return Skipped("missing: there is no text")
    return [LogActivity("$name", {"text": params.text})]
''')

TEST = Template("""from __future__ import annotations

from tests.unit.campaigns.acme import act, campaign, event, faults, lead, step

ACTION = "$name"


def test_the_text_appears_in_the_history() -> None:
    row = act(lead(first_name="Ann"), ACTION, text="{{ lead.first_name }} of {{ event.shop }}", on=event(shop="x"))

    assert row == {"text": "Ann of x", "outcome": "done"}


def test_without_a_text_it_is_skipped() -> None:
    assert act(lead(), ACTION, text="{{ lead.nickname }}")["reason"] == "missing: there is no text"


def test_bad_parameters_are_faults() -> None:
    assert faults(campaign(step(ACTION, text=None))) == ["steps[0].params.text: must not be null"]
""")


def objection(name: str) -> str | None:
    """Why an action cannot have that name; None where it can."""
    if not NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        return f"expected up to {NAME_LIMIT} lower-case letters, digits and single _, as in send_gift"
    return f"{name} is a word of Python's own" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else None


def start_action(name: str, label: str) -> dict[Path, str]:
    """The texts of its files by their paths within the project."""
    params = "".join(word.capitalize() for word in name.split("_")) + "Params"
    declared = (f'"{name}"', f'label="{label}"', f'logs="{name}"', f"params={params}")
    taken = ("lead: LeadState", f"params: {params}", "context: Context")
    words = {
        "name": name,
        "label": label,
        "params": params,
        "decorator": _fit("@action(", declared, ")"),
        "function": _fit(f"def {name}(", taken, ") -> list[Effect] | Skipped:"),
    }
    return {
        Path("campaigns", "actions", f"{name}.py"): ACTION.substitute(words),
        Path("tests", "unit", "campaigns", "actions", f"test_{name}.py"): TEST.substitute(words),
    }


def _fit(head: str, parts: Sequence[str], tail: str) -> str:
    """As ruff would break the line."""
    inside = ", ".join(parts)
    if len(head + inside + tail) <= LINE:
        return head + inside + tail
    if len(inside) + 4 <= LINE:
        return f"{head}\n    {inside}\n{tail}"
    return "\n".join([head, *(f"    {part}," for part in parts), tail])
