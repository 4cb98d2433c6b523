"""Sends what was written down, after the commit: fair among tenants, patient with destinations, at least once."""
