"""The fixtures of the pytest plugin in projects of users."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points

import pytest

from tests.testing.conftest import counts_in, run_in

Run = Callable[[dict[str, str]], tuple[dict[str, int], str]]


def how_many_in(text: str) -> int:
    """Return the number of tests in a file, without counting parameters."""
    return sum(line.removeprefix("async ").startswith("def test_") for line in text.splitlines())


def test_the_files_of_the_documentation_work(run: Run, documented: dict[str, str]) -> None:
    """All files of the documentation's example project work as printed."""
    assert {"access.py", "test_access.py", "world.json"} < documented.keys()
    counts, printed = run(documented | {"conftest.py": BACKEND})
    assert counts == {"passed": sum(map(how_many_in, documented.values())) + 1}, printed


BACKEND = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


def test_a_script_and_its_test_need_no_configuration(run: Run, documented: dict[str, str]) -> None:
    """The script and its test in the documentation need no `conftest.py` and no settings."""
    names = ("access.py", "test_access.py")
    counts, printed = run({name: documented[name] for name in names})
    assert counts == {"passed": how_many_in(documented["test_access.py"])}, printed


FRESH = """
import asyncio
import time

import pytest
from css_sdk import RateLimited

@pytest.mark.parametrize("number", range(2))
def test_a_sandbox_of_its_own(css, css_sandbox, number):
    css.integration(101).environment("dev").roles.create("new")
    assert css_sandbox.roles(101, "dev") == {"reviewer", "approver", "admin", "new"}

def test_both_clients_have_one_sandbox(css, async_css):
    css.integration(101).environment("dev").roles.create("new")

    async def names():
        dev = (await async_css.integration(101)).environment("dev")
        return {role.name for role in await dev.roles.list()}

    assert "new" in asyncio.run(names())

def test_nobody_waits(css, css_sandbox):
    began = time.monotonic()
    css_sandbox.faults.add("429", times=3, retry_after=15)
    css.integrations()
    assert css_sandbox.count(status=429) == 3
    css_sandbox.faults.add("429", retry_after=3600)
    with pytest.raises(RateLimited):
        css.integrations(refresh=True)
    assert time.monotonic() - began < 10
"""


WORLDS = """
import json
from pathlib import Path

import pytest

DOCUMENT = json.loads(Path(__file__).with_name("world.json").read_text(encoding="utf-8"))

def test_the_world_of_the_folder(css):
    assert [found.project_name for found in css.integrations()] == ["Berths"]

PATHS = ["world.json", "../there/world.json", Path("world.json"), Path(__file__).with_name("world.json")]

@pytest.mark.parametrize("css_sandbox", [DOCUMENT, *PATHS], indirect=True)
def test_a_world_for_one_test(css):
    assert [found.project_name for found in css.integrations()] == ["Berths"]

@pytest.mark.parametrize("css_world", [DOCUMENT, None])
def test_a_world_by_its_name(css, css_world):
    assert len(css.integrations()) == (3 if css_world is None else 1)

@pytest.mark.parametrize("css_sandbox", [None], indirect=True)
def test_the_shipped_world_for_one_test(css):
    assert len(css.integrations()) == 3
"""
CONFTEST = """
import pytest

@pytest.fixture
def css_world():
    return "world.json"
"""


NO_WORLDS = """
import pytest

@pytest.mark.parametrize("css_world", ["nowhere.json", {"teams": []}, {"teams": [], "integrations": [], "users": []}])
def test_no_world(css):
    pass
"""


