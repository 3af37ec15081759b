"""Configuration: assistants, webhooks and sources."""
