"""What happened, and again: events, what became of them at each webhook, one delivery sent again, erasure."""
