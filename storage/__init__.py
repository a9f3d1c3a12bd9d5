"""The shared records, and the only SQL."""
