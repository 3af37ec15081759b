"""The commands `parley keys` and `parley token`: a deployment's key set, and the tokens that its callers present."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli import command_line, moments
from cli.signing_keys import ALL_SCOPES, KINDS, KeyFileError, SigningKey, key_set, public_members
from parley.sids import ACCOUNT, is_sid

if TYPE_CHECKING:
    from cli.command_line import Subcommands

_EXIT_STATUSES = """exit status:
  0  done
  1  a file cannot be read or written, or is no key; the reason is on stderr
  2  the command line is wrong"""
_PRIVATE = 0o600


def add(commands: Subcommands) -> None:
    """Put both on the command line."""
    keys = commands.add_parser("keys", help="make the key that signs tokens, and the key set that a deployment checks")
    verbs = keys.add_subparsers(required=True, metavar="new|jwks")
    new = command_line.add(
        verbs,
        "new",
        does="make a private key",
        examples=["parley keys new parley-key.pem"],
        exit_statuses=_EXIT_STATUSES,
    )
    new.add_argument("file", type=Path, metavar="FILE", help="where to write it; an existing file is not overwritten")
    new.add_argument("--type", choices=KINDS, default=KINDS[0], help="default: %(default)s")
    new.set_defaults(run=_new)
    jwks = command_line.add(
        verbs,
        "jwks",
        does="print the public key set for the template's parameter Jwks",
        examples=["""sam deploy --parameter-overrides "Jwks='$(parley keys jwks parley-key.pem)'" --save-params"""],
        exit_statuses=_EXIT_STATUSES,
    )
    jwks.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="private keys in PEM form, or key sets in JSON"
    )
    jwks.set_defaults(run=_jwks)
    token = command_line.add(
        commands,
        "token",
        does="print a management token",
        examples=[f"parley token --key parley-key.pem --account AC{'0' * 31}1 --scope read --expires 8h"],
        exit_statuses=_EXIT_STATUSES,
    )
    token.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="the private key, from `parley keys new`"
    )
    token.add_argument("--account", type=_account, required=True, metavar="AC…", help="the account that it is for")
    token.add_argument(
        "--scope", type=_scopes, default=ALL_SCOPES, metavar="SCOPES", help='of "read write emit replay" (default: all)'
    )
    token.add_argument(
        "--expires",
        type=moments.seconds,
        default="1h",
        metavar="TIME",
        help="seconds, or 30m, 8h, 7d (default: %(default)s)",
    )
    token.add_argument("--issuer", help="its `iss`, where the deployment has the parameter Issuer")
    token.add_argument("--audience", help="its `aud`, where the deployment has the parameter Audience")
    token.set_defaults(run=_token)


def _account(text: str) -> str:
    if not is_sid(text, ACCOUNT):
        raise argparse.ArgumentTypeError(f"{text!r} is no account: AC and 32 hexadecimal digits in lower case")
    return text


def _scopes(text: str) -> tuple[str, ...]:
    scopes = tuple(text.replace(",", " ").split())
    if not scopes or set(scopes) - set(ALL_SCOPES):
        raise argparse.ArgumentTypeError(f"{text!r}: choose of {' '.join(ALL_SCOPES)}")
    return scopes


def _new(arguments: argparse.Namespace) -> int:
    try:
        descriptor = os.open(arguments.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except OSError as error:
        return _failed(arguments.file, error.strerror or str(error))
    with os.fdopen(descriptor, "wb") as file:
        file.write(SigningKey.generate(arguments.type).pem())
    print(
        f"{arguments.file}: keep it; whoever has it can sign tokens. Its public half: parley keys jwks {arguments.file}"
    )
    return 0


def _jwks(arguments: argparse.Namespace) -> int:
    keys = []
    for file in arguments.files:
        try:
            content = file.read_bytes()
            is_json = content.lstrip().startswith(b"{")
            keys += public_members(content.decode()) if is_json else [SigningKey.from_pem(content).jwk()]
        except (OSError, KeyFileError, UnicodeDecodeError) as error:
            return _failed(file, error)
    try:
        print(key_set(keys))
    except KeyFileError as error:
        return _failed(arguments.files[0], error)
    return 0


def _token(arguments: argparse.Namespace) -> int:
    try:
        key = SigningKey.from_pem(arguments.key.read_bytes())
    except (OSError, KeyFileError) as error:
        return _failed(arguments.key, error)
    print(
        key.token(
            arguments.account,
            scopes=arguments.scope,
            lifetime_seconds=arguments.expires,
            issuer=arguments.issuer,
            audience=arguments.audience,
        )
    )
    return 0


def _failed(file: Path, why: object) -> int:
    reason = why.strerror if isinstance(why, OSError) and why.strerror else why
    return command_line.fail(f"{file}: {reason}")
