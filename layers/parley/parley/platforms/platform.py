"""Moved to `interface`; this name stays until its last import is changed."""

from parley.platforms.interface import *  # noqa: F403
