"""Addresses: admin for marketers, /api/v1 for developers, health for operators."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from campaigns.api.figures import metrics
from campaigns.api.health import livez, readyz

urlpatterns = [
    path("livez", livez),
    path("readyz", readyz),
    path("metrics", metrics),
    path("admin/", admin.site.urls),
    path("api/v1/", include("campaigns.api.urls")),
]
