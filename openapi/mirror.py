"""Write the files that are made from handwritten ones: the mirror of `_async` and the command table.

The mirror `_sync` is `_async` with some words replaced. A replacement that is never used is an error, so that none
stays without need. The table `css_sdk/cli/command_table.py` lets `css --help` list commands without importing them.

usage: python openapi/mirror.py [--check]
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAIRS: Final = {
    "css_sdk/_async": "css_sdk/_sync",
    "tests/_async": "tests/_sync",
}
WORDS: Final = {
    r"\basync (def|for|with)\b": r"\1",
    r"\bawait ": "",
    r"\bAsync(?=[A-Z])": "",
    r"\basync_": "",
    r"\baclose\b": "close",
    r"\.asyncio(_detailed)?\(": r".sync\1(",
    r"\bcss_sdk\._async\b": "css_sdk._sync",
    r"\b__a(enter|exit)__\b": r"__\1__",
    r"\bAwaitable\[([^\[\]]*(?:\[[^\[\]]*\])?[^\[\]]*)\]": r"\1",
    r"from collections\.abc import Awaitable, ": "from collections.abc import ",
}


def mirrored(text: str, source: str, used: set[str]) -> str:
    """Return the synchronous version of a module.

    Args:
        text: the text of the module.
        source: the path of the module, for the header.
        used: a set to which the patterns that matched are added.
    """
    for pattern, replacement in WORDS.items():
        text, count = re.subn(pattern, replacement, text)
        if count:
            used.add(pattern)
    return f"# Written from {source} by `make generate`; edit that one.\n{text}"


def formatted(texts: dict[Path, str]) -> dict[Path, str]:
    """Return the texts after ruff has sorted their imports and formatted them, all in one run.

    Raises:
        SystemExit: a text is not valid Python.
    """
    ruff = [sys.executable, "-m", "ruff"]
    with TemporaryDirectory() as folder:
        files = {path: Path(folder) / f"{number}_{path.name}" for number, path in enumerate(texts)}
        for path, file in files.items():
            file.write_text(texts[path], encoding="utf-8", newline="\n")
        for command in (["check", "--select", "I,F401", "--fix-only", "--quiet"], ["format"]):
            arguments = [*command, "--no-cache", "--config", str(ROOT / "pyproject.toml"), folder]
            run = subprocess.run(  # noqa: S603
                [*ruff, *arguments], capture_output=True, text=True, encoding="utf-8", check=False, cwd=ROOT
            )
            if run.returncode:
                said = f"{run.stdout}{run.stderr}".strip()
                raise SystemExit(f"mirror.py: a source does not become valid Python: {said}")
        return {path: file.read_text(encoding="utf-8") for path, file in files.items()}


def twins() -> dict[Path, str]:
    """Return the text of every file of the mirror, by path.

    Raises:
        SystemExit: a substitution is never used.
    """
    used: set[str] = set()
    result = {}
    for source_folder, target_folder in PAIRS.items():
        for source in sorted((ROOT / source_folder).glob("*.py")):
            name = source.relative_to(ROOT).as_posix()
            result[ROOT / target_folder / source.name] = mirrored(source.read_text(encoding="utf-8"), name, used)
    unused = [pattern for pattern in WORDS if pattern not in used]
    if unused:
        raise SystemExit(f"mirror.py: these substitutions are never used: {', '.join(unused)}")
    return formatted(result)


def first_sentence(docstring: str) -> str:
    """Return the first sentence of a docstring, as click prints it in a list of commands."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", paragraph)[0]


def command_table() -> dict[Path, str]:
    """Return the table of commands, from the docstrings of the functions that are click commands."""
    folder = ROOT / "css_sdk" / "cli" / "commands"
    modules = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")}
    found = {
        node.name.replace("_", "-"): (name, first_sentence(ast.get_docstring(node) or ""))
        for name, module in modules.items()
        for node in module.body
        if isinstance(node, ast.FunctionDef)
        and any(re.match(r"click\.(command|group)\(", ast.unparse(each)) for each in node.decorator_list)
    }
    text = f"""# Written by `make generate` from the modules in css_sdk/cli/commands. Edit those modules.
\"\"\"The commands of `css`. With this table, `css --help` lists them without importing their modules.\"\"\"

from typing import Final

COMMANDS: Final = {dict(sorted(found.items()))!r}
\"\"\"For each command: its module in `commands`, and the first sentence of its help.\"\"\"
"""
    return formatted({folder.parent / "command_table.py": text})


def differing(wanted: dict[Path, str]) -> list[Path]:
    """Return the files that are missing, must not exist, or have another text than wanted."""
    present = {path for folder in PAIRS.values() for path in (ROOT / folder).glob("*.py")}
    present |= {path for path in wanted if path.is_file()}
    stale = [path for path, text in wanted.items() if path not in present or path.read_text(encoding="utf-8") != text]
    return sorted({*stale, *(present - wanted.keys())})


def main(arguments: list[str]) -> int:
    """Write the files, or only compare them if the argument is `--check`. Return the exit code."""
    wanted = twins() | command_table()
    differences = differing(wanted)
    if arguments == ["--check"]:
        for path in differences:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not the mirror of its source; run `make generate`.\n")
        return 1 if differences else 0
    for path in differences:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
