"""The command line as its users meet it: its output, its streams and its exit codes."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

Run = Callable[..., int]


@pytest.fixture
def served(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Yield the sandbox while it is served on a socket."""
    with sandbox.serve():
        yield sandbox


@pytest.fixture
def run(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs a command against the sandbox on a socket and returns its exit code."""
    with sandbox.serve() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", value)
        yield lambda *arguments: exit_code([str(argument) for argument in arguments])


def test_whoami_shows_the_team(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`css whoami` shows the team, as a table and as JSON."""
    assert run("whoami") == 0
    assert "2016" in capsys.readouterr().out
    assert run("whoami", "--json") == 0
    assert json.loads(capsys.readouterr().out)["team_id"] == 2016


def test_lists_are_printed_as_a_table_or_as_json_lines(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands that list print a table, or one JSON object a line with `--json`, and both contain every row."""
    assert run("integrations") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["101", "Grants", "Portal", "dev,", "test,", "prod", "browser-login", "applied"]  # fmt: skip  # noqa: E501
    assert run("integrations", "--json") == 0
    assert [json.loads(line)["integration_id"] for line in capsys.readouterr().out.splitlines()] == [101, 102, 103]
    assert run("roles", "list", "-i", "Grants Portal", "-e", "dev", "--json") == 0
    place = {"integration_id": 101, "integration": "Grants Portal", "environment": "dev"}
    assert {**place, "role": "admin", "composite": True} in map(json.loads, capsys.readouterr().out.splitlines())


def test_control_characters_of_a_role_name_do_not_reach_the_terminal(
    run: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table contains no control characters of a role's name, because a terminal would obey them."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "evil\x1b[2Jrole")
    assert run("roles", "list", "-i", 101, "-e", "dev") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_assign_and_unassign_change_the_members_of_a_role(
    run: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css assign` gives a role to several users and a service account at once, and `css unassign` removes it."""
    user, other = usernames(sandbox, 20)[-2:]
    sandbox.create_role(GRANTS_PORTAL, "dev", "guest")
    place = ("-i", "Grants Portal", "-e", "dev", "-r", "guest")
    assert run("assign", *place, user, other, "--client-id", "fisheries-service-102") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "guest") == [user, other, "service-account-fisheries-service-102"]
    assert "3 done" in capsys.readouterr().err
    assert run("unassign", *place, user, "--yes") == 0
    assert "1 done" in capsys.readouterr().err
    assert user not in sandbox.members(GRANTS_PORTAL, "dev", "guest")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["assign", "-i", "Nope", "-e", "dev", "-r", "x", "{user}"], 4, "no Gold integration named 'Nope'"),
        (["assign", "-i", "104", "-e", "dev", "-r", "x", "{user}"], 4, "not Gold"),
        (["assign", "-i", "102", "-e", "test", "-r", "x", "{user}"], 4, "has no environment 'test'"),
        (["assign", "-i", "101", "-e", "dev", "-r", "..", "{user}"], 4, "cannot be addressed"),
        (
            ["assign", "-i", "101", "-e", "dev", "-r", "nope", "{user}"],
            1,
            "There is no role 'nope' in Grants Portal (#101) dev",
        ),
        (["assign", "-i", "101", "-e", "dev", "-r", "reviewer", "bob"], 64, "is not a username"),
        (
            ["assign", "-i", "101", "-e", "dev", "-r", "reviewer", "{user}", "0" * 32 + "@idir"],
            3,
            "Check the username",
        ),
        (["unassign", "-i", "101", "-e", "dev", "-r", "reviewer", "{held}"], 4, "pass --yes"),
        (["unassign", "-i", "101", "-e", "prod", "-r", "guest", "{user}", "--yes"], 4, "--allow-prod"),
        (["roles", "list", "-i", "Nope", "-e", "dev"], 4, "no Gold integration named 'Nope'"),
        (["roles", "list", "-e", "dev"], 64, "--integration"),
        (["assign", "-r", "x", "{user}"], 64, "--integration"),
        (["assign", "-i", "101", "-e", "dev", "{user}"], 64, "Name a role with --role"),
        (["assign", "-i", "101", "-e", "dev", "-r", "x"], 64, "Name the users"),
        (["asign"], 64, "There is no command"),
        (["whoami", "--loud"], 64, "No such option"),
    ],
)
def test_each_mistake_has_a_message_and_an_exit_code(
    run: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    """Each mistake of usage leads to a clear message and its exit code; nothing is removed and no role is given."""
    user = usernames(sandbox, 20)[-1]
    sandbox.create_role(GRANTS_PORTAL, "prod", "guest")
    sandbox.grant(GRANTS_PORTAL, "prod", "guest", user)
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[0]
    assert run(*[argument.format(user=user, held=held) for argument in arguments]) == code
    out, err = capsys.readouterr()
    assert said in out + err
    assert "Traceback" not in out + err
    assert asked(sandbox)["DELETE"] == 0
    assert user not in sandbox.members(GRANTS_PORTAL, "dev", "approver")


@pytest.mark.parametrize(
    ("command", "suggestion"),
    [
        ("apply roles.yaml --day 2027-03-31", ""),
        ("assign -r reviewer --yes", ""),
        ("roles list --env dev", " Did you mean '--environment'?"),
        ("roles list --JSON", " Did you mean '--json'?"),
        ("roles list --verbos", " Did you mean '--verbose'?"),
        ("--quite roles list", " Did you mean '--quiet'?"),
        ("roles list -x", ""),
    ],
)
def test_only_a_similar_option_is_suggested(
    run: Run, capsys: pytest.CaptureFixture[str], command: str, suggestion: str
) -> None:
    """A suggestion for an unknown option is similar without its hyphens, too: `--reason` is none for `--yes`."""
    unknown = next(word for word in command.split() if word.startswith("-") and word not in ("-r",))
    assert run(*command.split()) == 64
    [message, how] = capsys.readouterr().err.splitlines()
    assert message == f"css: No such option {unknown!r}.{suggestion}"
    assert how.startswith("To see how to use the command, run: css")


def test_missing_or_broken_credentials_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """css names what is wrong with missing, incomplete or invalid credentials or a silent host, without showing the
    secret.
    """
    for name in ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_CREDENTIALS_FILE", "CSS_TOKEN_URL", "CSS_API_URL"):
        monkeypatch.delenv(name, raising=False)
    assert exit_code(["whoami"]) == 64
    assert "There are no credentials. Set CSS_CLIENT_ID" in capsys.readouterr().err
    monkeypatch.setenv("CSS_CLIENT_ID", "service-account-team-1-2")
    assert exit_code(["whoami"]) == 64
    assert "CSS_CLIENT_SECRET is missing" in capsys.readouterr().err
    monkeypatch.delenv("CSS_CLIENT_ID")
    broken = tmp_path / "account.json"
    broken.write_text('{"clientSecret": "hush"', encoding="utf-8")
    monkeypatch.setenv("CSS_CREDENTIALS_FILE", str(broken))
    assert exit_code(["whoami"]) == 64
    err = capsys.readouterr().err
    assert "is not a JSON object" in err
    assert "hush" not in err
    content = {"clientId": "a", "clientSecret": "b", "tokenUrl": "http://127.0.0.1:9/token"}
    broken.write_text(json.dumps(content), encoding="utf-8")
    broken.chmod(0o600)
    monkeypatch.setenv("CSS_API_URL", "http://127.0.0.1:9/api/v1")
    monkeypatch.setattr("random.random", lambda: 0.0)  # no wait between attempts
    assert exit_code(["whoami"]) == 1
    assert "no connection" in capsys.readouterr().err


def test_a_closed_pipe_is_not_an_error(sandbox: Sandbox) -> None:
    """If the reader closes the pipe early, as `head -0` does, css ends without a message and with exit code 0."""
    with sandbox.serve() as server:
        environ = {f"CSS_{name.upper()}": value for name, value in server.credentials().items()}
        process = subprocess.Popen(
            [sys.executable, "-m", "css_sdk.cli", "integrations"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait(60) == 0


def test_an_unexpected_error_is_one_line_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unexpected error is reported in one line with exit code 3. With CSS_DEBUG, the traceback is shown."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("css_sdk.Css.from_env", broken)
    assert exit_code(["whoami"]) == 3
    assert "Unexpected ValueError: a bug" in capsys.readouterr().err
    monkeypatch.setenv("CSS_DEBUG", "1")
    with pytest.raises(ValueError, match="a bug"):
        exit_code(["whoami"])


def test_help_loads_no_http_client() -> None:
    """`css --help` loads neither httpx nor the generated client nor attrs, so that it starts fast."""
    code = "import sys; from css_sdk.cli import exit_code; exit_code(['--help']); print({'httpx','css_sdk_openapi','attrs'} & set(sys.modules), file=sys.stderr)"  # noqa: E501
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr.strip() == "set()"


def test_the_sandbox_writes_variables_for_a_shell(tmp_path: Path) -> None:
    """`css sandbox --env-file` writes the variables with which another terminal reaches the sandbox."""
    file = tmp_path / "sandbox.env"
    command = [sys.executable, "-m", "css_sdk.cli", "sandbox", "--port", "0", "--env-file", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        lines = file.read_text(encoding="utf-8").splitlines()
        process.terminate()
        assert process.wait(60) == 0
    assert f"export CSS_API_URL={ready['api_url']}" in lines
    assert len(lines) == 13


def test_one_assignment_takes_four_requests_and_a_second_one_is_not_reported_as_done(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """An assignment takes four requests: token, integrations, the user's roles, and the write. A second one writes
    nothing.
    """
    user = usernames(sandbox, 20)[-1]
    arguments = ("-i", 101, "-e", "dev", "-r", "reviewer", user, "--json")
    for code, state, requests in [
        ("assign", "done", {"token": 1, "GET": 2, "POST": 1}),
        ("assign", "already has it", {"token": 1, "GET": 2}),
        ("unassign", "done", None),
        ("unassign", "does not have it", {"token": 1, "GET": 3}),
    ]:
        sandbox.clear_requests()
        capsys.readouterr()
        assert run_css(code, *arguments, *(["--yes"] if code == "unassign" else [])) == 0
        out, err = capsys.readouterr()
        assert [json.loads(line)["state"] for line in out.splitlines()] == [state]
        assert err.splitlines()[0] == f"1 {state}"
        assert requests is None or asked(sandbox) == requests


def test_a_role_that_does_not_exist_is_not_reported_as_removed(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the role of `css unassign` does not exist, css reports an error instead of a success."""
    user = usernames(sandbox, 20)[-1]
    assert run_css("unassign", "-i", 101, "-e", "dev", "-r", "reviwer", user, "--yes") == 1
    assert "There is no role 'reviwer' in Grants Portal (#101) dev" in capsys.readouterr().out


def test_children_that_need_no_change_are_not_reported_as_done(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css composites` reports children that need no change as such, and writes nothing."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "other")
    place = ("-i", 101, "-e", "dev", "--json")
    for words, state in [("add admin reviewer", "already a child"), ("remove admin other", "is not a child")]:
        assert run_css("composites", *words.split(), *place) == 0
        assert [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()] == [state]
    assert asked(sandbox).keys() == {"token", "GET"}


@pytest.mark.parametrize(
    "words",
    [
        ["assign", "-i", "101", "-e", "dev", "-r", "reviewer"],
        ["unassign", "-i", "101", "-e", "dev", "-r", "reviewer", "--yes"],
        ["members", "set", "-i", "101", "-e", "dev", "reviewer", "--yes"],
        ["people", "roles"],
        ["people", "remove"],
    ],
    ids=lambda words: "-".join(words[:2]),
)
@pytest.mark.parametrize("provider", ["idir", "azureidir", "bceidbasic", "bceidbusiness", "bceidboth"])
def test_a_guid_that_lacks_a_digit_is_refused_before_anything_is_sent(
    run: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], words: list[str], provider: str
) -> None:
    """A GUID that lacks a digit is refused before anything is sent, instead of being reported as never logged in."""
    assert run(*words, f"{'0f3a' * 7}0f3@{provider}") == 64
    assert "its GUID has 31 characters, but must have 32 hex digits" in capsys.readouterr().err
    assert asked(sandbox) == {}


@pytest.mark.parametrize("words", [["tobias"], ["tobias", "--provider", "idir"], ["123456", "--provider", "idir"]])
def test_a_name_is_refused_where_a_guid_is_needed(
    run: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """`css people roles` refuses a name or a short number in place of a complete GUID, and sends nothing."""
    assert run("people", "roles", *words) == 64
    assert "characters, but must have 32 hex digits" in capsys.readouterr().err
    assert asked(sandbox) == {}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["assign", "-i", "Grants Portal", "-e", "dev", "-r", "reviwer", "{user}"], 1),
        (["members", "list", "-i", "Grants Portal", "-e", "dev", "reviwer"], 1),
        (["roles", "create", "-i", "Grants Portal", "-e", "dev", "reviewer"], 1),
        (["composites", "add", "-i", "Grants Portal", "-e", "dev", "reviewer", "reviewer"], 4),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_the_command_that_an_error_suggests_can_be_run(
    run: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], words: list[str], code: int
) -> None:
    """The command that an error suggests names the integration and environment, is quoted for a shell, and works."""
    user = usernames(sandbox, 20)[-1]
    assert run(*[word.format(user=user) for word in words]) == code
    leads_on = capsys.readouterr().err.rpartition("run: css ")[2].splitlines()[0]
    assert leads_on.endswith("-i 'Grants Portal' -e dev")
    assert run(*shlex.split(leads_on)) == 0


def test_a_failed_row_of_a_roster_suggests_a_command_for_its_own_environment(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], sandbox: Sandbox
) -> None:
    """If a row of a roster fails, the suggested command names the integration and environment of that row."""
    roster = tmp_path / "r.csv"
    user = usernames(sandbox, 20)[-1]
    roster.write_text(f"username,role,integration,environment\n{user},nope,Grants Portal,dev\n", encoding="utf-8")
    assert run("roster", "apply", roster) == 3
    assert "run: css roles list -i 101 -e dev\n" in capsys.readouterr().err
