"""Where an ingest URL goes for Tropo's Web API (seed 001)."""

from __future__ import annotations


def steps(ingest_url: str) -> tuple[str, ...]:
    """What to configure, and what to know first."""
    return (
        f"The application's Web API URL, or the `next` of an `on`: {ingest_url}",
        "If the source has a secret (user:password), put it into the URL: https://user:password@…",
        (
            'Tropo runs what it is answered: Parley answers {"tropo":[]}, nothing further to do. In the middle of a '
            "live application feed Parley a copy instead, or give the source the program as its reply option."
        ),
        "Parley delivers one way: what a receiver answers is kept as evidence and never run.",
        "Bodies whose backslashes stand four times over are read with the source's option repair_backslashes.",
        "Tropo is switched off: without it, send the same objects from your own bot.",
    )
