"""Queue → matching webhooks → signed HTTP callbacks → results."""
