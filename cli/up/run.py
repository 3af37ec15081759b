"""The supervisor: ports, keys, resources, children, the ready file, and a clean stop. It runs no handler code."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from cli.signing_keys import KeyFileError, SigningKey, key_set, public_members
from cli.up import files, ports, resources, seed
from cli.up.deployment import Deployment, Engine
from cli.up.intrinsics import TemplateError
from cli.up.processes import ProcessDiedError, Processes

WORKERS_OF_WIDEST_MAPPING = 8
WORKERS_OF_OTHER_MAPPINGS = 4
TOKEN_SECONDS = 12 * 3600
_EXIT_FAILED = 1
_EXIT_USAGE = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said.

    Attributes:
        port: None for 3000 or the next free one, 0 for any.
        state_dir: Where `url`, `token`, `basic`, `queues.json`, `sam-local.json` and the logs go, unless another run
            has it.
        parameters: Of the template, in place of what this machine would give.
    """

    template: Path
    state_dir: Path
    port: int | None = None
    bind: str = "127.0.0.1"
    demo: bool = False
    json: bool = False
    ready_file: Path | None = None
    time_scale: float = 1.0
    parameters: Mapping[str, str] = field(default_factory=dict)


class Console:
    """What is said to people and to scripts: with `--json` or without a terminal, stdout is for scripts."""

    def __init__(self, *, scripted: bool) -> None:
        """`scripted` sends what people read to stderr."""
        self.scripted = scripted

    def say(self, text: str) -> None:
        """A line for people; when nobody can read it (a full disk, a pipe without a reader) the run goes on."""
        stream = sys.stderr if self.scripted else sys.stdout
        with suppress(OSError):
            print(text, file=stream, flush=True)

    def fail(self, error: Exception) -> None:
        """Why the command fails."""
        with suppress(OSError):
            print(f"parley up: {error}", file=sys.stderr, flush=True)

    def ready(self, ready: files.Ready) -> None:
        """The ready object for a script that reads stdout.

        Raises:
            OutputError: It cannot be written there.
        """
        if self.scripted:
            try:
                print(ready.to_json(), flush=True)
            except OSError as error:
                raise OutputError(f"cannot write to stdout: {error.strerror}") from error


class OutputError(Exception):
    """Raised when what a script waits for cannot be written."""


