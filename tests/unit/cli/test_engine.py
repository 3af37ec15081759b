from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from typing import Any

from cli.up.engine import OneAtATime


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
