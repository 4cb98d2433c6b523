"""`python -m engine.embedded DATA_DIR`: both servers in the foreground until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from engine.embedded import start
from engine.errors import EmbeddedServerError


def main() -> None:
    """Start, print the addresses, wait for SIGINT or SIGTERM, stop."""
    parser = argparse.ArgumentParser(prog="python -m engine.embedded", description=main.__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--not-durable", action="store_true", help="faster; a power cut may lose the data")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with start(arguments.data_dir, durable=not arguments.not_durable) as servers:
            print(f"PostgreSQL {servers.postgres_url}\nValkey     {servers.redis_url}", flush=True)
            while True:
                signal.pause()
    except EmbeddedServerError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