class Run:
    """One run, from the first port to the last process."""

    def __init__(self, options: Options, folder: files.Folder, console: Console, environ: Mapping[str, str]) -> None:
        """Takes what it is told; starts nothing."""
        self._options = options
        self._folder = folder
        self._console = console
        self._environ = environ
        self._processes = Processes(cwd=options.template.parent, log_dir=folder.logs, say=console.say)
        self._sockets: list[socket.socket] = []
        self._stopping = threading.Event()
        self._cleanup: Deployment | None = None
        self._status = 0

    async def until_stopped(self) -> int:
        """Runs until the demo's end, a signal, or a failure; returns the exit status."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        work = asyncio.create_task(self._work())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self._console.say("stopping")
            return work.result() if work.done() else self._status
        except ports.PortTakenError as error:
            self._console.fail(error)
            return _EXIT_USAGE
        except (TemplateError, ProcessDiedError, OutputError, OSError, ClientError, BotoCoreError) as error:
            self._console.fail(error)
            return _EXIT_FAILED
        finally:
            await self._stop(work, stopped)

    async def _stop(self, *tasks: asyncio.Task[int] | asyncio.Task[Literal[True]]) -> None:
        self._stopping.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._processes.stop()
        for listening in self._sockets:
            listening.close()
        if self._cleanup:
            await asyncio.to_thread(self._delete_resources, self._cleanup)

    async def _work(self) -> int:
        options, console = self._options, self._console
        if self._folder.path != options.state_dir:
            console.say(
                f"another run uses {options.state_dir.name}: this one's files are in {_shown(self._folder.path)}"
            )
        listening = self._listen(options.port)
        api_url = ports.url(listening)
        wanted = ports.FIRST_PORT if options.port is None else options.port
        if wanted not in (0, listening.getsockname()[1]):
            console.say(f"port {wanted} is taken: using {listening.getsockname()[1]}")
        key = SigningKey.generate()  # this run's alone: nobody keeps the private half
        token = key.token(seed.ACCOUNT_SID, lifetime_seconds=TOKEN_SECONDS)
        ready = files.Ready(api_url, seed.ACCOUNT_SID, token, {"keys": [key.jwk()]})
        deployment = await self._deploy(ready)
        if any(route.path == "/console" for route in deployment.template.routes):
            ready = replace(ready, console_url=f"{api_url}/console")
        await self._serve(deployment, listening)
        files.write_credentials(self._folder.path, ready)
        queues = json.dumps(files.dead_letters(deployment), indent=2)
        files.write_private(self._folder.path / files.QUEUES, queues)
        engine_address = options.bind if deployment.engine.own else None
        variables = files.sam_local_variables(deployment, engine_address=engine_address)
        files.write_private(self._folder.path / "sam-local.json", json.dumps(variables, indent=2))
        if options.ready_file:
            files.write_private(options.ready_file, ready.to_json())
        console.ready(ready)
        self._greet(ready)
        self._warn_of_short_visibility(deployment)
        return await self._until_over(ready)

    def _listen(self, port: int | None) -> socket.socket:
        listening = ports.listen(self._options.bind, port)
        self._sockets.append(listening)
        return listening

    async def _deploy(self, ready: files.Ready) -> Deployment:
        options = self._options
        engine = foreign_engine(self._environ)
        if engine is None:
            listening = self._listen(0)
            engine = own_engine(self._environ, ports.url(listening))
            told = {"descriptor": listening.fileno()}
            descriptors = [listening.fileno()]
            await self._processes.start("engine", "cli.up.engine", told, descriptors=descriptors, restart=False)
        else:
            self._console.say(f"engine: {engine.dynamodb_url}, {engine.sqs_url}")
        parameters = template_parameters(ready, options.parameters)
        planned = Deployment(options.template, parameters, {}, engine, self._folder.logs, options.time_scale)
        planned.template.check_declared(options.parameters)
        dynamodb, sqs = resources.dynamodb_client(engine), resources.sqs_client(engine)
        prefix = "parley-local" if engine.own else f"parley-local-{uuid4().hex[:6]}"
        made = await asyncio.to_thread(
            resources.create, planned.template, dynamodb, sqs, prefix=prefix, time_scale=options.time_scale
        )
        deployment = Deployment(options.template, parameters, made, engine, self._folder.logs, options.time_scale)
        for function in deployment.template.functions.values():
            deployment.function_environment(function)  # refuses here what no environment could be started with
        if not engine.own:
            self._cleanup = deployment
        if table := seed.config_table(deployment):
            await asyncio.to_thread(seed.seed, dynamodb, table)
        return deployment

    async def _serve(self, deployment: Deployment, listening: socket.socket) -> None:
        told = {"deployment": deployment.to_json()}
        start = self._processes.start
        starting = [
            start(
                "gateway",
                "cli.up.gateway",
                {**told, "descriptor": listening.fileno()},
                descriptors=[listening.fileno()],
            ),
            start("clock", "cli.up.clock", told),
        ]
        widest = max((source.maximum_concurrency or 0 for source in deployment.template.mappings), default=0)
        for source in deployment.template.mappings:
            is_widest = (source.maximum_concurrency or 0) == widest
            workers = WORKERS_OF_WIDEST_MAPPING if is_widest else WORKERS_OF_OTHER_MAPPINGS
            message = {**told, "mapping": source.name, "workers": workers}
            starting.append(start(f"pump-{source.name}", "cli.up.pump", message))
        await asyncio.gather(*starting)

    def _greet(self, ready: files.Ready) -> None:
        options, say = self._options, self._console.say
        folder = _shown(self._folder.path)
        say(f"Parley is up: {ready.api_url}")
        say(f"  account  {ready.account_sid}")
        say(f"  token    {folder}/token (all scopes, 12 hours)")
        say(f'  try      curl -H "Authorization: Bearer $(cat {folder}/token)" {ready.api_url}/v1/Assistants')
        if ready.console_url:
            say(f"  console  {ready.console_url}")
        say(f"  logs     {folder}/logs")
        if options.time_scale != 1:
            say(f"  time     visibility, delays and schedules are divided by {options.time_scale:g}")
        if not options.demo:
            say("  stop     Ctrl-C; what it holds ends with it")

    def _warn_of_short_visibility(self, deployment: Deployment) -> None:
        template = deployment.template
        queues = {queue.logical_id: queue.visibility_seconds for queue in template.queues}
        for source in template.mappings:
            visibility = resources.scaled_seconds(queues[source.queue], deployment.time_scale)
            timeout = template.functions[source.function].timeout_seconds
            if visibility < timeout:
                self._console.say(
                    f"  note     {source.queue}: visible again after {visibility} s, though {source.function} may run"
                    f" {timeout:g} s; a slow batch is handed out twice"
                )

    async def _until_over(self, ready: files.Ready) -> int:
        watch = asyncio.ensure_future(self._processes.watch())
        try:
            if not self._options.demo:
                await watch  # never returns; raises when a child cannot be kept
            demo = asyncio.ensure_future(self._demo(ready))
            await asyncio.wait({watch, demo}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()
            self._status = demo.result()
            if sys.stdout.isatty():
                self._console.say("Still up; Ctrl-C stops it.")
                await watch
            return self._status
        finally:
            watch.cancel()

    async def _demo(self, ready: files.Ready) -> int:
        """Runs the demo in a thread that ends with the process: it may be in the middle of a wait when we stop."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[int] = loop.create_future()

        def finish(status: int, error: BaseException | None) -> None:
            if not ended.done() and error is None:
                ended.set_result(status)
            elif not ended.done() and error is not None:
                ended.set_exception(error)

        def work() -> None:
            status, failure = _EXIT_FAILED, None
            try:
                # not before it is asked for: the demo's libraries are nobody else's business
                status = importlib.import_module("cli.demo").run(ready, _shown(self._folder.path), self._stopping)
            except Exception as error:  # noqa: BLE001 (raised again where it is awaited)
                failure = error
            with suppress(RuntimeError):  # the loop is closed when the run was stopped meanwhile
                loop.call_soon_threadsafe(finish, status, failure)

        threading.Thread(target=work, name="demo", daemon=True).start()
        return await ended

    @staticmethod
    def _delete_resources(deployment: Deployment) -> None:
        engine = deployment.engine
        dynamodb, sqs = resources.dynamodb_client(engine), resources.sqs_client(engine)
        resources.delete(deployment.template, dynamodb, sqs, deployment.resources)


