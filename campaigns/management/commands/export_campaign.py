"""manage.py export_campaign: a campaign's draft as one document."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from campaigns.exchange.applying import export
from campaigns.exchange.reading import write_json, write_yaml
from campaigns.models import Campaign


class Command(BaseCommand):
    help = "Write a campaign's draft, with what it refers to, as YAML or JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant")
        parser.add_argument("key", help="of the campaign")
        parser.add_argument("--json", action="store_true", help="JSON in place of YAML")
        parser.add_argument("--output", type=Path, help="write it to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            file = export(options["tenant"], options["key"])
        except Campaign.DoesNotExist:
            raise CommandError(f"{options['tenant']} has no campaign {options['key']}") from None
        write = write_json if options["json"] else write_yaml
        text = write(msgspec.to_builtins(file))
        if options["output"] is None:
            self.stdout.write(text, ending="")
        else:
            options["output"].write_text(text, encoding="utf-8")
