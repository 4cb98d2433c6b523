"""The API for developers: events in, leads and their activities out, campaigns both ways. JSON,
errors included; a campaign's document may be YAML."""
