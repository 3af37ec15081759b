"""The config table: assistants, their webhooks and sources, the names they go by, counters, and secrets apart."""
