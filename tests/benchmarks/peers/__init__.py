"""Others that do the same work, for comparison: one file each."""
