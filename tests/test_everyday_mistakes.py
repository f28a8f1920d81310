"""Everyday mistakes: the whole output of each, and a check that it names a next step that exists.

The output of each mistake is stored beside this test, in `everyday_mistakes/NAME.txt`. When a message changes on
purpose, remove its file and run the test: it fails once, and writes the file again for review.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest

from css_sdk.cli import css
from css_sdk.sandbox import Sandbox
from tests import readme
from tests.support import GRANTS_PORTAL, usernames

Run = Callable[..., int]
STORED = Path(__file__).parent / "everyday_mistakes"
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
NEW = "5167d622cb14de629107a324433cffaf@idir"
NOBODY = "0" * 32 + "@idir"
DEV = "-i 101 -e dev"
PROD = "-i 101 -e prod"


@dataclass(frozen=True)
class Mistake:
    """A mistake: the words of a command, its exit code, and the preparations.

    Attributes:
        words: of the command, separated by blanks; `_` stands for a blank in a word.
        code: the exit code.
        before: a command that is run before.
        files: the content of files, by name.
        variables: variables to set, or to remove if the value is None.
        fault: arguments of a fault of the sandbox.
        typed: the input on a terminal.
    """

    words: str
    code: int
    before: str = ""
    files: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str | None] = field(default_factory=dict)
    fault: dict[str, object] = field(default_factory=dict)
    typed: str | None = None


def roster(*lines: str, header: str = "username,role") -> dict[str, str]:
    """Return a roster of these lines as a file."""
    return {"roster.csv": "\n".join([header, *lines, ""])}


def roles(text: str) -> dict[str, str]:
    """Return a roles file about dev of integration 101; `text` are its roles, as YAML on one line."""
    return {
        "roles.yaml": "version: 1\nintegrations:\n  - integration: 101\n    environments:\n"
        f"      dev: {{roles: {text}}}\n"
    }


TWO_NO_USERNAMES = ("ilse.hargreave@example.com,reviewer", "bob,reviewer")
NO_CREDENTIALS: dict[str, str | None] = dict.fromkeys(("CSS_CLIENT_ID", "CSS_CLIENT_SECRET"))
FROM_A_FILE = {
    **NO_CREDENTIALS,
    "CSS_TOKEN_URL": None,
    "CSS_API_URL": None,
    "CSS_CREDENTIALS_FILE": "team.json",
}

MISTAKES = {
    # People
    "address-for-username": Mistake(f"assign {DEV} -r reviewer ilse.hargreave@example.com", 64),
    "guid-without-provider": Mistake(f"assign {DEV} -r reviewer 0f3ac87806aa7f215a7c0d4cc4d9e799", 64),
    "mistyped-guid": Mistake(f"assign {DEV} -r reviewer {NOBODY}", 1),
    "guid-too-short": Mistake(f"assign {DEV} -r reviewer 0f3ac87806aa7f215a7c0d4cc4d9e79@idir", 64),
    "mistyped-provider": Mistake(f"assign {DEV} -r reviewer 0f3ac87806aa7f215a7c0d4cc4d9e799@idri", 64),
    "provider-without-roles": Mistake(f"assign {DEV} -r reviewer 0f3ac87806aa7f215a7c0d4cc4d9e799@bcservicescard", 4),
    "mistyped-client-id": Mistake(f"assign {DEV} -r reviewer --client-id fisheries-service-120", 1),
    "nobody-named": Mistake(f"assign {DEV} -r reviewer", 64),
    "one-of-two-unknown": Mistake(f"assign {DEV} -r reviewer {NEW} {NOBODY}", 3),
    # The role
    "mistyped-role": Mistake(f"assign {DEV} -r reviwer {NEW}", 1),
    "role-in-capitals": Mistake(f"assign {DEV} -r Reviewer {NEW}", 1),
    "no-role": Mistake(f"assign {DEV} {NEW}", 64),
    "role-forgotten-option": Mistake(f"assign {DEV} reviewer {NEW}", 64),
    "remove-mistyped-role": Mistake(f"unassign {DEV} -r reviwer {MAREN} --yes", 1),
    "members-of-mistyped-role": Mistake(f"members list {DEV} reviwer", 1),
    # The integration and the environment
    "mistyped-integration": Mistake(f"assign -i Grants_Portl -e dev -r reviewer {NEW}", 4),
    "unknown-integration-id": Mistake("roles list -i 999 -e dev", 4),
    "not-gold": Mistake("roles list -i 104 -e dev", 4),
    "environment-not-there": Mistake("roles list -i 102 -e test", 4),
    "environment-misspelt": Mistake("roles list -i 101 -e production", 4),
    "environment-in-capitals": Mistake("roles list -i 101 -e DEV", 4),
    "environment-forgotten": Mistake("roles list -i 101", 64),
    "integration-forgotten": Mistake("roles list -e dev", 64),
    # Questions
    "removal-in-a-script": Mistake(f"unassign {DEV} -r reviewer {MAREN}", 4),
    "prod-in-a-script": Mistake(f"roles create {PROD} auditor", 4),
    "removal-in-prod-in-a-script": Mistake(
        f"roles delete {PROD} old", 4, before=f"roles create {PROD} old --allow-prod"
    ),
    "answered-no": Mistake(f"unassign {DEV} -r reviewer {MAREN}", 4, typed="n\n"),
    "typed-another-name": Mistake(f"roles create {PROD} auditor", 4, typed="grants\n"),
    "question-not-answered": Mistake(f"roles delete {DEV} approver", 130, typed=""),
    # Roles
    "role-exists": Mistake(f"roles create {DEV} reviewer", 1),
    "role-of-dots": Mistake(f"roles create {DEV} ..", 4),
    "role-too-long": Mistake(f"roles create {DEV} {'very-long-' * 30}", 4),
    "delete-missing-role": Mistake(f"roles delete {DEV} auditor --yes", 1),
    "rename-missing-role": Mistake(f"roles rename {DEV} auditor examiner", 1),
    "rename-to-another-role": Mistake(f"roles rename {DEV} reviewer approver", 1),
    "roles-without-verb": Mistake(f"roles {DEV}", 64),
    "composite-circle": Mistake(f"composites add {DEV} reviewer admin", 4),
    "composite-of-itself": Mistake(f"composites add {DEV} admin admin", 4),
    "composite-missing-child": Mistake(f"composites add {DEV} admin auditor", 1),
    "composites-emptied": Mistake(f"composites set {DEV} admin --yes", 4),
    "members-emptied": Mistake(f"members set {DEV} reviewer --yes", 4),
    "too-many-removals": Mistake(f"members set {DEV} guest {ILSE} --yes", 4),
    # Rosters
    "roster-missing": Mistake(f"roster apply nowhere.csv {DEV}", 64),
    "roster-unknown-column": Mistake(f"roster check roster.csv {DEV}", 64, files=roster("a,b", header="usr,role")),
    "roster-without-header": Mistake(f"roster check roster.csv {DEV}", 64, files={"roster.csv": f"{NEW},reviewer\n"}),
    "roster-address-as-username": Mistake(f"roster check roster.csv {DEV}", 64, files=roster(*TWO_NO_USERNAMES)),
    "roster-without-place": Mistake("roster check roster.csv", 64, files=roster(f"{NEW},reviewer")),
    "roster-other-place": Mistake(
        f"roster apply roster.csv {DEV}", 64, files=roster(f"{NEW},reviewer,prod", header="username,role,environment")
    ),
    "roster-unknown-action": Mistake(
        f"roster apply roster.csv {DEV}", 64, files=roster(f"{NEW},reviewer,remove", header="username,role,action")
    ),
    "roster-contradiction": Mistake(
        f"roster apply roster.csv {DEV}",
        64,
        files=roster(f"{NEW},reviewer,grant", f"{NEW},reviewer,revoke", header="username,role,action"),
    ),
    "roster-as-spreadsheet": Mistake(
        f"roster apply roster.xlsx {DEV}", 64, files={"roster.xlsx": "PK\x03\x04\x14\x00\x06\x00"}
    ),
    "roster-unknown-person": Mistake(
        f"roster apply roster.csv {DEV}",
        3,
        files=roster("nobody@example.com,reviewer", "ilse.hargreave@example.com,reviewer", header="email,role"),
    ),
    "roster-exact-and-empty": Mistake(
        f"roster apply roster.csv {DEV} --exact --yes", 4, files={"roster.csv": "username,role\n"}
    ),
    "roster-limit-without-exact": Mistake(
        f"roster apply roster.csv {DEV} --max-removals 3", 64, files=roster(f"{NEW},reviewer")
    ),
    "roster-result-in-no-folder": Mistake(
        f"roster apply roster.csv {DEV} --result out/r.csv", 64, files=roster(f"{NEW},reviewer")
    ),
    # Roles as code
    "yaml-with-a-tab": Mistake("validate roles.yaml", 64, files={"roles.yaml": "version: 1\n\tintegrations: []\n"}),
    "yaml-unknown-key": Mistake("validate roles.yaml", 64, files={"roles.yaml": "version: 1\nintegration: []\n"}),
    "plan-of-a-roster": Mistake("plan roster.csv", 64, files=roster(f"{NEW},reviewer")),
    "plan-of-nothing": Mistake("plan nowhere.yaml", 64),
    "plan-over-another-file": Mistake(
        "plan roles.yaml --out notes.json", 64, files={**roles("[auditor]"), "notes.json": "mine"}
    ),
    "apply-in-a-script": Mistake("apply roles.yaml", 4, files=roles("[auditor]")),
    "apply-a-stale-plan": Mistake(
        "apply plan.json --yes", 5, before="plan roles.yaml --out plan.json", files=roles("[auditor]")
    ),
    "apply-for-an-unknown-person": Mistake(
        "apply roles.yaml --yes", 3, files=roles("[{name: reviewer, members: [{email: nobody@example.com}]}]")
    ),
    "apply-with-prune-of-a-plan": Mistake(
        "apply plan.json --prune --yes", 64, before="plan roles.yaml --out plan.json", files=roles("[auditor]")
    ),
    "apply-a-journal": Mistake(
        "apply changes.jsonl --yes", 64, before=f"roles create {DEV} auditor --journal changes.jsonl"
    ),
    "undo-a-plan": Mistake(
        "undo plan.json --yes", 64, before="plan roles.yaml --out plan.json", files=roles("[auditor]")
    ),
    "journal-exists": Mistake(
        f"roles create {DEV} inspector --journal changes.jsonl",
        64,
        before=f"roles create {DEV} auditor --journal changes.jsonl",
    ),
    "promote-to-itself": Mistake("promote -i 101 --from dev --to dev", 64),
    "promote-bad-rename": Mistake("promote -i 101 --from dev --to test --rename admin", 64),
    # People
    "find-without-a-term": Mistake("people find", 64),
    "find-nobody": Mistake("people find --email nobody@example.com", 1),
    "find-part-of-a-guid": Mistake("people find --guid 0f3ac8", 64),
    "find-by-one-letter": Mistake("people find --email i", 64),
    "find-an-unknown-name": Mistake("people find tobias.hargreave -e dev", 1),
    "remove-a-first-name": Mistake("people remove tobias.hargreave", 64),
    "profile-without-a-file": Mistake(
        "--profile grants whoami", 64, variables={**NO_CREDENTIALS, "CSS_CONFIG_FILE": "config.toml"}
    ),
    "roles-of-a-first-name": Mistake("people roles tobias", 64),
    "roles-of-nobody": Mistake("people roles nobody@example.com", 1),
    # Reports, logs, tokens
    "report-without-format": Mistake("report --output who", 64),
    "report-over-another-file": Mistake("report --output notes.csv", 64, files={"notes.csv": "mine\n"}),
    "logs-unreadable-time": Mistake(f"logs {DEV} --since yesterday", 64),
    "logs-back-to-front": Mistake(f"logs {DEV} --since 2026-11-02 --until 2026-11-01", 64),
    "token-as-an-argument": Mistake("token verify --audience account eyJhbGciOi", 64),
    "token-of-no-system": Mistake("token", 64),
    # The command line itself
    "mistyped-command": Mistake(f"asign {DEV} -r reviewer {NEW}", 64),
    "mistyped-option": Mistake(f"roles list {DEV} --jsn", 64),
    # Credentials and the service
    "no-credentials": Mistake("whoami", 64, variables=NO_CREDENTIALS),
    "half-credentials": Mistake("whoami", 64, variables={"CSS_CLIENT_SECRET": None}),
    "wrong-secret": Mistake("whoami", 1, variables={"CSS_CLIENT_SECRET": "wrong"}),
    "quotes-around-the-secret": Mistake("whoami", 64, variables={"CSS_CLIENT_SECRET": '"secret"'}),
    "credentials-file-missing": Mistake("whoami", 64, variables=FROM_A_FILE),
    "credentials-file-not-json": Mistake("whoami", 64, files={"team.json": "clientId: a"}, variables=FROM_A_FILE),
    "plain-http": Mistake("whoami", 64, variables={"CSS_API_URL": "http://api.example/api/v1"}),
    "address-of-something-else": Mistake("integrations", 1, variables={"CSS_API_URL": "http://localhost/nothing"}),
    "too-many-log-calls": Mistake(
        f"logs {DEV} --since 2026-11-01 --until 2026-11-02",
        1,
        fault={"kind": "429", "path": "*/logs", "retry_after": 1800},
    ),
}


class Terminal(io.StringIO):
    """Input that is typed on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def made(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[Mistake], str]:
    """Return a function that makes a mistake and returns its output as a user sees it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("random.random", lambda: 0.0)  # no wait between attempts
    sandbox.create_role(GRANTS_PORTAL, "dev", "guest")
    sandbox.grant(GRANTS_PORTAL, "dev", "guest", *usernames(sandbox, 12))

    def make(mistake: Mistake) -> str:
        for name, content in mistake.files.items():
            Path(name).write_text(content, encoding="utf-8")
        if mistake.before:
            assert run_css(*mistake.before.split()) == 0
            if mistake.code == 5:
                sandbox.create_role(GRANTS_PORTAL, "dev", "auditor")
        for name, value in mistake.variables.items():
            if value is None:
                monkeypatch.delenv(name)
            else:
                monkeypatch.setenv(name, value)
        for path in Path().glob("*.json"):
            path.chmod(0o600)
        if mistake.fault:
            sandbox.faults.add(**mistake.fault)  # type: ignore[arg-type]
        if mistake.typed is not None:
            monkeypatch.setattr("sys.stdin", Terminal(mistake.typed))
        capsys.readouterr()
        words = [word.replace("_", " ") for word in mistake.words.split()]
        code = run_css(*words)
        out, err = capsys.readouterr()
        shown = " ".join(f'"{word}"' if " " in word else word for word in words)
        parts = [f"$ css {shown}\n", f"# exit code {code}\n", "# stdout\n" if out else "", out, "# stderr\n", err]
        return _without_what_differs("".join(parts))

    return make


def _without_what_differs(text: str) -> str:
    text = re.sub(r"\d{8}T\d{6}\.\d{6}Z", "TIME", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "ID", text)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_output_of_a_mistake_matches_the_stored_one(made: Callable[[Mistake], str], name: str) -> None:
    """Each mistake leads to the exit code in the table and to the output that is stored beside this test."""
    found = made(MISTAKES[name])
    assert f"# exit code {MISTAKES[name].code}\n" in found, found
    file = STORED / f"{name}.txt"
    if not file.exists():
        file.write_text(found, encoding="utf-8")
        pytest.fail(f"{file} was written: read it, and keep it if every message is right.")
    assert found == file.read_text(encoding="utf-8")


def test_there_are_sixty_mistakes_and_no_stored_output_is_left_over() -> None:
    """There are at least sixty mistakes, and each stored output belongs to one of them."""
    assert len(MISTAKES) >= 60
    assert {file.stem for file in STORED.glob("*.txt")} == set(MISTAKES)


def options_of(command: click.Command) -> set[str]:
    """Return all names of the options of a command."""
    named = {name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts}
    return named | {"--help", "-h"}


def command_in(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that the words call, and the words that are left."""
    found: click.Command = css
    while words and isinstance(found, click.Group):
        below = found.get_command(click.Context(found), words[0])
        if below is None:
            break
        found, words = below, words[1:]
    return found, words


