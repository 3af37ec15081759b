"""Knows how to send a callback to a receiver that may be hostile, and what came of it; nothing of events or tables."""
