"""A deployment that cannot answer for the moment is asked again; one that refuses is not."""

from __future__ import annotations

import pytest

from cli.api_client import NotParleyError, RefusedError, UnreachableError
from cli.listen.patience import LONGEST_PAUSE_SECONDS, Patience


class Waiting:
    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.said: list[str] = []
        self.slept: list[float] = []

    def run(self) -> object:
        return Patience(self.said.append, sleep=self.slept.append, unit=lambda: 1.0)(self.ask)

    def ask(self) -> object:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_an_answer_is_passed_on_without_a_word():
    waiting = Waiting("answer")
    assert (waiting.run(), waiting.said, waiting.slept) == ("answer", [], [])


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_it_waits_longer_each_time_and_says_so_once(status):
    waiting = Waiting(*[RefusedError(status, None, "not now")] * 3, UnreachableError("gone"), "answer")
    assert waiting.run() == "answer"
    assert waiting.slept == [1, 2, 4, 8]
    assert [text.split()[0] for text in waiting.said] == [f"{status}:", "It"]


def test_what_it_does_is_no_part_of_what_the_deployment_said():
    waiting = Waiting(RefusedError(503, 20503, "A table does not answer"), "answer")
    waiting.run()
    assert waiting.said[0].splitlines()[-1] == "  Trying again, every 30 s at last."


def test_it_never_waits_longer_than_half_a_minute():
    waiting = Waiting(*[UnreachableError("gone")] * 20, "answer")
    waiting.run()
    assert waiting.slept[-1] == LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize(
    "error", [RefusedError(403, None, "expired"), RefusedError(404, 20404, "?"), NotParleyError("?")]
)
def test_what_waiting_does_not_mend_is_an_error_at_once(error):
    waiting = Waiting(error)
    with pytest.raises(type(error)):
        waiting.run()
    assert waiting.slept == []
