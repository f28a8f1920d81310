"""Write css-api.json and the generated client, or check that they are up to date.

    python -m openapi.generate [--check]

This needs no network. All files are first made in a temporary folder and then replace the old files, so that a
generation that fails changes nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from openapi import prepare

CONFIG = prepare.HERE / "config.yaml"
TEMPLATES = prepare.HERE / "templates"
CLIENT = prepare.HERE.parent / "generated" / "css_sdk_openapi"
SERVED = (
    prepare.HERE.parent / "css_sdk" / "sandbox" / "serving" / "published.json"
)  # what the sandbox's Swagger UI page shows


class GenerateError(Exception):
    """The generator wrote no client, or printed warnings."""


def generate(document: Path, package: Path) -> None:
    """Run openapi-python-client on a prepared document. The folder of the package must not exist yet."""
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    command += ["--path", str(document), "--output-path", str(package)]
    command += ["--config", str(CONFIG), "--custom-template-path", str(TEMPLATES)]
    # The post hooks call ruff by name. ruff is in the folder of this interpreter, which may not be in PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(  # noqa: S603  (a fixed command)
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise GenerateError((done.stdout + done.stderr).strip())
    (package / "py.typed").write_text("", encoding="utf-8")


def build(folder: Path, published: Path = prepare.PUBLISHED, overlay: Path = prepare.OVERLAY) -> tuple[Path, Path]:
    """Write the document and the package into an empty folder, and return their paths."""
    document, package = folder / prepare.PREPARED.name, folder / CLIENT.name
    document.write_text(prepare.read(published, overlay), encoding="utf-8", newline="\n")
    generate(document, package)
    return document, package


def replace(new: Path, old: Path) -> None:
    """Replace the old folder with the new one. If that fails, the old folder stays."""
    aside = new.with_name(new.name + ".old")
    if old.exists():
        old.replace(aside)
    try:
        new.replace(old)
    except OSError:
        if aside.exists():
            aside.replace(old)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def differences(made: Path, kept: Path) -> list[str]:
    """Return the names of files that only one of two folders has, or whose texts differ. Or compare two files."""
    if made.is_file():
        return [] if kept.is_file() and _text(made) == _text(kept) else [kept.name]
    mine, theirs = _files(made), _files(kept)
    return sorted(
        f"{kept.name}/{name}"
        for name in mine.keys() | theirs.keys()
        if name not in mine or name not in theirs or _text(mine[name]) != _text(theirs[name])
    )


def _files(folder: Path) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")  # with "\n" as line end, because a checkout may have changed line ends


def main(arguments: list[str] | None = None) -> int:
    """Generate or check, and return the exit code."""
    parser = argparse.ArgumentParser(prog="generate", description="Writes css-api.json and the generated client.")
    parser.add_argument("--check", action="store_true", help="change nothing; name what is not up to date")
    parser.add_argument("--published", type=Path, default=prepare.PUBLISHED, help="the published document")
    parser.add_argument("--document", type=Path, default=prepare.PREPARED, help="where the repaired document stands")
    parser.add_argument("--served", type=Path, default=SERVED, help="the sandbox's copy of the published document")
    parser.add_argument("--output", type=Path, default=CLIENT, help="where the generated package stands")
    options = parser.parse_args(arguments)
    try:
        if not options.check:
            options.output.parent.mkdir(parents=True, exist_ok=True)
        # Beside the output, so that putting it in place is a rename within one file system.
        beside = None if options.check else options.output.parent
        with tempfile.TemporaryDirectory(prefix=".generate-", dir=beside) as folder:
            document, package = build(Path(folder), options.published)
            if options.check:
                stale = differences(document, options.document) + differences(package, options.output)
                stale += differences(options.published, options.served)
                if stale:
                    sys.stderr.write("not up to date (run: make generate):\n")
                    sys.stderr.writelines(f"  {name}\n" for name in stale)
                return 1 if stale else 0
            replace(package, options.output)
            options.document.write_bytes(document.read_bytes())
            options.served.write_bytes(options.published.read_bytes())
    except (prepare.PrepareError, GenerateError, OSError) as error:
        sys.stderr.write(f"generate: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
