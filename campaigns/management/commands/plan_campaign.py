"""manage.py plan_campaign: what applying a document would change."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.exchange.applying import plan
from campaigns.exchange.file import CampaignFile, open_file
from campaigns.exchange.reading import UnreadableError, read
from campaigns.exchange.telling import lines
from campaigns.models import Tenant
from campaigns.tenancy import tenant_context


class Command(BaseCommand):
    help = "Say what applying a campaign's document would add, change and remove. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_file(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, file = take_file(options)
        found = plan(tenant, file)
        for line in lines(found):
            self.stdout.write(line)
        if found.refused:
            raise CommandError("It would not be applied.", returncode=2)


def add_file(parser: ArgumentParser) -> None:
    """The arguments that name a document and where it goes."""
    parser.add_argument("file", help="YAML or JSON; - for what comes in")
    parser.add_argument("--tenant", help="apply it to this tenant, whatever the file names")


def take_file(options: dict[str, Any]) -> tuple[str, CampaignFile]:
    """The tenant and the document. Raises CommandError that names every fault."""
    try:
        name = options["file"]
        file, faults = open_file(read(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()))
    except (OSError, UnreadableError) as error:
        raise CommandError(f"{options['file']}: {error}") from error
    if file is None:
        raise CommandError("\n".join(map(str, faults)))
    tenant = options["tenant"] or file.tenant
    if not tenant:
        raise CommandError("The file names no tenant: say --tenant.")
    with tenant_context(tenant):
        if not Tenant.objects.filter(pk=tenant).exists():
            raise CommandError(f"there is no tenant {tenant!r}")
    return tenant, file
