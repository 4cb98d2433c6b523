"""Custom fields of a tenant's leads."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import NAME, LineField, TenantOwned, is_name, matches, unique_in_tenant


class FieldDefinition(TenantOwned):
    """A typed field of the tenant's leads. Key and type never change: values are stored by them."""

    key = LineField(validators=[is_name], help_text="Used in campaigns and by the API. It cannot be changed later.")
    label = LineField()
    type = LineField(help_text="It cannot be changed later.")
    options = models.JSONField(default=list, blank=True)  #: picklist and multi_select: the allowed values, in order
    #: what people read instead of them, {option: label}; values are stored, and compared, by option
    option_labels = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))

    class Meta:
        verbose_name = "field"
        ordering = ("key",)
        constraints = (
            unique_in_tenant("key", table="campaigns_field", message="There is a field with this key already."),
            matches("key", NAME, "campaigns_field"),
        )

    def __str__(self) -> str:
        return self.label
