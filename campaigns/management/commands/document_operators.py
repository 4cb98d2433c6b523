"""manage.py document_operators: write docs/operators.md from the operators' declarations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from campaigns.filters import OPERATORS
from campaigns.language.leaf import CONDITIONS
from campaigns.operator_reference import page


class Command(BaseCommand):
    help = "Write docs/operators.md from the operators' declarations."

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        target = root / "docs" / "operators.md"
        target.write_text(page(OPERATORS, {name: CONDITIONS[name] for name in CONDITIONS.names()}), encoding="utf-8")
        self.stdout.write(f"{target.relative_to(root)}: {len(OPERATORS)} operators")
