"""Proves from what is stored that the promises were kept. Shares no code with what executes events."""
