"""The promises under fire: rounds of faults against real processes, judged by a stranger (docs/reliability.md)."""
