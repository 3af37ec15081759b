from __future__ import annotations

import gc
import io
import threading
import time
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel
from moto.sqs.models import Message

from cli.up.engine import OneAtATime, forget_models

if TYPE_CHECKING:
    import pytest


def test_what_was_sent_and_deleted_takes_no_memory_for_the_rest_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseModel, "__new__", BaseModel.__new__)  # so that it is put back
    forget_models()

    message = Message("00000000-0000-4000-8000-000000000000", "a body", {})
    gone = weakref.ref(message)
    del message
    gc.collect()

    assert gone() is None


def test_requests_are_served_one_at_a_time_with_their_bodies_read_before() -> None:
    running, most = [0], [0]

    def application(environ: Any, _: Any) -> Iterator[bytes]:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.005)
        yield environ["wsgi.input"].read()
        running[0] -= 1

    served: list[bytes] = []
    locked = OneAtATime(application)

    def request(number: int) -> None:
        body = str(number).encode()
        environ: Any = {"wsgi.input": io.BytesIO(body + b"next request"), "CONTENT_LENGTH": str(len(body))}
        served.extend(locked(environ, lambda *_: lambda _: None))

    threads = [threading.Thread(target=request, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(served) == [str(number).encode() for number in range(8)]
    assert most == [1]
