"""The steps of `docs/roles-as-code.md` print the output that the page shows, and no secret."""

from __future__ import annotations

import io
import logging
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox
from tests import readme
from tests.states import everything, secrets

Run = Callable[..., int]
DOCUMENT = readme.README.parent / "docs" / "roles-as-code.md"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Yield a stream with everything that any library logs, down to DEBUG."""
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def served(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve the sandbox on a socket, so that libraries below log, too, and set its credentials in the environment."""
    with sandbox.serve() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which contains the examples."""
    shutil.copytree(readme.README.parent / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_steps_of_the_page_print_its_output_and_no_secret(
    served: None,
    sandbox: Sandbox,
    folder: Path,
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The steps print the output of the page. Output, plans, journals and logs contain no secret, even after a refused
    token.
    """
    monkeypatch.setenv("CSS_DEBUG", "1")
    sandbox.faults.add("revoked_token", method="POST")
    said, last, shown = "", "", 0
    blocks = re.findall(
        r"^```(console|text)\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    for language, content in blocks:
        if language == "text":
            assert content in last
            shown += 1
            continue
        for line in content.splitlines():
            exit_code(shlex.split(line, comments=True)[1:])
            last = "".join(capsys.readouterr())
            said += last
    assert shown == 4
    files = [path for path in folder.iterdir() if path.is_file()]
    assert {"plan.json", "changes.jsonl", "back.jsonl", "prod.json", "roles.yaml"} <= {path.name for path in files}
    said += "".join(path.read_text(encoding="utf-8") for path in files) + log.getvalue()
    assert "send_request_headers" in log.getvalue()
    assert len(secrets(sandbox)) > 10
    assert not [secret for secret in secrets(sandbox) if secret in said]


def test_the_python_of_the_page_runs_and_undoes_its_changes(
    run_css: Run, sandbox: Sandbox, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program of the page creates a role, undoes this, and leaves only its journal."""
    before = everything(sandbox)
    [program] = readme.blocks("python", DOCUMENT)
    exec(compile(program, DOCUMENT.name, "exec"), {})  # noqa: S102
    assert "done create_role auditor" in capsys.readouterr().out
    assert everything(sandbox) == before
    assert {path.name for path in folder.iterdir()} == {"examples", "today.jsonl"}
