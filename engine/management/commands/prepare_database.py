"""manage.py prepare_database: the roles and the database, before the first migration."""

from __future__ import annotations

import os
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from engine.errors import UnsafeRole
from engine.roles import APP, OWNER, WORKER, prepare_database

PASSWORD_VARIABLES = {
    OWNER: "FAIRLANE_OWNER_PASSWORD",
    APP: "FAIRLANE_APP_PASSWORD",
    WORKER: "FAIRLANE_WORKER_PASSWORD",
}


class Command(BaseCommand):
    help = "Make the database roles and the database. Can be repeated; also sets new passwords."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default="fairlane", help="of the database (default: %(default)s)")

    def handle(self, *, name: str, **_: object) -> None:
        passwords = {role: os.environ.get(variable, "") for role, variable in PASSWORD_VARIABLES.items()}
        given = {role: password for role, password in passwords.items() if password}
        if given and len(given) < len(passwords):
            raise CommandError("set all three or none of " + ", ".join(PASSWORD_VARIABLES.values()))
        admin_url = os.environ.get("ADMIN_DATABASE_URL")
        if not admin_url:
            raise CommandError("set ADMIN_DATABASE_URL to a role that may make roles and databases")
        try:
            prepare_database(admin_url, name, given or None)
        except UnsafeRole as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The database {name} and its roles are ready.")
