"""Moving what lies in dead-letter queues back to where it came from."""
