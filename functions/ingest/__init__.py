"""Platforms' callbacks: verify, name, queue, answer."""
