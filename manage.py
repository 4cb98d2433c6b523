#!/usr/bin/env python3
"""Django's command line for Fairlane."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from campaigns.demo.environment import environment_of

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.dev")
    # The demo makes the servers that the settings name, so it begins before they are read.
    with environment_of(sys.argv):
        execute_from_command_line(sys.argv)
