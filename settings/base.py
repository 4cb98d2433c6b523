"""Every value comes from the environment; this is the only place that reads it.

Three database roles (ARCHITECTURE.md, "Isolation"): DATABASE_URL is the application role under
row-level security, WORKER_DATABASE_URL the role of the workers, OWNER_DATABASE_URL the owner of the
tables, needed by `migrate --database owner` only. Further databases are read by settings/databases.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import environ

from settings.databases import aliases, worker_urls

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

SECRET_KEY = env.str("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

DATABASE_URL = env.str("DATABASE_URL")
WORKER_DATABASE_URL = env.str("WORKER_DATABASE_URL", "")
OWNER_DATABASE_URL = env.str("OWNER_DATABASE_URL", "")
DATABASES = aliases(os.environ, env.int("DATABASE_CONN_MAX_AGE", 60))
DATABASE_ROUTERS = ["campaigns.router.TenantRouter"]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "engine",
    "campaigns",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "campaigns.tenancy.TenantMiddleware",
    "campaigns.acting.ActingUserMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "settings.urls"
WSGI_APPLICATION = "settings.wsgi.application"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
FORMS_URLFIELD_ASSUME_HTTPS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", 5 * 1024 * 1024)
MAX_EVENTS_PER_REQUEST = env.int("MAX_EVENTS_PER_REQUEST", 10_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["campaigns.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}

#: Opens the figures of the engine to programs, as a bearer token; empty: to nobody but superusers.
OPERATOR_TOKEN = env.str("FAIRLANE_OPERATOR_TOKEN", "")

#: What the secrets of hooks are made from; another one makes them all anew.
HOOK_KEY = env.str("FAIRLANE_HOOK_KEY", SECRET_KEY)
#: Secrets that other systems chose, by hook: FAIRLANE_HOOK_SECRET_<TENANT>__<HOOK>.
HOOK_SECRETS = {name: value for name, value in os.environ.items() if name.startswith("FAIRLANE_HOOK_SECRET_")}

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

#: Shown as a badge in the admin: “demo”, “staging”, “production”; empty for none.
FAIRLANE_ENVIRONMENT = env.str("FAIRLANE_ENVIRONMENT", "")

#: The admin's frame; the callbacks are in campaigns/admin/site.py.
UNFOLD = {
    "SITE_TITLE": "Fairlane",
    "SITE_HEADER": "campaigns.admin.site.heading",
    "SITE_SUBHEADER": "Fairlane",
    "SITE_SYMBOL": "alt_route",
    "SITE_URL": None,
    "SITE_DROPDOWN": "campaigns.admin.site.tenant_choices",
    "ENVIRONMENT": "campaigns.admin.site.environment",
    "DASHBOARD_CALLBACK": "campaigns.admin.site.start_page",
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": False, "navigation": "campaigns.admin.site.navigation"},
}

REDIS_URL = env.str("REDIS_URL")

#: What the engine is told; engine/conf.py checks it and documents each field.
ENGINE = {
    "redis_url": REDIS_URL,
    "database_url": WORKER_DATABASE_URL,
    "databases": worker_urls(os.environ),
    "handler": "campaigns.handler.handle",
    "housekeeping": "campaigns.housekeeping.keep_house",
    "wakes": "campaigns.runs.tend",
    "node_bundles": env.int("FAIRLANE_NODE_BUNDLES", 0),
    "total_bundles": env.dict("FAIRLANE_TOTAL_BUNDLES", cast={"value": int}, default={}),
    "bundle_seconds": env.float("FAIRLANE_BUNDLE_SECONDS", 0.08),
    "bundle_events": env.int("FAIRLANE_BUNDLE_EVENTS", 1000),
    "lane_limit": env.int("FAIRLANE_LANE_LIMIT", 10_000),
    "spill_limit": env.int("FAIRLANE_SPILL_LIMIT", 1_000_000),
    "memory_limit_bytes": env.int("FAIRLANE_REDIS_MEMORY_BYTES", 0),
    "lease_seconds": env.float("FAIRLANE_LEASE_SECONDS", 15.0),
    "max_attempts": env.int("FAIRLANE_MAX_ATTEMPTS", 3),
    "journal": env.bool("FAIRLANE_JOURNAL", False),
    "journal_seconds": env.float("FAIRLANE_JOURNAL_SECONDS", 0.2),
    "breaker_after": env.int("FAIRLANE_BREAKER_AFTER", 5),
}

#: What the sender is told; campaigns/sender/conf.py checks it and documents each field.
DELIVERIES = {
    "smtp_url": env.str("SMTP_URL", ""),
    "networks": tuple(env.list("FAIRLANE_WEBHOOK_NETWORKS", default=[])),
    "secrets": {name: value for name, value in os.environ.items() if name.startswith("FAIRLANE_SECRET_")},
    "slots": env.int("FAIRLANE_DELIVERY_SLOTS", 16),
    "seconds": env.float("FAIRLANE_DELIVERY_SECONDS", 30.0),
    "hold_seconds": env.float("FAIRLANE_DELIVERY_HOLD_SECONDS", 90.0),
    "tries": env.int("FAIRLANE_DELIVERY_TRIES", 12),
    "first_wait_seconds": env.float("FAIRLANE_DELIVERY_WAIT_SECONDS", 5.0),
    "keep_days": env.int("FAIRLANE_DELIVERY_DAYS", 8),
    "keep_failed_days": env.int("FAIRLANE_DELIVERY_FAILED_DAYS", 30),
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
}
