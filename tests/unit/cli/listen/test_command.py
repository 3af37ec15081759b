"""Options of `parley listen` that are refused before anything is asked."""

from __future__ import annotations

import pytest

from cli.main import main


@pytest.fixture(autouse=True)
def no_deployment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARLEY_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PARLEY_TOKEN", "token")
    (tmp_path / "secret").write_text("whsec_c2VjcmV0")
    (tmp_path / "empty").write_text("\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "cloudevents"], "--format: it says how events are posted; give --forward URL too"),
        (["--secret-file", "secret"], "--secret-file: it signs what is posted; give --forward URL too"),
        (["--forward", "8000", "--secret-file", "empty"], "--secret-file: there is no secret in it"),
        (["--forward", "ftp://x"], "--forward: the scheme"),
        (["--since", "yesterday"], "--since: 'yesterday' is no time"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_asked(options, said, capsys):
    assert main(["listen", "bot", *options]) == 2
    assert said in capsys.readouterr().err
