"""Texts that users see use one plain word for each thing, and none of the words in a table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.test_commands_are_documented import css, every_command

ROOT = Path(__file__).resolve().parent.parent

NOT_PLAIN = {
    r"\b(?:tell|tells|told)\b": "report, show, print, say",
    r"\bshall\b": "must",
    r"\b(?:whoever|whatever|of which|that it be)\b": "say who or what does it",
    r"\bprov(?:e|es|ed|en|ing)\b": "verify",
    r"\bheld back\b": "withheld",
    r"\b(?:take|takes|took|taken|taking)(?: \w+)? away\b": "remove",
    r"\balready so\b|\bso already\b": "already has the role, needed no change",
    r"\bnot tried\b": "skipped",
    r"\b[Hh]and(?:s|ed)? out\b": "give",
    r"\b[Ss]ay (?:--|\w+=|who\b|which\b|whose\b|where\b|by what\b)": "pass, set",
    r"\b(?:is|are|was|were|be|nothing|else) said\b": "given, set, passed",
    r"\b[Ee]nds? with (?:exit code )?[0-9]": "fails with exit code",
    r"(?<![Tt]here )(?<![Hh]ere )\b(?:is|are|be) no (?!longer\b|more\b)": "is not a",
    r"\brooms?\b": "module, package",
    r"\b(?:file|files) of roles\b": "roles file",
    r"\banew\b": "again, new",
}
"""Patterns of words that no text may use, each with the words to use instead."""

_ANY = re.compile("|".join(NOT_PLAIN))

MODULES = [path for path in sorted((ROOT / "css_sdk").rglob("*.py")) if "_sync" not in path.parts]
PAGES = [
    path
    for path in [
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "docs").glob("*.json")),
        *sorted((ROOT / "examples").glob("*.py")),
        *sorted((ROOT / ".github").rglob("*.*")),
    ]
    if path.name != "CHANGELOG.md" and "_build" not in path.parts
]


def faults(text: str) -> list[str]:
    """Return the words of a text that are not plain, each with its surroundings and the word to use instead."""
    text = " ".join(text.split())
    if not _ANY.search(text):
        return []
    return [
        f"…{text[max(0, found.start() - 40) : found.end() + 30]}… : write «{better}»"
        for pattern, better in NOT_PLAIN.items()
        for found in re.finditer(pattern, text)
    ]


def texts(module: Path) -> Iterator[str]:
    """Yield the texts of a module that it can show: all its strings of several words, without docstrings."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent | inside:
            yield node.value


def test_messages_are_plain() -> None:
    """No message, prompt or state of a module uses a word of the table."""
    found = [f"{module}: {fault}" for module in MODULES for text in texts(module) for fault in faults(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("words", [words for words, _ in every_command()], ids=" ".join)
def test_help_is_plain(words: tuple[str, ...]) -> None:
    """The help of a command uses no word of the table, cuts no sentence, and mentions nothing that a wheel lacks."""
    command: click.Command | None = css
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    context = click.Context(command, info_name=f"css {' '.join(words)}", terminal_width=80)
    text = command.get_help(context)
    assert not faults(text), "\n".join(faults(text))
    assert "docs/" not in text
    assert not re.search(r"\w(?:\.\.\.|…)$", text.partition("Commands:")[2], re.MULTILINE)


def test_the_help_of_css_is_plain() -> None:
    """The help of css, which lists all commands, uses no word of the table."""
    text = css.get_help(click.Context(css, info_name="css"))
    assert not faults(text), "\n".join(faults(text))


def test_pages_are_plain() -> None:
    """No page of the documentation uses a word of the table."""
    found = [f"{page}: {fault}" for page in PAGES for fault in faults(page.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)
