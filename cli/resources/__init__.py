"""`parley assistants`, `webhooks` and `sources`: the management API's resources from a shell."""
