"""DynamoDB and SQS for one run: moto's server in a process of its own, one request at a time.

One at a time because moto's backends are plain Python objects: with several threads, deleted messages came back, and a
failed transaction put back a copy of the table over what others had written meanwhile.
"""

from __future__ import annotations

import io
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import request
from moto.core.common_models import BaseModel
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import Message, SQSBackend
from werkzeug.serving import WSGIRequestHandler, make_server

from cli.up.channel import Parent
from cli.up.partiql import teach_moto

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def keep_trace_headers() -> None:
    """Makes moto keep a request's trace header with each message, as SQS does; it forgets those of a batch."""
    send: Callable[..., Message] = SQSBackend.send_message

    def send_message(
        self: SQSBackend,
        *arguments: object,
        system_attributes: Mapping[str, object] | None = None,
        **options: object,
    ) -> Message:
        kept = dict(system_attributes or {})
        if header := request.headers.get("X-Amzn-Trace-Id"):
            kept.setdefault("AWSTraceHeader", {"DataType": "String", "StringValue": header})
        return send(self, *arguments, system_attributes=kept, **options)

    SQSBackend.send_message = send_message  # type: ignore[method-assign] # moto has no other place for it


def forget_models() -> None:
    """Makes moto keep no list of every model it ever made.

    The list is for its dashboard, which nobody sees here. It holds each message that was sent, each item that was read,
    and a copy of a table for each item of a transaction: 1,500 creations of webhooks took 5 GB.
    """

    def new(cls: type[BaseModel], *_: object, **__: object) -> BaseModel:
        made: BaseModel = super(BaseModel, cls).__new__(cls)
        return made

    BaseModel.__new__ = new  # type: ignore[method-assign] # as above


class OneAtATime:
    """WSGI middleware: a request is read before the lock is taken and answered after it is released."""

    def __init__(self, application: WSGIApplication) -> None:
        """Wraps an application."""
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serves one request."""
        # a slow client must not hold the lock
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        with self._lock:
            answer = self._application(environ, start_response)
            try:
                return [b"".join(answer)]
            finally:
                close: Callable[[], Any] | None = getattr(answer, "close", None)
                if close:
                    close()


class _QuietHandler(WSGIRequestHandler):
    """Keeps connections open, sends small answers at once, and writes no access log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


def main() -> None:
    """Serves on the listening socket that the supervisor hands over, until the supervisor is gone."""
    parent = Parent.connect(sys.argv)
    descriptor = parent.receive()["descriptor"]
    keep_trace_headers()
    teach_moto()
    forget_models()
    with socket.socket(fileno=descriptor) as listening:
        address = listening.getsockname()
        server = make_server(
            address[0],
            address[1],
            OneAtATime(DomainDispatcherApplication(create_backend_app)),
            threaded=True,
            request_handler=_QuietHandler,
            fd=descriptor,
        )
        parent.send({"ready": True})
        server.serve_forever()


if __name__ == "__main__":
    main()
