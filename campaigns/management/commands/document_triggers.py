"""manage.py document_triggers: write docs/triggers.md from the triggers' declarations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from campaigns.trigger_reference import page, tests_of
from campaigns.triggers import TRIGGERS


class Command(BaseCommand):
    help = "Write docs/triggers.md from the triggers' declarations."

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        tests = tests_of(TRIGGERS.names(), root)
        target = root / "docs" / "triggers.md"
        target.write_text(page(TRIGGERS, tests), encoding="utf-8")
        self.stdout.write(f"{target.relative_to(root)}: {len(TRIGGERS)} triggers")
