"""The synchronous twins match their asynchronous sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openapi import mirror

CLIENT = mirror.ROOT / "css_sdk" / "_sync" / "client.py"


@pytest.fixture(scope="module")
def wanted() -> dict[Path, str]:
    """Return the twins that the sources give now."""
    return mirror.twins()


def test_the_twins_are_current(wanted: dict[Path, str]) -> None:
    """The committed twins are exactly the files that `make generate` would write."""
    assert [path.relative_to(mirror.ROOT).as_posix() for path in mirror.differing(wanted)] == []


def test_each_source_has_a_twin_with_the_same_name(wanted: dict[Path, str]) -> None:
    """In every folder, each source has a twin with the same name, and there is no other twin."""
    for source, target in mirror.PAIRS.items():
        names = {path.relative_to(mirror.ROOT / source) for path in (mirror.ROOT / source).rglob("*.py")}
        assert {
            path.relative_to(mirror.ROOT / target) for path in wanted if mirror.ROOT / target in path.parents
        } == names


def test_each_twin_names_its_source(wanted: dict[Path, str]) -> None:
    """The first line of a twin names the file to edit instead, and this file exists."""
    for path, text in wanted.items():
        match = re.match(r"# Written from (\S+) by `make generate`; edit that one\.\n", text)
        assert match is not None, path
        assert (mirror.ROOT / match[1]).is_file()
        assert Path(match[1]).name == path.name


def test_a_twin_contains_no_asynchronous_code(wanted: dict[Path, str]) -> None:
    """Except for its header, a twin contains no keyword or name of asynchronous code."""
    for path, text in wanted.items():
        code = text.partition("\n")[2]
        assert not re.search(r"\b(async |await |anyio|aclose|__aenter__|Async[A-Z])", code), path


def test_an_edited_twin_is_reported(wanted: dict[Path, str]) -> None:
    """If a twin has one additional character, it is reported as different."""
    assert CLIENT in mirror.differing({**wanted, CLIENT: wanted[CLIENT] + " "})


def test_a_missing_twin_is_reported(wanted: dict[Path, str]) -> None:
    """If a source has no twin, the missing file is reported as different."""
    missing = CLIENT.with_name("not_written_yet.py")
    assert missing in mirror.differing({**wanted, missing: ""})


def test_a_file_without_a_source_is_reported(wanted: dict[Path, str]) -> None:
    """If a file on the synchronous side has no source, it is reported as different."""
    assert CLIENT in mirror.differing({path: text for path, text in wanted.items() if path != CLIENT})


def test_an_unused_substitution_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """If no source needs a substitution, mirroring fails and names it."""
    monkeypatch.setattr(mirror, "WORDS", {**mirror.WORDS, r"\bnever_there\b": ""})
    with pytest.raises(SystemExit, match="never_there"):
        mirror.twins()


@pytest.mark.parametrize(
    ("source", "twin"),
    [
        ("async def read(self) -> None: ...", "def read(self) -> None: ..."),
        ("async with self._lock:", "with self._lock:"),
        ("found = [x async for x in await call()]", "found = [x for x in call()]"),
        ("class AsyncCss(AsyncBase): ...", "class Css(Base): ..."),
        ("AsyncIterator[User]", "Iterator[User]"),
        ("from .._pairs import async_each", "from .._pairs import each"),
        ("await self._http.aclose()", "self._http.close()"),
        ("async def __aexit__(self): ...", "def __exit__(self): ..."),
        ("Callable[[int], Awaitable[None]]", "Callable[[int], None]"),
        ("Callable[[int], Awaitable[tuple[str, ...]]]", "Callable[[int], tuple[str, ...]]"),
        ("from collections.abc import Awaitable, Callable", "from collections.abc import Callable"),
        ("asynchronous, awaited, close", "asynchronous, awaited, close"),
    ],
)
def test_each_substitution_gives_synchronous_code(source: str, twin: str) -> None:
    """Each asynchronous construct becomes its synchronous form, and other words stay."""
    assert mirror.mirrored(source, "x.py", set()).partition("\n")[2] == twin
