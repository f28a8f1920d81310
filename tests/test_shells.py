"""Commands in messages can be pasted into a shell, also on Windows."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from css_sdk._text.shells import quote

IMPORTERS = [*Path(__file__).resolve().parent.parent.joinpath("css_sdk").rglob("*.py")]


@pytest.mark.parametrize(
    ("argument", "posix", "windows"),
    [
        ("plan.json", "plan.json", "plan.json"),
        ("", "''", "''"),
        ("my plan.json", "'my plan.json'", "'my plan.json'"),
        ("it's.json", """'it'"'"'s.json'""", "'it''s.json'"),
        (r"C:\Users\me\plan.json", r"'C:\Users\me\plan.json'", r"C:\Users\me\plan.json"),
        (
            str(PureWindowsPath("C:/My Files") / "a plan.json"),
            r"'C:\My Files\a plan.json'",
            r"'C:\My Files\a plan.json'",
        ),
        (r"\\server\share\plan.json", r"'\\server\share\plan.json'", r"\\server\share\plan.json"),
        ("$HOME/plan.json", "'$HOME/plan.json'", "'$HOME/plan.json'"),
        ("a,b", "a,b", "'a,b'"),
        ("@list", "@list", "'@list'"),
        ("#101", "'#101'", "'#101'"),
        ("`whoami`; rm x", "'`whoami`; rm x'", "'`whoami`; rm x'"),
        ("team\u2019s", "'team\u2019s'", "'team\u2019\u2019s'"),
    ],
)
def test_an_argument_is_quoted_for_the_shell(argument: str, posix: str, windows: str) -> None:
    """Arguments with blanks, backslashes or characters that a shell would obey are quoted for the shell
    of the system.
    """
    assert quote(argument, "linux") == quote(argument, "darwin") == posix
    assert quote(argument, "win32") == windows


def test_only_one_module_of_css_sdk_uses_shlex() -> None:
    """Only one module quotes for shells, and the sandbox has its own, since it shares nothing with the rest."""
    users = {path.parent.name + "/" + path.name for path in IMPORTERS if "shlex" in path.read_text(encoding="utf-8")}
    assert users == {"_text/shells.py", "sandbox/command.py"}
