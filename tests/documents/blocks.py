"""What stands in a document to be run: fenced blocks of a language, and lines for a shell.

A shell's lines are those of indented blocks and of blocks fenced as `sh`; anything else is fenced as what it is, and
every fence is three backticks at a line's beginning (tests/documents/test_commands.py).
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("events/*.md")})
LANGUAGES = {"sh", "python", "javascript", "go", "json", "mermaid", "text"}

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAM = (
    r"(?:make|parley|sam|aws|curl|git|pre-commit|pip|npm|node|go|python|python3|uv|docker|podman|apt|apt-get|sudo|brew"
    r"|cat|export|eval|sh|bash|kill|jq) |\.venv/bin/\S+ |\.ci/"
)
_INLINE = re.compile(rf"`((?:{_PROGRAM})[^`]+)`")
_ASKED = re.compile(rf"(?m)^\W*(?:{_PROGRAM}).*")


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def fenced(text: str, language: str) -> list[str]:
    return [content for found, content in _FENCED.findall(text) if found == language]


def shell_lines(text: str) -> list[str]:
    """Each command once per place, lines that end with a backslash joined with the next."""
    blocks = fenced(text, "sh")
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", _FENCED.sub("", text).strip("\n"))
    indented = [each for each in paragraphs if all(line.startswith("    ") for line in each.splitlines())]
    blocks += [re.sub(r"(?m)^    ", "", each) for each in indented]
    joined = re.sub(r"\\\n\s*", "", "\n".join(blocks))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def asked_for(text: str) -> list[str]:
    """Lines of blocks that are for no shell, and begin as a command does."""
    blocks = [content for language, content in _FENCED.findall(text) if language in {"text", "json", "mermaid"}]
    return [line for block in blocks for line in _ASKED.findall(block)]


def inline(text: str) -> list[str]:
    """Commands in the midst of a sentence or of a table."""
    prose = " ".join(_FENCED.sub("", text).split())
    return [found.replace("\\|", "|") for found in _INLINE.findall(prose)]
