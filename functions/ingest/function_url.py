"""A call that came by the function URL: no gateway has matched a route or asked an authorizer for it.

Source of the form: the Lambda developer guide's "Invoking function URLs": payload format 2.0 with the route `$default`,
no path parameters, and a path as it was sent, percent-encoded (behind the API it is decoded).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley.http import Request

ROUTE = "/ingest/{platform}/{source}/{token}"
# What callback URLs are made of; nothing in one needs an escape, so an escaped one is none of ours.
_PATH = re.compile(r"/ingest/(?P<platform>[a-z]+)/(?P<source>\w+)/(?P<token>[\w~.-]+)")
_OWN_NAME = re.compile(r"[a-z0-9]+\.lambda-url\.[a-z0-9-]+\.on\.(aws|amazonwebservices\.com\.cn)")


def is_by_function_url(request: Request) -> bool:
    """Whether Lambda's own name for the function was called; it sets the name, a caller cannot."""
    return _OWN_NAME.fullmatch(request.domain_name) is not None


def routed(request: Request) -> Request:
    """The call as the API's route hands it over; with another path it is for no source.

    Nothing but callbacks comes this way: the route is ingest's whatever the path, so that what is behind the authorizer
    (`POST …/Events`) cannot be reached around it.
    """
    found = _PATH.fullmatch(request.path)
    return replace(
        request,
        route_key=f"{request.method} {ROUTE}",
        path_parameters=found.groupdict() if found else {},
        authorizer={},
    )
