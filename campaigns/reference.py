"""The reference page of actions, made from their declarations: docs/actions.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from campaigns.exchange.layout import pretty
from campaigns.language.action import ActionSpec, Parameter
from campaigns.language.examples import example_of

TESTS = Path("tests", "unit", "campaigns", "actions")

BEGINNING = """# Actions

What a step of a campaign can do. This page is made from the actions' own declarations: `manage.py document_actions`
writes it, and a test keeps it true. A value that says “or a token” takes `{{ event.amount }}`, `{{ lead.email }}`,
`{{ now }}`, a variable of the run such as `{{ run.count }}`, or `{{ run.id }}` too; where it is text, a Liquid
template. The steps shown are checked by a test; names in them such as `orders`, `vips` or `welcome` stand for a
tenant's own fields, lists and e-mails, and their tokens are of an event `purchase`. Each execution ends in one
outcome: done, no_op (nothing to change), skipped (a rule forbade it), failed.

"""


def page(actions: Iterable[ActionSpec], tests: Mapping[str, Sequence[str]]) -> str:
    """The whole page. tests: by action, the files that test it."""
    every = list(actions)
    lines = ["| action | does | tests |", "|---|---|---|"]
    lines += [f"| [`{one.name}`](#{one.name}) | {one.label} | {_links(tests.get(one.name, ()))} |" for one in every]
    return BEGINNING + "\n".join([f"{len(every)} actions.", "", *lines, "", *map(section, every)])


def _links(files: Iterable[str]) -> str:
    return ", ".join(f"[{file}](../{TESTS}/{file})" for file in files)


def section(action: ActionSpec) -> str:
    """One action."""
    head = [f"## {action.name}", "", f"**{action.label}.** {_flat(action.doc)} Logs `{action.logs}`.", ""]
    if not action.parameters:
        return "\n".join([*head, "No parameters.", ""])
    rows = ["| parameter | takes | unless given | |", "|---|---|---|---|", *map(_row, action.parameters)]
    return "\n".join([*head, *rows, "", "```json", pretty(example_of(action)), "```", ""])


def _row(parameter: Parameter) -> str:
    default = "**required**" if parameter.required else _show(parameter.default)
    cells = (f"`{parameter.name}`", parameter.kind.takes, default, parameter.kind.doc)
    return "| " + " | ".join(_flat(cell).replace("|", "\\|") for cell in cells) + " |"


def _show(default: Any) -> str:
    return "" if default is None or default is msgspec.UNSET else f"`{msgspec.json.encode(default).decode()}`"


def _flat(text: str) -> str:
    return " ".join(text.split())


def where_tested(names: Iterable[str], folder: Path) -> dict[str, list[str]]:
    """By action, the files in the folder that name it, its own first."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("test_*.py"))}
    found = {name: [file for file, text in texts.items() if f'"{name}"' in text] for name in names}
    return {name: sorted(files, key=lambda file: file != f"test_{name}.py")[:3] for name, files in found.items()}
