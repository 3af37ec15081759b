from __future__ import annotations

import pytest

from cli.up.routing import choose, decoded_path
from cli.up.template import Route

ROUTES = [
    Route("ANY", "$default", "default", None),
    Route("GET", "/pets", "list", None),
    Route("GET", "/pets/{id}", "fetch", None),
    Route("GET", "/pets/dog", "dog", None),
    Route("ANY", "/pets/{id}/toys", "toys", None),
    Route("POST", "/pets/{id}/toys", "new-toy", None),
    Route("GET", "/files/{path+}", "files", None),
]


def taken(method: str, path: str) -> tuple[str, dict[str, str]]:
    match = choose(ROUTES, method, path)
    assert match
    return match.route.function, match.path_parameters


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "/pets", "list", {}),
        ("GET", "/pets/cat", "fetch", {"id": "cat"}),
        ("GET", "/pets/dog", "dog", {}),
        ("GET", "/pets/1/toys", "toys", {"id": "1"}),
        ("POST", "/pets/1/toys", "new-toy", {"id": "1"}),
        ("GET", "/files/a/b", "files", {"path": "a/b"}),
        ("POST", "/pets", "default", {}),
        ("GET", "/pets/", "default", {}),
        ("GET", "/pets/1/", "default", {}),
        ("GET", "/", "default", {}),
        ("GET", "/PETS", "default", {}),
    ],
)
def test_the_most_specific_route_is_taken(method: str, path: str, function: str, parameters: dict[str, str]) -> None:
    assert taken(method, path) == (function, parameters)


def test_an_encoded_slash_separates_nothing() -> None:
    assert taken("GET", "/pets/a%2Fb") == ("fetch", {"id": "a/b"})
    assert taken("GET", "/pets%2Fdog") == ("default", {})


def test_path_parameters_are_decoded() -> None:
    assert taken("GET", "/pets/%E6%97%A5%20%2B") == ("fetch", {"id": "日 +"})


def test_a_path_is_decoded_and_cut_at_an_encoded_question_mark() -> None:
    assert decoded_path("/a%20b/%E6%97%A5") == "/a b/日"
    assert decoded_path("/a%3Fb") == "/a"
    assert decoded_path("/%FF") == "/�"


def test_without_a_default_route_nothing_matches() -> None:
    assert choose(ROUTES[1:], "GET", "/nothing") is None
