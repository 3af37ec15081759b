"""Processes as the kernel lists them: who descends from whom, and who still runs."""

from __future__ import annotations

from pathlib import Path


def _stat(pid: int) -> list[str]:
    """The fields after the name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def descendants(root: int) -> set[int]:
    """A process and all that it started, and so on."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except OSError:
                continue
    found, fresh = set[int](), {root}
    while fresh:
        found |= fresh
        fresh = {pid for pid, parent in parents.items() if parent in fresh}
    return found


def state(pid: int) -> str | None:
    """`R`unning, `S`leeping, s`T`opped, …; None when there is no such process, or only its status is left."""
    try:
        found = _stat(pid)[0]
    except OSError:
        return None
    return None if found == "Z" else found


def parent(pid: int) -> int:
    """Who started it; 0 when it is gone."""
    try:
        return int(_stat(pid)[1])
    except OSError:
        return 0


def environment(pid: int) -> dict[str, str]:
    """The environment that a process was started with; empty when it is gone."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    return dict(line.partition("=")[::2] for line in content.decode(errors="replace").split("\0") if line)