def commands_named_in(text: str) -> Iterator[tuple[click.Command, str]]:
    """Yield each command that a text names, as `css NOUN VERB`, with the rest of its line."""
    for line in re.findall(r"\bcss ((?:[a-z-]+ ?)+.*)", text):
        found, words = command_in(line.rstrip(".").split())
        yield found, " ".join(words)


VARIABLES = re.compile(r"\b(?:CSS_[A-Z_]+|HTTPS_PROXY|NO_PROXY|SSL_CERT_FILE)\b")
OPTIONS = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
FILES = re.compile(r"\.(?:csv|yaml|jsonl|json):\d+:|or - for standard input|[Ss]ave (?:it|the sheet) as «CSV UTF-8»")
"""Patterns that name a line of the file, or say what to do with the file itself."""
CHOICES = re.compile(r"The (?:roles|integrations) are: '|It has: |(?:Use another|Choose a shorter) name")
"""A pattern that lists the names to choose from, or says which name to choose."""
OWN_CHOICE = ("answered-no", "question-not-answered")
"""Mistakes in which the user decided against the change, so that no next step is needed."""


@pytest.mark.parametrize("name", MISTAKES)
def test_a_message_names_a_next_step_that_exists(name: str) -> None:
    """Each message names an option, a variable, a command, a line of a file or existing names as the next step, and
    each of them exists.
    """
    text = (STORED / f"{name}.txt").read_text(encoding="utf-8")
    line, _, said = text.partition("\n")
    _, _, said = said.partition("\n")
    command, _ = command_in(line.removeprefix("$ css ").split())
    documented = "\n".join(document.read_text(encoding="utf-8") for document in readme.DOCUMENTS)
    named = list(commands_named_in(said))
    for each, rest in named:
        assert each is not css or rest.startswith("--"), f"css has no command {rest!r}"
        assert set(OPTIONS.findall(rest)) <= options_of(each) | options_of(command)
    known = options_of(command).union(*(options_of(each) for each, _ in named))
    options = set(OPTIONS.findall(said.replace("docker's --env-file", "")))
    assert options - known <= set(line.split()), "only a mistyped option is repeated"
    variables = set(VARIABLES.findall(said))
    assert all(variable in documented for variable in variables)
    leads_on = bool(options & known or variables or named or re.search(FILES, said) or re.search(CHOICES, said))
    assert leads_on is (name not in OWN_CHOICE), said


def test_a_command_to_copy_ends_its_line() -> None:
    """The class of an error never stands behind a command, because users would copy it with the command."""
    for file in STORED.glob("*.txt"):
        assert not re.search(r"[Rr]un: .* \[[A-Z]\w+\]$", file.read_text(encoding="utf-8"), re.MULTILINE), file.name


def test_no_message_shows_python_or_a_traceback() -> None:
    """No stored message shows a traceback or a name of the Python API."""
    for file in STORED.glob("*.txt"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"Traceback|find_one|ServiceAccount\(|=True|NoneType|unexpected \w+Error", text), file.name
