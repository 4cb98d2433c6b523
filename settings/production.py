"""Production: TLS is ended by the proxy in front, cookies travel over it only."""

from __future__ import annotations

from settings.base import *  # noqa: F403

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)  # noqa: F405
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 3600)  # noqa: F405
SESSION_COOKIE_SECURE = env.bool("COOKIE_SECURE", True)  # noqa: F405
CSRF_COOKIE_SECURE = env.bool("COOKIE_SECURE", True)  # noqa: F405
