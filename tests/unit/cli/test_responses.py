from __future__ import annotations

import pytest

from cli.up.responses import FAILED, UNAUTHORIZED, from_function


def test_the_gateways_own_answers_have_its_form() -> None:
    assert (UNAUTHORIZED.status, UNAUTHORIZED.body) == (401, b'{"message":"Unauthorized"}')
    assert UNAUTHORIZED.headers == (("content-type", "application/json"),)


def test_a_full_response_is_passed_on() -> None:
    answer = from_function(
        {"statusCode": 201, "headers": {"Content-Type": "a/b", "X-N": 1}, "cookies": ["a=1", "b=2"], "body": "日"}
    )

    assert answer.status == 201
    assert answer.headers == (("content-type", "a/b"), ("x-n", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))
    assert answer.body == "日".encode()


def test_base64_is_decoded_by_the_flag() -> None:
    assert from_function({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}).body == b"\x00\xff"
    assert from_function({"statusCode": 200, "body": "AP8=", "isBase64Encoded": False}).body == b"AP8="


def test_without_a_content_type_it_is_text() -> None:
    answer = from_function({"statusCode": "204"})

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers == (("content-type", "text/plain;charset=UTF-8"),)


@pytest.mark.parametrize(
    ("result", "body"), [({"a": 1}, b'{"a": 1}'), ("text", b"text"), ([1], b"[1]"), (None, b"null")]
)
def test_without_a_status_the_result_is_the_body(result: object, body: bytes) -> None:
    answer = from_function(result)

    assert (answer.status, answer.body) == (200, body)
    assert answer.headers == (("content-type", "application/json"),)


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "ok"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"no": "text"}},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": ["a=1\r\nx: y"]},
        {"statusCode": 200, "headers": {"x": "1\r\ny: 2"}},
        {"statusCode": 200, "headers": {"x y": "1"}},
        {"statusCode": 200, "body": "###", "isBase64Encoded": True},
    ],
)
def test_what_is_no_response_is_a_500(result: object) -> None:
    assert from_function(result) == FAILED
