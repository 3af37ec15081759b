"""The data table: events, what of them is undelivered, what was delivered late. No transactions on it (design 8)."""
