"""The API for developers: events in, leads and their activities out. JSON only, errors included."""
