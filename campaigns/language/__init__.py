"""The campaign language: documents are checked, compiled once per version, and run in memory. No input or output."""
