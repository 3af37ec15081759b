"""`parley assistants|webhooks|sources` against an API of canned answers: what they send, print and exit with."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.main import main, parser
from cli.resources import show
from cli.resources.kinds import KINDS, SOURCES, WEBHOOKS
from cli.signing_keys import SigningKey
from functions.webhooks import source_values, webhook_values
from functions.webhooks.rotation import ROTATIONS

MASK = "********"


@dataclass
class CannedApi:
    """Answers with what it was given, one after the other, and keeps what came."""

    url: str = ""
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)

    def will(self, status: int, body: object = None, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        self.answers.append((status, content, headers))

    def will_list(self, key: str, pages: list[list[dict[str, Any]]]) -> None:
        for number, page in enumerate(pages, 1):
            last = number == len(pages)
            following = f"https://elsewhere.example/v1/X?PageSize=2&Page={number}&PageToken=a%2Bb%3D"
            self.will(200, {"meta": {"key": key, "next_page_url": None if last else following}, key: page})


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CannedApi]:
    canned = CannedApi()

    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            canned.requests.append((self.command, self.path, headers, body))
            status, content, extra = canned.answers.pop(0)
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = serve  # noqa: N815 — the base class's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        canned.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PARLEY_URL", canned.url)
        monkeypatch.setenv("PARLEY_TOKEN", "the-token")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # this machine is not asked for through a proxy
        yield canned
        server.shutdown()
        thread.join()


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(argv)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_every_parameter_of_the_api_has_an_option():
    named = {kind.name: {each.key for each in kind.parameters} for kind in KINDS}
    assert named["assistants"] == {"unique_name"}
    assert named["webhooks"] == {*webhook_values.WRITABLE, *ROTATIONS}
    assert named["sources"] == {*source_values.WRITABLE, *ROTATIONS, "rotate_token"}
    on_update = {each.key for kind in (WEBHOOKS, SOURCES) for each in kind.parameters if each.update_only}
    assert on_update == {*ROTATIONS, "rotate_token"}


def test_create_sends_the_parameters_and_shows_what_came_back(api, capsys, tmp_path):
    (tmp_path / "secret").write_text("s3cret 日本\n", "utf-8")
    made = {"sid": "UM1", "secret": MASK, "events": "*", "status_reason": None, "headers": {"X-Own": MASK}}
    api.will(201, made)
    status, out, err = run(
        capsys,
        *("webhooks", "create", "my bot", "--unique-name", "日本", "--events", "*"),
        *("--webhook-url", "https://example.com/?a=b", "--secret-file", "secret", "--set", "Jwt=always"),
    )
    assert (status, err) == (0, "")
    method, target, headers, body = api.requests[0]
    assert (method, target) == ("POST", "/v1/Assistants/my%20bot/Webhooks")
    assert headers["authorization"] == "Bearer the-token"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert body == (
        "UniqueName=%E6%97%A5%E6%9C%AC&Events=%2A&WebhookUrl=https%3A%2F%2Fexample.com%2F%3Fa%3Db"
        "&Secret=s3cret+%E6%97%A5%E6%9C%AC&Jwt=always"
    )
    assert out.splitlines() == [
        "sid            UM1",
        "secret         ********",
        "events         *",
        "status_reason  -",
        "headers        X-Own: ********",
    ]


def test_what_is_shown_once_is_said_to_be_so(api, capsys):
    api.will(201, {"secret": "generated", "ingest_url": "https://example.com/ingest/tropo/SR1/token", "steps": ["a"]})
    _, out, err = run(capsys, "sources", "create", "bot", "--unique-name", "s", "--platform", "tropo")
    assert "generated" in out
    assert "1. a" in out
    assert "secret is shown this once" in err
    assert "URL is shown with its token this once" in err
    api.will(200, {"secret": MASK, "ingest_url": f"https://example.com/ingest/tropo/SR1/{MASK}"})
    assert run(capsys, "sources", "show", "bot", "s")[2] == ""


def test_a_secret_may_come_from_stdin_and_one_line_break_is_not_part_of_it(api, capsys, monkeypatch):
    for typed, sent in (("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a%0A"), (" a ", "+a+")):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        api.will(200, {})
        assert run(capsys, "webhooks", "update", "bot", "hook", "--set-file", "Secret=-")[0] == 0
        assert api.requests[-1][3] == f"Secret={sent}"


def test_a_secret_that_is_typed_is_not_shown(api, capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("shown\n"))
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"hidden {prompt}")
    api.will(200, {})
    run(capsys, "webhooks", "update", "bot", "hook", "--secret-file", "-")
    assert api.requests[0][3] == "Secret=hidden+Secret%3A+"


def test_a_list_follows_its_pages_at_its_own_address(api, capsys):
    api.will_list("webhooks", [[{"sid": "UM1"}, {"sid": "UM2"}], [], [{"sid": "UM3"}]])
    status, out, _ = run(capsys, "webhooks", "list", "bot", "--page-size", "2", "--json")
    assert status == 0
    assert json.loads(out) == [{"sid": "UM1"}, {"sid": "UM2"}, {"sid": "UM3"}]
    assert [target for _, target, _, _ in api.requests] == [
        "/v1/Assistants/bot/Webhooks?PageSize=2",
        "/v1/Assistants/bot/Webhooks?PageSize=2&Page=1&PageToken=a%2Bb%3D",
        "/v1/Assistants/bot/Webhooks?PageSize=2&Page=2&PageToken=a%2Bb%3D",
    ]


def test_a_list_in_a_pipe_is_a_line_for_each_item_without_colour(api, capsys):
    items = [
        {"sid": "UM1", "unique_name": "[bold]x", "status": "active", "events": "a\nb", "webhook_url": "u" * 300},
        {"sid": "UM2", "unique_name": "日本", "status": None},
    ]
    api.will_list("webhooks", [items])
    _, out, _ = run(capsys, "webhooks", "list", "bot")
    assert out.splitlines() == [
        "sid  unique_name  status  events  webhook_url",
        f"UM1  [bold]x      active  a b     {'u' * 300}",
        "UM2  日本         -       -       -",
    ]


def test_a_list_that_nobody_reads_is_no_fault(api, capsys, monkeypatch):
    api.will_list("webhooks", [[{"sid": "UM1"}]])
    monkeypatch.setattr("sys.stdout", None)  # `>&-`
    status = main(["webhooks", "list", "bot"])
    sys.stdout.close()
    assert (status, capsys.readouterr().err) == (0, "")


def test_an_empty_list_says_so_beside_the_output(api, capsys):
    api.will_list("assistants", [[]])
    assert run(capsys, "assistants", "list") == (0, "", "no assistants\n")


def test_an_assistants_links_stand_on_lines_of_their_own(capsys):
    stream = io.StringIO()
    show.as_one({"links": {"webhooks": "https://a", "sources": "https://b"}, "version": 3}, stream)
    assert stream.getvalue() == "links    webhooks: https://a\n         sources: https://b\nversion  3\n"


def test_delete_asks_for_the_children_and_the_version_only_when_told(api, capsys):
    api.will(204)
    assert run(capsys, "assistants", "delete", "a/b", "--cascade", "--if-match", "7") == (0, "deleted a/b\n", "")
    api.will(204)
    assert run(capsys, "webhooks", "delete", "bot", "hook", "--json") == (0, "", "")
    (first, second) = api.requests
    assert first[:2] == ("DELETE", "/v1/Assistants/a%2Fb?Cascade=true")
    assert first[2]["if-match"] == "7"
    assert second[:2] == ("DELETE", "/v1/Assistants/bot/Webhooks/hook")
    assert "if-match" not in second[2]


OURS = {"code": 20404, "message": "The requested resource /X was not found", "more_info": "https://x", "status": 404}
REFUSALS = {
    "ours": (404, OURS, "404 20404: The requested resource /X was not found"),
    "the gateway's 401": (401, {"message": "Unauthorized"}, "401: Unauthorized (no token arrived)"),
    "the gateway's 403": (403, {"message": "Forbidden"}, "403: Forbidden (the token was refused: expired"),
    "the gateway's 500": (500, {"message": "Internal Server Error"}, "500: Internal Server Error"),
    "not JSON": (502, b"<html>", "502: an answer that is not the API's"),
    "JSON of another kind": (400, [1], "400: an answer that is not the API's"),
    "200 and no JSON": (200, b"<html>", "answered with something else than a resource"),
    "200 and no object": (200, [1], "answered with something else than a resource"),
    "200 and far too deep": (200, b"[" * 100_000, "answered with something else than a resource"),
    "a message that would colour the terminal": (400, {"message": "a\x1b[31m\nb"}, "400: a\\u001b[31m b\n"),
    "a redirect": (302, b"", "302: an answer that is not the API's (it redirects; give the address that it leads to)"),
}


@pytest.mark.parametrize(("status", "body", "said"), REFUSALS.values(), ids=list(REFUSALS))
def test_a_refusal_is_said_with_its_code_and_exits_with_1(api, capsys, status, body, said):
    api.will(status, body)
    exited, out, err = run(capsys, "assistants", "show", "x")
    assert (exited, out) == (1, "")
    assert err.startswith("parley: ")
    assert said in err
    assert "the-token" not in err


def test_a_page_without_a_list_is_said(api, capsys):
    api.will(200, {"webhooks": [], "meta": None})
    exited, out, err = run(capsys, "webhooks", "list", "bot")
    assert (exited, out) == (1, "")
    assert "without a list of webhooks" in err


@pytest.mark.parametrize(
    "command",
    [
        "events show bot EV1",
        "deliveries show bot crm DL1",
        "deliveries resend bot crm DL1",
        "webhooks test bot crm",
        "replay create bot crm --mode all",
        "replay watch bot crm RP1",
        "listen bot",
        "listen bot --forward http://127.0.0.1:1",
        "events list bot",
        "doctor",
    ],
)
@pytest.mark.parametrize("body", [{"ok": True}, None], ids=["an object", "nothing"])
def test_somebody_elses_answer_is_said_to_be_such(api, capsys, command, body):
    api.will(200, body)
    exited, out, err = run(capsys, *command.split())
    assert exited == 1
    assert "is it Parley's address?" in err + out


def test_a_stack_is_not_looked_at_beside_the_run_of_this_folder(api, capsys, monkeypatch, tmp_path):
    (tmp_path / ".parley").mkdir()
    (tmp_path / ".parley/url").write_text(api.url)
    monkeypatch.delenv("PARLEY_URL")
    exited, _, err = run(capsys, "doctor", "--stack-name", "parley")
    assert (exited, api.requests) == (2, [])
    assert "--stack-name is a deployment in AWS: give its address too, --api-url or PARLEY_URL" in err


def test_no_redirect_takes_the_token_along(api, capsys):
    api.will(302, b"", Location=f"{api.url}/elsewhere")
    exited, _, err = run(capsys, "assistants", "list")
    assert (exited, len(api.requests)) == (1, 1)
    assert "302" in err


def test_nobody_there_is_said(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    exited, out, err = run(capsys, "assistants", "list", "--api-url", "http://127.0.0.1:1", "--token", "t")
    assert (exited, out) == (1, "")
    assert err == "parley: http://127.0.0.1:1 cannot be reached: Connection refused. Is it running?\n"


def test_no_deployment_exits_with_2(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PARLEY_URL", raising=False)
    exited, _, err = run(capsys, "assistants", "list")
    assert exited == 2
    assert err.startswith("parley: which deployment?")


@pytest.mark.parametrize(
    "argv",
    [
        ["webhooks"],
        ["webhooks", "list"],
        ["webhooks", "list", "bot", "--page-size", "x"],
        ["webhooks", "show", "bot"],
        ["webhooks", "create", "bot", "--set", "Secret"],
        ["webhooks", "create", "bot", "--set", "=x"],
        ["webhooks", "create", "bot", "--secret-file", "there-is-none"],
        ["webhooks", "create", "bot", "--rotate-secret"],
        ["webhooks", "delete", "bot", "hook", "--cascade"],
        ["assistants", "show", "bot", "--events", "*"],
    ],
)
def test_a_wrong_command_line_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage: parley" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["events", "list", "a\udcffb"],
        ["events", "list", "bot", "--conversation", "a\udcffb"],
        ["assistants", "create", "--unique-name", "a\udcffb"],
        ["emit", "bot", "Event=a\udcffb"],
    ],
)
def test_bytes_that_are_no_text_are_a_wrong_command_line(api, capsys, argv):
    assert run(capsys, *argv) == (2, "", "parley: an argument is not UTF-8\n")
    assert api.requests == []


@pytest.mark.parametrize("value", ["日本", "a\nb", "\x7f"])
@pytest.mark.parametrize(
    "argv", [["emit", "b", "Event=x", "--idempotency-key"], ["webhooks", "delete", "b", "w", "--if-match"]]
)
def test_what_cannot_stand_in_a_header_is_a_wrong_command_line(capsys, argv, value):
    with pytest.raises(SystemExit) as ended:
        main([*argv, value])
    assert ended.value.code == 2
    assert "Allowed: printable ASCII" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Secret", "Headers", "Options"])
def test_what_a_shells_history_must_not_keep_is_given_in_a_file_alone(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["sources" if name == "Options" else "webhooks", "create", "bot", "--set", f"{name}=s3cret"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert f"{name} is given in a file or on stdin, which no shell history keeps: --set-file {name}=FILE" in said
    assert "s3cret" not in said


def test_the_help_names_every_verb(capsys):
    verbs = ("list", "show", "create", "update", "delete", "test")
    for argv, said in ((["--help"], ", ".join(verbs)), (["webhooks", "--help"], "|".join(verbs))):
        with pytest.raises(SystemExit):
            main(argv)
        assert said in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit):
        main(["assistants", "create", "--help"])
    assert "Create an assistant." in capsys.readouterr().out


def test_a_file_that_is_no_text_is_named_and_not_quoted(capsys, tmp_path):
    (tmp_path / "key").write_bytes(b"\xff secret")
    with pytest.raises(SystemExit):
        main(["webhooks", "create", "bot", "--secret-file", str(tmp_path / "key")])
    err = capsys.readouterr().err
    assert f"{tmp_path / 'key'}: not UTF-8" in err
    assert "secret'" not in err


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
@pytest.mark.parametrize("verb", ["list", "show", "create", "update", "delete"])
def test_help_has_an_example_that_is_a_command_line_and_the_exit_statuses(kind, verb, capsys, monkeypatch, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main([kind, verb, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "exit status:\n  0  done\n  1  " in printed
    example = printed.partition("example:\n  parley ")[2].partition("\n")[0]
    assert example.startswith(f"{kind} {verb}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "auth-token").write_text("t")  # the file that one of them names
    parser().parse_args(example.split())


def test_what_would_command_a_terminal_is_shown_as_what_it_is(api, capsys):
    hostile = "\x1b]0;title\x07 \x9b2J \u202egnp.exe\n日本 👩‍💻"
    api.will(200, {"unique_name": hostile, "list": [hostile], "object": {"a": hostile}})
    _, out, _ = run(capsys, "assistants", "show", "x")
    assert out.count("\\u001b]0;title\\u0007 \\u009b2J \\u202egnp.exe") + out.count("\\\\u001b") >= 3
    assert "日本 👩‍💻" in out
    api.will(200, {"unique_name": hostile})
    _, in_json, _ = run(capsys, "assistants", "show", "x", "--json")
    assert json.loads(in_json) == {"unique_name": hostile}
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*out, *in_json}


EXPIRED = SigningKey.generate().token("AC1", lifetime_seconds=-60)


def test_a_refused_token_that_has_expired_is_said_to_have_and_is_not_quoted(api, capsys, monkeypatch):
    monkeypatch.setenv("PARLEY_TOKEN", EXPIRED)
    api.will(403, {"message": "Forbidden"})
    exited, _, err = run(capsys, "assistants", "list")
    assert exited == 1
    assert err.startswith("parley: 403: Forbidden (the token expired at 20")
    assert "`parley token` makes another" in err
    assert EXPIRED not in err


def test_a_refusal_says_what_to_do(api, capsys):
    api.will(404, OURS)
    assert "\n  names and SIDs are in `parley assistants list`" in run(capsys, "assistants", "show", "x")[2]
