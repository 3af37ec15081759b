"""The console's function: which files it serves to whom, how, and how many bytes they are."""

from __future__ import annotations

import ast
import base64
import gzip
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.console.app import HEADERS, lambda_handler
from functions.console.files import FOLDER, INDEX, load
from tests.functional.gateway import http_event, lambda_context
from tests.functional.stack import ROOT

NAMES = sorted(path.name for path in FOLDER.iterdir())
# Issue 7: the whole page, compressed.
MOST_BYTES = 100_000


def get(path: str, **headers: str) -> dict[str, Any]:
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return lambda_handler(http_event("GET", path, headers=sent), lambda_context())


def content(answer: dict[str, Any]) -> bytes:
    body = answer["body"]
    return base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_the_page_is_served_as_it_is_and_compressed(name):
    written = (FOLDER / name).read_bytes()
    plain = get(f"/console/{name}")
    assert plain["statusCode"] == 200
    assert content(plain) == written
    assert "content-encoding" not in plain["headers"]
    packed = get(f"/console/{name}", Accept_Encoding="gzip, br")
    assert packed["headers"]["content-encoding"] == "gzip"
    assert gzip.decompress(content(packed)) == written
    assert packed["headers"]["etag"] == plain["headers"]["etag"]


def test_the_address_itself_is_the_page():
    answer = get("/console")
    assert content(answer) == (FOLDER / INDEX).read_bytes()
    assert answer["headers"]["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q = 0.000", "*;q=0"])
def test_whoever_does_not_take_gzip_gets_none(accepted):
    assert "content-encoding" not in get("/console", Accept_Encoding=accepted)["headers"]


@pytest.mark.parametrize("accepted", ["gzip", "GZIP", "br;q=1, gzip;q=0.2", "*", "gzip;q=1.0"])
def test_whoever_takes_gzip_gets_it(accepted):
    assert get("/console", Accept_Encoding=accepted)["headers"]["content-encoding"] == "gzip"


def test_what_the_browser_has_is_not_sent_again():
    tag = get("/console/app.js")["headers"]["etag"]
    for sent in (tag, f'"another", {tag}', tag.removeprefix("W/"), "*"):
        answer = get("/console/app.js", If_None_Match=sent)
        assert (answer["statusCode"], answer["body"]) == (304, "")
        assert answer["headers"]["etag"] == tag
    assert get("/console/app.js", If_None_Match='W/"another"')["statusCode"] == 200


@pytest.mark.parametrize("name", ["app.py", "..%2Fapp.py", "..%2F..%2Ftemplate.yaml", "%2Fetc%2Fpasswd", "index.htm"])
def test_nothing_but_the_pages_files_is_served(name):
    answer = get(f"/console/{name}")
    assert answer["statusCode"] == 404
    assert content(answer) == b"Not found\n"


@pytest.mark.parametrize("path", ["/console", "/console/app.js", "/console/nothing.js"])
def test_every_answer_carries_the_policy(path):
    answer = get(path)
    assert HEADERS.items() <= answer["headers"].items()
    policy = dict(part.split(" ", 1) for part in HEADERS["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_the_whole_page_is_small():
    assert sum(len(file.compressed) for file in load(FOLDER).values()) <= MOST_BYTES


def test_no_file_names_another_host():
    found = {
        (name, host)
        for name in NAMES
        for host in re.findall(r"(?:https?:)?//([\w.-]+\.[a-z]{2,})", (FOLDER / name).read_text("utf-8"))
    }
    # a namespace, which nothing loads
    assert found == {("dom.js", "www.w3.org"), ("icon.svg", "www.w3.org")}


def test_no_file_makes_markup_or_code_of_a_text():
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|srcdoc")
    assert [name for name in NAMES if sinks.search((FOLDER / name).read_text("utf-8"))] == []
    page = (FOLDER / INDEX).read_text("utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page) == []


def test_it_imports_the_standard_library_alone():
    imported = set()
    for path in (ROOT / "functions" / "console").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))
    outside = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert outside == {"functions.console.files"}


def test_only_files_of_known_kinds_are_in_the_folder():
    assert {Path(name).suffix for name in NAMES} <= {".css", ".html", ".js", ".svg"}
    assert set(load(FOLDER)) == set(NAMES)
