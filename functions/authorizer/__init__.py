"""Who is calling the management API."""
