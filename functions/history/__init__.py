"""What happened: events, and what became of them at each webhook."""
