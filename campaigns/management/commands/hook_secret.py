"""manage.py hook_secret: where another system sends to, and what it signs with."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.hooks import find_hook, secrets_of


class Command(BaseCommand):
    help = "Print the address of a tenant's hook and the secret with which requests to it are signed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant")
        parser.add_argument("key", help="of the hook")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, key = options["tenant"], options["key"]
        hook = find_hook(tenant, key)
        if hook is None:
            raise CommandError(f"{tenant} has no hook {key} that takes requests")
        secret = next(secrets_of(tenant, hook), None)
        self.stdout.write(f"/api/v1/hooks/{tenant}/{key}")
        self.stdout.write(secret or "Its secret is to come from the environment, which has none.")
