from __future__ import annotations

import pytest

from cli.main import main, parser


def test_defaults_are_the_documented_ones() -> None:
    up = parser().parse_args(["up"])

    assert (up.port, up.bind, up.demo, up.json, up.ready_file, up.time_scale, up.parameters) == (
        None, "127.0.0.1", False, False, None, 1.0, [],
    )  # fmt: skip


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["down"],
        ["up", "--port", "x"],
        ["up", "--port", "65536"],
        ["up", "--time-scale", "0.5"],
        ["up", "--time-scale", "nan"],
        ["up", "--parameter", "RetentionDays"],
        ["up", "--parameter", "=1"],
    ],
)
def test_a_wrong_command_line_exits_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)

    assert ended.value.code == 2
    assert "usage: parley" in capsys.readouterr().err
