"""A tenant: the customer whose leads and campaigns these are; and which people may look after it."""

from __future__ import annotations

import zoneinfo
from functools import cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from campaigns.language.walltime import DAYS
from campaigns.models.columns import SLUG, LineField, is_slug, matches


@cache
def time_zones() -> frozenset[str]:
    """All there are; to find them reads a folder of hundreds of files."""
    return frozenset(zoneinfo.available_timezones())


def is_time_zone(name: str) -> None:
    """Raises ValidationError unless `name` is an IANA time zone."""
    if name not in time_zones():
        raise ValidationError(f"“{name}” is not a time zone name such as Europe/Vienna.")


WEEK_STARTS = [(day, day.capitalize()) for day in DAYS]


class Tenant(models.Model):
    """Its key is the slug itself, never changed: it is in lanes, logs and every row."""

    id = LineField("key", primary_key=True, validators=[is_slug], db_collation="C")
    name = LineField()
    timezone = LineField("time zone", default="UTC", db_default="UTC", validators=[is_time_zone])
    currency = LineField(
        default="USD",
        db_default="USD",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", "Use a three-letter code such as USD.")],
    )
    week_start = LineField("first day of the week", default="monday", db_default="monday", choices=WEEK_STARTS)
    #: raised in the transaction of every change that campaigns depend on (rulebook_version.sql)
    rulebook_version = models.BigIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("id",)
        constraints = (matches("id", SLUG, "campaigns_tenant"),)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person looks after a tenant. Not isolated: it is read to find out which tenant a request is for."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "tenant"], name="campaigns_membership_unique"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.tenant_id}"
