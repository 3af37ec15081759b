"""`parley doctor`: what is not well with a deployment, and what to do about it."""
