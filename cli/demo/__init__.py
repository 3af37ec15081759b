"""The demo of `parley up --demo`: each platform's event in with its proof, out verified by other people's libraries."""

from __future__ import annotations

from cli.demo.run import run

__all__ = ["run"]
