"""manage.py document_actions: write docs/actions.md from the actions' declarations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from campaigns.actions import ACTIONS
from campaigns.reference import TESTS, page, where_tested


class Command(BaseCommand):
    help = "Write docs/actions.md from the actions' declarations."

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        tests = where_tested(ACTIONS.names(), root / TESTS)
        target = root / "docs" / "actions.md"
        target.write_text(page(ACTIONS, tests), encoding="utf-8")
        self.stdout.write(f"{target.relative_to(root)}: {len(ACTIONS)} actions")
