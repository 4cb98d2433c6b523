"""API keys: shown once, kept as a hash."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from campaigns.models.columns import LineField, TenantOwned


class ApiKey(TenantOwned):
    """What lets a program act for a tenant. campaigns/keys.py issues and verifies them."""

    name = LineField(help_text="Who uses it, for example “shop checkout”.")
    prefix = LineField(unique=True, editable=False)  #: the public part, by which the key is found
    hash = LineField(editable=False)  #: SHA-256 of the whole key, hex; 256 random bits need no slow hash
    scopes = ArrayField(LineField(), default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ("-id",)
        indexes = (models.Index(fields=["tenant"], name="campaigns_apikey_tenant"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(hash__regex=r"^[0-9a-f]{64}$"), name="campaigns_apikey_hash_format"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} (fl_live_{self.prefix}…)"
