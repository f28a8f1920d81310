"""The programs and commands of the README and the documentation run as they are written."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from css_sdk import Css
from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox
from tests import readme

ROOT = readme.README.parent


@pytest.fixture
def beside_the_examples(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Serve a sandbox, set its credentials in the environment, and yield a current folder with the examples."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    with sandbox.serve() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", value)
        yield tmp_path


def test_the_python_of_the_readme_prints_its_output(
    beside_the_examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program of the README prints the output that the README shows."""
    exec(compile(readme.python(), "README.md", "exec"), {})  # noqa: S102
    [shown] = readme.blocks("text")
    assert capsys.readouterr().out == shown


@pytest.mark.usefixtures("beside_the_examples")
def test_the_asynchronous_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The example of `AsyncCss` lists the two reviewers of the shipped sandbox."""
    [program] = readme.blocks("python", ROOT / "docs" / "reference" / "python.md")
    exec(compile(program, "python.md", "exec"), {})  # noqa: S102
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.usefixtures("beside_the_examples")
def test_the_programs_of_the_generated_client_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The first program about the generated client prints the output that the page shows, and the asynchronous one
    runs.
    """
    page = ROOT / "docs" / "how-to" / "generated-client.md"
    first, second = readme.blocks("python", page)
    exec(compile(first, page.name, "exec"), {})  # noqa: S102
    assert [capsys.readouterr().out] == readme.blocks("text", page)
    exec(compile(second, page.name, "exec"), {})  # noqa: S102
    assert capsys.readouterr().out.startswith("IntegrationList(data=[Integration(")


@pytest.mark.usefixtures("beside_the_examples")
def test_the_python_of_rosters_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The program of the page about rosters applies the example roster, in which two rows cannot succeed."""
    [program] = readme.blocks("python", ROOT / "docs" / "rosters.md")
    exec(compile(program, "rosters.md", "exec"), {})  # noqa: S102
    printed = Counter(
        line.split(" ", 1)[1].partition(" The ")[0].strip() for line in capsys.readouterr().out.splitlines()
    )
    assert printed["done"] + printed["already has it"] == 23
    assert sum(printed.values()) == 25


@pytest.mark.usefixtures("beside_the_examples")
def test_the_python_of_off_boarding_runs(sandbox: Sandbox) -> None:
    """After the program of the page about off-boarding, the person no longer has the role."""
    page = ROOT / "docs" / "how-to" / "off-board-a-person.md"
    [program] = readme.blocks("python", page)
    with Css.from_env() as css:
        [person] = css.find_people(email="rurik.vance@example.com").people
    logins = {login.user.username for login in person.logins}
    for username in logins:
        sandbox.grant(101, "dev", "reviewer", username)
    exec(compile(program, page.name, "exec"), {})  # noqa: S102
    assert logins.isdisjoint(sandbox.members(101, "dev", "reviewer"))


class Workers(ThreadPoolExecutor):
    """Imitate dask's client with threads of this process."""

    def __init__(self, _: str) -> None:
        super().__init__(2)

    def get_executor(self, *, pure: bool) -> Workers:
        """Return an executor for work that is not cached, as dask does."""
        assert not pure
        return self


@pytest.mark.usefixtures("beside_the_examples")
def test_the_python_of_notebooks_runs(sandbox: Sandbox) -> None:
    """The programs of the page about notebooks show a table, and give a role through the workers of an executor."""
    shown, machines = readme.blocks("python", ROOT / "docs" / "notebooks.md")
    user = sandbox.world.usernames("idir")[-1]
    with Css.from_env() as css:
        dev = css.integration("Grants Portal").environment("dev")
        exec(compile(shown, "notebooks.md", "exec"), {"dev": dev})  # noqa: S102
    names = {"Client": Workers, "Css": Css, "grants": [(user, "reviewer")]}
    exec(compile(machines, "notebooks.md", "exec"), names)  # noqa: S102
    assert user in sandbox.members(101, "dev", "reviewer")


@pytest.mark.parametrize("document", readme.DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_run(document: Path, beside_the_examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands of a document, run one after the other in one sandbox, give the exit codes that it names."""
    for arguments, expected in readme.runnable(document):
        code = exit_code(arguments)
        assert code == expected, f"{arguments}: {capsys.readouterr().err}"


def test_the_examples_roster_has_rows_that_cannot_succeed(beside_the_examples: Path) -> None:
    """The example roster has rows that fail, and the file of results contains them."""
    assert exit_code(["roster", "apply", "examples/roster.csv"]) == 3
    result = beside_the_examples / "examples" / "roster.result.csv"
    assert "never logged in" in result.read_text(encoding="utf-8")


def test_every_target_is_explained() -> None:
    """Every make target has a description, and CONTRIBUTING names only targets that exist."""
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets
    explained = set(re.findall(r"`make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert explained <= targets
    assert {"test", "check", "generate", "spec", "build"} <= explained


def test_the_ci_runs_make_check_and_make_test() -> None:
    """The CI script runs `make check` and `make test`."""
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"make check", "make test"} <= set(gate)


def test_the_readme_works_on_an_index() -> None:
    """The README has no relative links, which a package index would break; its pictures exist and are described."""
    text = readme.README.read_text(encoding="utf-8")
    links = re.findall(r"(!?)\[([^\]]+)\]\(([^)]+)\)", text)
    pictures = [(described, picture) for is_picture, described, picture in links if is_picture]
    assert [picture for _, picture in pictures] == ["docs/pictures/terminal.svg", "docs/pictures/report.png"]
    assert all((ROOT / picture).is_file() and len(described) > 50 for described, picture in pictures)
    assert all(target.startswith("https://") for is_picture, _, target in links if not is_picture)