def template_parameters(ready: files.Ready, given: Mapping[str, str]) -> dict[str, str]:
    """What the template is given: this machine's values, and those of the command line in their place.

    Keys that are given are trusted beside the run's own, or the token that it prints would open nothing.

    Raises:
        TemplateError: `Jwks` is no key set, or too long with the run's own key.
    """
    try:
        jwks = key_set([*ready.jwks["keys"], *(public_members(given["Jwks"]) if given.get("Jwks") else [])])
    except KeyFileError as error:
        raise TemplateError(f"parameter Jwks: {error}") from error
    return {
        "PublicUrl": ready.api_url,
        "AllowHttpTargets": "true",
        "AllowedPrivateCidrs": "127.0.0.0/8,::1/128",
        **given,
        "Jwks": jwks,
    }


def foreign_engine(environ: Mapping[str, str]) -> Engine | None:
    """The engine that the environment names in moto's place; one URL serves for both services."""
    dynamodb, sqs = environ.get("AWS_ENDPOINT_URL_DYNAMODB"), environ.get("AWS_ENDPOINT_URL_SQS")
    if not dynamodb and not sqs:
        return None
    return Engine(
        dynamodb_url=dynamodb or sqs or "",
        sqs_url=sqs or dynamodb or "",
        region=_region(environ),
        access_key=environ.get("AWS_ACCESS_KEY_ID", "local"),
        secret_key=environ.get("AWS_SECRET_ACCESS_KEY", "local"),
        own=False,
    )


def own_engine(environ: Mapping[str, str], url: str) -> Engine:
    """Moto at a URL; it takes any credentials, and real ones have no business there."""
    return Engine(url, url, _region(environ), access_key="local", secret_key="local", own=True)  # noqa: S106


def _region(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _shown(folder: Path) -> str:
    """A folder as it is written in a command typed here."""
    return os.path.relpath(folder)


def up(options: Options) -> int:
    """Runs `parley up`; returns the exit status."""
    _open_standard_streams()
    console = Console(scripted=options.json or not sys.stdout.isatty())
    try:
        if options.ready_file:
            files.check_writable(options.ready_file)
        folder = files.Folder.claim(options.state_dir)
    except files.FilesError as error:
        console.fail(error)
        return _EXIT_USAGE
    try:
        return asyncio.run(Run(options, folder, console, os.environ).until_stopped())
    finally:
        folder.release()
        _give_up_broken_streams()


def _open_standard_streams() -> None:
    """Puts /dev/null where the shell closed stdin, stdout or stderr (`>&-`).

    Otherwise the next socket gets that number, and a child's log overwrites it; and `print(file=None)` would send what
    is for people to stdout.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
            os.set_inheritable(null, True)  # noqa: FBT003 (its name says what)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def _give_up_broken_streams() -> None:
    """Drops what could not be written, or Python would try again at its end and exit with a status of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
