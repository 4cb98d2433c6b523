"""Column types and patterns shared by the models."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.db import models

SLUG = r"^[a-z0-9][a-z0-9-]{0,31}\Z"  #: tenants: as they are in lanes, URLs and logs
KEY = r"^[a-z0-9][a-z0-9_-]{0,62}\Z"  #: lists, stages, campaigns
NAME = r"^[a-z][a-z0-9_]{0,62}\Z"  #: fields and event types: as they are in documents and expressions

is_slug = RegexValidator(SLUG, "Use 1 to 32 lower-case letters, digits and hyphens, not beginning with a hyphen.")
is_key = RegexValidator(KEY, "Use up to 63 lower-case letters, digits, hyphens and underscores.")
is_name = RegexValidator(NAME, "Use up to 63 lower-case letters, digits and underscores, beginning with a letter.")


class LineField(models.TextField):
    """One line of text: `text` in the database (no length to migrate), a single-line input in forms."""

    def formfield(self, **kwargs: Any) -> Any:
        blank = {"empty_value": None} if self.null and not self.choices else {}
        return super().formfield(**{"widget": None, **blank, **kwargs})


def tenant_key(*, db_constraint: bool = True) -> models.ForeignKey:
    """The tenant of a row. Indexes all begin with the tenant, so the key needs none of its own."""
    return models.ForeignKey(
        "campaigns.Tenant",
        on_delete=models.PROTECT,
        db_constraint=db_constraint,
        db_index=False,
        editable=False,
        related_name="+",
    )


class TenantOwned(models.Model):
    """A row that belongs to one tenant."""

    tenant = tenant_key()

    class Meta:
        abstract = True


def matches(field: str, pattern: str, table: str) -> models.CheckConstraint:
    """The database's own check that a key looks as its validator says."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__regex": pattern}), name=f"{table}_{field}_format")


def unique_in_tenant(*fields: str, table: str, message: str = "") -> models.UniqueConstraint:
    """Unique within the tenant only: an error must not tell what other tenants have."""
    return models.UniqueConstraint(
        fields=["tenant", *fields],
        name=f"{table}_{'_'.join(fields)}_unique",
        violation_error_message=message or "There is one already.",
    )
