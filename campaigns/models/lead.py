"""Leads: the people whom campaigns act on."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from campaigns.models.columns import LineField, TenantOwned, tenant_key, unique_in_tenant


class Lead(TenantOwned):
    """A person. Workers change leads by their own SQL: write only the columns that a person has changed.

    The tenant has no foreign key in the database: it would lock the tenant's row for every new lead, and all
    workers meet there. Row-level security and the lanes say which tenant it can be.
    """

    tenant = tenant_key(db_constraint=False)
    key = LineField(max_length=255, help_text="The lead's name in your other systems, for example a customer number.")
    email = LineField("e-mail", null=True, blank=True)
    first_name = LineField(null=True, blank=True)
    last_name = LineField(null=True, blank=True)
    phone = LineField(null=True, blank=True)
    company = models.ForeignKey(
        "campaigns.Company",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    owner = models.ForeignKey(
        "campaigns.Owner",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    stage = LineField(null=True, blank=True)  #: the key of a Stage
    score = models.BigIntegerField(default=0, db_default=0)
    tags = ArrayField(LineField(), default=list, blank=True)
    #: custom fields, {key: value}; absent is null; the form of each type is campaigns.language.schema's
    fields = models.JSONField(default=dict, blank=True)
    frozen_until = models.DateTimeField(
        null=True, blank=True, help_text="No campaign does anything to the lead before; empty it to end that."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    restorable_until = models.DateTimeField(null=True, blank=True, editable=False)  #: of a deleted lead; None: never
    merged_into = models.BigIntegerField(null=True, blank=True, editable=False)  #: the id of the lead that this one is

    class Meta:
        ordering = ("-id",)
        constraints = (
            unique_in_tenant("key", table="campaigns_lead", message="There is a lead with this key already."),
            models.UniqueConstraint(fields=["tenant", "id"], name="campaigns_lead_tenant_id"),
        )

    def __str__(self) -> str:
        return " ".join(filter(None, (self.first_name, self.last_name))) or self.email or self.key


def everybody_in(lead: Lead) -> list[int]:
    """The ids of the lead and of those who were merged into it: their history is its history."""
    merged = Lead.objects.filter(tenant=lead.tenant_id, merged_into=lead.pk).values_list("id", flat=True)
    return [lead.pk, *merged]