HARM = """
import httpx

def delete_two_dots(css_sandbox):
    credentials = css_sandbox.credentials()
    with httpx.Client(transport=css_sandbox.transport(), base_url=css_sandbox.api_url) as client:
        form = {"grant_type": "client_credentials"}
        auth = (credentials["client_id"], credentials["client_secret"])
        token = client.post(credentials["token_url"], data=form, auth=auth).json()["access_token"]
        client.delete("/integrations/101/dev/roles/%252E%252E", headers={"authorization": f"Bearer {token}"})

def test_harm(css_sandbox):
    delete_two_dots(css_sandbox)

def test_expected_harm(css_sandbox):
    delete_two_dots(css_sandbox)
    assert "whole client grants-portal-101" in css_sandbox.harm[0].why
    css_sandbox.harm.clear()
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, documented: dict[str, str]) -> str:
    """Return the output of one run of pytest in a project with several folders."""
    files = {
        "there/conftest.py": CONFTEST,
        "there/world.json": documented["world.json"],
        "there/test_worlds.py": WORLDS,
    }
    files |= {"fresh/test_fresh.py": FRESH, "wrong/test_no_world.py": NO_WORLDS, "harm/test_harm.py": HARM}
    return run_in(tmp_path_factory.mktemp("project"), files)[1]


def test_every_test_has_a_new_sandbox(printed: str) -> None:
    """Each test has a new sandbox, both clients of a test share it, and neither client waits between attempts."""
    assert counts_in(printed, "fresh/test_fresh.py") == {"passed": 4}, printed


def test_worlds_can_be_given_as_document_and_as_file(printed: str) -> None:
    """A world can be set for a folder or for one test, as a dictionary or as a path relative to the test."""
    assert counts_in(printed, "there/test_worlds.py") == {"passed": 9}, printed


def test_an_invalid_world_is_reported_in_one_line(printed: str) -> None:
    """An invalid world is reported in one line without a traceback into the plugin."""
    assert counts_in(printed, "wrong/test_no_world.py") == {"error": 3}
    for each in (
        "nowhere.json cannot be read: ",
        "the world cannot be used: it lacks 'integrations'\n",
        "the world cannot be used: it has no team\n",
    ):
        assert each in printed
    assert "testing.py" not in printed


def test_a_test_that_sends_a_harmful_request_fails(printed: str) -> None:
    """A test that sends a harmful request fails and names the request, unless the test clears the list."""
    assert counts_in(printed, "harm/test_harm.py") == {"passed": 2, "error": 1}
    assert "DELETE /api/v1/integrations/101/dev/roles/%252E%252E: deletes the whole client" in printed


def test_a_missing_extra_is_reported_in_one_line(run: Run) -> None:
    """If a package of the sandbox is missing, only tests that use it fail, with the command that installs it."""
    code = "def test_sandbox(css_sandbox): pass\ndef test_css(css): pass\ndef test_other(): pass\n"
    counts, printed = run({"conftest.py": "import sys\nsys.modules['jwt'] = None\n", "test_missing.py": code})
    assert counts == {"passed": 1, "error": 2}
    found = 'the sandbox needs jwt, which is not installed: pip install "css-sdk[sandbox]"'
    assert [line for line in printed.splitlines() if line.startswith("the sandbox")] == [found, found]
    assert "Traceback" not in printed
    assert "testing.py" not in printed


def test_the_plugin_loads_almost_nothing() -> None:
    """The plugin loads only the empty package besides what pytest loads, because pytest loads it everywhere."""
    code = (
        "import sys, pytest, typing, pathlib; before = {*sys.modules}; import css_sdk.testing;"
        "print(*sorted({*sys.modules} - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["css_sdk", "css_sdk.testing"]


def test_a_test_run_without_the_fixtures_loads_no_sandbox(run: Run) -> None:
    """A test run that uses none of the fixtures loads neither the sandbox nor an HTTP client."""
    code = """
        import sys

        def test_loaded():
            assert "css_sdk.testing" in sys.modules
            heavy = {"css_sdk.sandbox", "css_sdk.errors", "css_sdk_openapi", "httpx", "uvicorn", "jwt", "cryptography"}
            assert not heavy & sys.modules.keys()
    """
    counts, printed = run({"test_loaded.py": "\n".join(line[8:] for line in code.splitlines())})
    assert counts == {"passed": 1}, printed


def test_the_plugin_is_found_by_pytest() -> None:
    """The entry point of the installed package lets pytest find the plugin."""
    (found,) = entry_points(group="pytest11", name="css_sdk")
    assert found.value == "css_sdk.testing"


def test_the_world_of_the_documentation_is_json(documented: dict[str, str]) -> None:
    """The documentation's world is valid JSON and contains each kind of entry."""
    world = json.loads(documented["world.json"])
    assert world.keys() == {"teams", "integrations", "users", "roles", "grants"}
