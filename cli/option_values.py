"""How options' values are read: numbers, NAME=VALUE, and texts in files that no shell history keeps."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path


def whole_number(text: str) -> int:
    """A number, for an option's `type`; which are allowed is the API's to say."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return int(text)


def assignment(text: str) -> tuple[str, str]:
    """A name and a value, for an option's `type`."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("not of the form Name=VALUE")
    return name, value


def assignment_from_file(text: str) -> tuple[str, str]:
    """A name and, from the file that is named, a value; for an option's `type`."""
    name, file = assignment(text)
    return name, content(name, file)


def content(name: str, file: str) -> str:
    """A file's text without its last line break; `-` is stdin, which a terminal does not show."""
    try:
        if file == "-":
            text = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read()
        else:
            text = Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise argparse.ArgumentTypeError(f"{file}: {reason}") from None
    return text.removesuffix("\n").removesuffix("\r")


def header(text: str) -> str:
    """What is sent in a header, for an option's `type`."""
    if not (text.isascii() and text.isprintable()):
        raise argparse.ArgumentTypeError(f"{text!r} cannot stand in a header. Allowed: printable ASCII")
    return text


def count(text: str) -> int:
    """A number from 1 up, for an option's `type`."""
    number = whole_number(text)
    if not number:
        raise argparse.ArgumentTypeError("it begins at 1")
    return number
