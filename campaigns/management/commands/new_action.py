"""manage.py new_action NAME: write the file of an action and its test, both working at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.actions import ACTIONS
from campaigns.starter import objection, start_action

NEXT = """Next: say what it does in the first, show it in the second; then
  add "{name}" to the golden list in tests/unit/campaigns/test_registries.py
  manage.py document_actions"""

LABEL = re.compile(r'[^"\\\n]{1,60}')


class Command(BaseCommand):
    help = "Write the file of an action and its test, both working at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="as campaigns call it, such as send_gift")
        parser.add_argument("--label", help="as people read it; made from the name unless given")
        parser.add_argument("--into", type=Path, default=Path(settings.BASE_DIR), help="the project's folder")

    def handle(self, *args: Any, name: str, label: str | None, into: Path, **options: Any) -> None:
        label = label or name.replace("_", " ").capitalize()
        message = objection(name) or ("there is an action of that name" if name in ACTIONS.names() else None)
        if message or not LABEL.fullmatch(label):
            raise CommandError(message or "a label has at most 60 characters, no quotes among them")
        files = {into / path: text for path, text in start_action(name, label).items()}
        for path in files:
            if path.exists():
                raise CommandError(f"{path} is there already")
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self.stdout.write(str(path.relative_to(into)))
        self.stdout.write(NEXT.format(name=name))
