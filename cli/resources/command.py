"""The commands `parley assistants|webhooks|sources list|show|create|update|delete`."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from cli import command_line, option_values
from cli.resources import show, testing
from cli.resources.kinds import KINDS, WEBHOOKS, Given, Kind, Parameter
from parley.api.parameters import pascal

if TYPE_CHECKING:
    from cli.api_client import ApiClient
    from cli.command_line import Subcommands

Verb = Callable[["ApiClient", Kind, argparse.Namespace], None]

_MASK = "********"


def add(commands: Subcommands) -> None:
    """Put all three on the command line."""
    for kind in KINDS:
        names = ["list", "show", "create", "update", "delete", *(["test"] if kind is WEBHOOKS else [])]
        group = commands.add_parser(kind.name, help=f"{kind.help}: {', '.join(names)}")
        _Verbs(group.add_subparsers(required=True, metavar="|".join(names)), kind).add()


class _Verbs:
    """The verbs of one kind."""

    def __init__(self, verbs: Subcommands, kind: Kind) -> None:
        self._verbs = verbs
        self._kind = kind

    def add(self) -> None:
        kind = self._kind
        owner = kind.example.split()[:-1]
        listing = self._verb("list", f"list {kind.name}", owner, _list, names_one=False)
        listing.add_argument(
            "--page-size", type=option_values.whole_number, metavar="N", help="items per request, 1 to 1000"
        )
        self._verb("show", f"show one {kind.one}", [kind.example], _show)
        does = f"create {'an' if kind.one.startswith('a') else 'a'} {kind.one}"
        create = self._verb("create", does, [*owner, kind.create_example], _create, names_one=False)
        _add_parameters(create, [each for each in kind.parameters if not each.update_only])
        changed = [kind.example, kind.update_example]
        update = self._verb("update", f"change the given parameters of one {kind.one}", changed, _update)
        _add_parameters(update, kind.parameters)
        delete = self._verb("delete", f"delete one {kind.one}", [kind.example], _delete)
        if not kind.in_assistant:
            delete.add_argument("--cascade", action="store_true", help="with its webhooks and sources")
        if kind is WEBHOOKS:
            testing.add(self._verbs)
        for verb in (update, delete):
            verb.add_argument(
                "--if-match", type=option_values.header, metavar="VERSION", help="only if it still has that version"
            )

    def _verb(
        self, name: str, does: str, example: Sequence[str], run: Verb, *, names_one: bool = True
    ) -> argparse.ArgumentParser:
        kind = self._kind
        examples = [" ".join(("parley", kind.name, name, *example))]
        verb = command_line.add(self._verbs, name, does=does, examples=examples)
        if kind.in_assistant:
            verb.add_argument("assistant", metavar="ASSISTANT", help="its assistant's SID or unique name")
        if names_one:
            verb.add_argument("resource", metavar=kind.one.upper(), help=f"the {kind.one}'s SID or unique name")
        verb.add_argument("--json", action="store_true", help="the API's answer, for programs")
        command_line.on_deployment(verb, lambda client, arguments: run(client, kind, arguments))
        return verb


def _add_parameters(verb: argparse.ArgumentParser, parameters: Sequence[Parameter]) -> None:
    """Options that fill `parameters` with names and values, in the API's words and in the order of the command line."""
    group = verb.add_argument_group("parameters")
    in_files = {pascal(each.key) for each in parameters if each.given is Given.IN_FILE}
    for parameter in parameters:
        _add_option(group, parameter)
    group.add_argument(
        "--set",
        action="append",
        dest="parameters",
        type=functools.partial(_assignment, in_files),
        metavar="Name=VALUE",
        help="any parameter that is no secret, as the API names it",
    )
    group.add_argument(
        "--set-file",
        action="append",
        dest="parameters",
        type=option_values.assignment_from_file,
        metavar="Name=FILE",
        help="the same with the value in a file, whose last line break is not part of it; -: stdin",
    )
    verb.set_defaults(parameters=[])


def _assignment(in_files: Collection[str], text: str) -> tuple[str, str]:
    name, value = option_values.assignment(text)
    if name in in_files:
        raise argparse.ArgumentTypeError(
            f"{name} is given in a file or on stdin, which no shell history keeps: --set-file {name}=FILE"
        )
    return name, value


def _add_option(group: argparse._ArgumentGroup, parameter: Parameter) -> None:
    option, name = f"--{parameter.key.replace('_', '-')}", pascal(parameter.key)
    match parameter.given:
        case Given.HERE:
            group.add_argument(
                option,
                action="append",
                dest="parameters",
                type=lambda value: (name, value),
                metavar="VALUE",
                help=parameter.help,
            )
        case Given.IN_FILE:
            group.add_argument(
                f"{option}-file",
                action="append",
                dest="parameters",
                type=lambda file: (name, option_values.content(name, file)),
                metavar="FILE",
                help=f"{parameter.help}; -: stdin",
            )
        case Given.BY_PRESENCE:
            group.add_argument(
                option, action="append_const", dest="parameters", const=(name, "true"), help=parameter.help
            )


def _list_path(kind: Kind, arguments: argparse.Namespace) -> tuple[str, ...]:
    return ("Assistants", arguments.assistant, kind.path) if kind.in_assistant else (kind.path,)


def _one_path(kind: Kind, arguments: argparse.Namespace) -> tuple[str, ...]:
    return (*_list_path(kind, arguments), arguments.resource)


def _list(client: ApiClient, kind: Kind, arguments: argparse.Namespace) -> None:
    items = list(client.list_all(_list_path(kind, arguments), kind.name, page_size=arguments.page_size))
    show.found(items, kind.columns, kind.name, for_programs=arguments.json)


def _show(client: ApiClient, kind: Kind, arguments: argparse.Namespace) -> None:
    _print(client.call("GET", _one_path(kind, arguments)), arguments)


def _create(client: ApiClient, kind: Kind, arguments: argparse.Namespace) -> None:
    _print(client.call("POST", _list_path(kind, arguments), form=arguments.parameters), arguments)


def _update(client: ApiClient, kind: Kind, arguments: argparse.Namespace) -> None:
    path = _one_path(kind, arguments)
    _print(client.call("POST", path, form=arguments.parameters, if_match=arguments.if_match), arguments)


def _delete(client: ApiClient, kind: Kind, arguments: argparse.Namespace) -> None:
    query = {"Cascade": "true"} if getattr(arguments, "cascade", False) else None
    client.call("DELETE", _one_path(kind, arguments), query=query, if_match=arguments.if_match)
    if not arguments.json:
        print(f"deleted {arguments.resource}")


def _print(item: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        show.as_json(item, sys.stdout)
        return
    show.as_one(item, sys.stdout)
    if item.get("secret") not in (None, _MASK):
        print("The secret is shown this once. Keep it.", file=sys.stderr)
    if "ingest_url" in item and _MASK not in item["ingest_url"]:
        print("The URL is shown with its token this once. Paste it where the steps say.", file=sys.stderr)
