"""`css roster` checks and applies a file that says who must have which role where."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from css_sdk.sandbox import Sandbox
from tests.people_world import person
from tests.support import FISHERIES, GRANTS_PORTAL, asked, json_rows, usernames

Run = Callable[..., int]
DEV = ("-i", 101, "-e", "dev")


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the waits between attempts."""
    monkeypatch.setattr("random.random", lambda: 0.0)


def write(path: Path, *lines: str) -> Path:
    """Write a CSV file of these lines and return its path."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_apply_carries_out_a_roster_and_writes_the_results(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css roster apply` grants and revokes for people named in every way, and applying its results retries only the
    rest.
    """
    guid, person, held = usernames(sandbox, 20)[-3:]
    sandbox.create_role(FISHERIES, "dev", "reader")
    sandbox.grant(FISHERIES, "dev", "reader", held)
    roster = write(
        tmp_path / "roster.csv",
        "username;guid;email;client_id;role;integration;environment;action",
        f"{person};;;;reader;Fisheries Service;dev;",
        f";{guid.partition('@')[0]};;;reader;102;dev;grant",
        ";;tidepool@example.org;;reader;102;dev;",
        ";;front.counter@example.com;;reader;102;dev;",
        ";;;fisheries-service-102;reader;102;dev;",
        f"{held};;;;reader;102;dev;revoke",
        "00000000000000000000000000000000@idir;;;;reader;102;dev;",
        f"{person};;;;reader;Nope;dev;",
    )
    assert (
        run_css("roster", "apply", roster, "--provider", "idir", "--provider", "githubpublic", "--yes", "--json") == 3
    )
    rows = json_rows(capsys)
    assert [(row["line"], row["state"]) for row in rows] == [
        (2, "done"), (3, "done"), (4, "done"), (5, "ambiguous"), (6, "done"), (7, "done"), (8, "never logged in"),
        (9, "failed"),
    ]  # fmt: skip
    members = sandbox.members(FISHERIES, "dev", "reader")
    assert {person, guid, "service-account-fisheries-service-102"} < set(members)
    assert held not in members
    result = roster.with_suffix(".result.csv")
    with result.open(encoding="utf-8", newline="") as file:
        assert [row["outcome"] for row in csv.DictReader(file)][3] == "ambiguous"
    before = asked(sandbox)
    assert run_css("roster", "apply", result, "--json") == 3
    rows = json_rows(capsys)
    assert [row["line"] for row in rows] == [5, 8, 9]
    # A read shows whether a person is known: css sends no write for those who are not.
    assert (asked(sandbox) - before)["POST"] == 0


def test_a_roster_with_faults_is_refused_completely(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a roster has faults, css reports all of them with their lines and sends nothing."""
    roster = write(
        tmp_path / "roster.csv",
        "username,role,integration,environment",
        f"{usernames(sandbox, 1)[0]},reviewer,101,dev",
        "bob,reviewer,101,dev",
        f"{usernames(sandbox, 1)[0]},..,101,qa",
    )
    assert run_css("roster", "apply", roster) == 64
    err = capsys.readouterr().err
    assert "roster.csv:3:" in err
    assert err.count("roster.csv:4:") == 2
    assert asked(sandbox) == {}
    assert run_css("roster", "apply", write(tmp_path / "other.csv", "who,what", "a,b")) == 64
    assert "a roster has no column 'who'" in capsys.readouterr().err


def test_a_roster_with_a_revocation_needs_yes(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal and `--yes`, a roster with a revocation is refused, and its other rows are not
    applied either.
    """
    user = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[0]
    roster = write(tmp_path / "r.csv", "username,role,action", f"{user},reviewer,revoke", f"{user},approver,grant")
    assert run_css("roster", "apply", roster, "-i", 101, "-e", "dev") == 4
    assert (
        f"1 user loses the role 'reviewer' in Grants Portal (#101) dev: Maren Fairweather {user}"
        in capsys.readouterr().err
    )
    assert asked(sandbox).keys() == {"token", "GET"}


def test_a_result_file_that_cannot_be_written_is_reported_before_anything_is_sent(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the file of results cannot be written, css reports this, names `--result` and sends nothing."""
    roster = write(tmp_path / "r.csv", "username,role", f"{usernames(sandbox, 1)[0]},reviewer")
    for result in (tmp_path / "nowhere" / "x.csv", tmp_path):
        assert run_css("roster", "apply", roster, "-i", 101, "-e", "dev", "--result", result) == 64
        err = capsys.readouterr().err
        assert "cannot be written: " in err
        assert "Nothing was sent. Name another file with --result." in err
    assert asked(sandbox) == {}


def test_applying_a_result_file_updates_it(run_css: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """If a corrected file of results is applied, css writes the new results into the same file."""
    roster = write(tmp_path / "r.csv", "email,role", "nobody@example.com,reviewer", "saltwind@example.org,reviewer")
    place = ("-i", 101, "-e", "dev")
    assert run_css("roster", "apply", roster, *place, "--provider", "githubpublic") == 3
    result = tmp_path / "r.result.csv"
    sandbox.create_role(GRANTS_PORTAL, "dev", "late")
    fixed = result.read_text(encoding="utf-8-sig").replace("nobody@example.com", "pine-marten@example.org")
    result.write_text(fixed, encoding="utf-8")
    assert run_css("roster", "apply", result, *place, "--provider", "githubpublic") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.result.csv"]
    assert "never logged in" not in result.read_text(encoding="utf-8-sig")


def test_rows_that_are_done_stay_in_the_result_file(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a result file is applied, css names the rows that it leaves out, and keeps them as somebody edited them."""
    first, second = usernames(sandbox, 2)
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[0]
    roster = write(
        tmp_path / "r.csv", "username,email,role", f"{first},,reviewer", f"{held},,reviewer", ",x@y.org,reviewer"
    )
    assert run_css("roster", "apply", roster, *DEV) == 3
    result = tmp_path / "r.result.csv"
    edited = result.read_text(encoding="utf-8-sig").replace(held, second).replace("x@y.org", "saltwind@example.org")
    result.write_text(edited, encoding="utf-8")
    for command in ("check", "apply"):
        capsys.readouterr()
        run_css("roster", command, result, *DEV, "--provider", "githubpublic")
        assert (
            "css leaves out rows that are done according to the column 'outcome': lines 2, 3."
            in capsys.readouterr().err
        )
    lines = list(csv.DictReader(result.read_text(encoding="utf-8-sig").splitlines()))
    assert [line["username"] or line["email"] for line in lines] == [first, second, "saltwind@example.org"]
    assert [line["outcome"] for line in lines] == ["done", "already has it", "done"]
    content = result.read_bytes()
    assert run_css("roster", "apply", result, *DEV) == 0
    assert result.read_bytes() == content
    assert second not in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")


def test_a_roster_can_be_read_from_standard_input(sandbox: Sandbox) -> None:
    """`-` reads a roster from standard input in UTF-8, and css writes no file of results for it."""
    with sandbox.serve() as server:
        environ = {f"CSS_{name.upper()}": value for name, value in server.credentials().items()}
        done = subprocess.run(
            [sys.executable, "-m", "css_sdk.cli", "roster", "apply", "-", "-i", "101", "-e", "dev", "--json"],
            env=environ | {"PYTHONIOENCODING": "cp1252", "CSS_JOURNAL": "off"},
            input="username;role\n" + usernames(sandbox, 1)[0] + ";ᐁᓀᐦ\n",
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["role"] == "ᐁᓀᐦ"
    assert "result" not in done.stderr


def test_a_check_offline_sends_nothing(run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: Any) -> None:
    """`css roster check` without `--online` prints the number of valid rows or all faults, and sends nothing."""
    user = usernames(sandbox, 1)[0]
    good = write(tmp_path / "r.csv", "username,role", f"{user},reviewer", f"{user},approver")
    assert run_css("roster", "check", good, *DEV) == 0
    assert capsys.readouterr() == (
        "2 rows fine\n",
        "css read only the file. To look up people and roles, pass --online.\n",
    )
    assert run_css("roster", "check", good, *DEV, "--json") == 0
    assert json_rows(capsys) == [{"file": str(good), "rows": 2, "state": "fine"}]
    bad = write(tmp_path / "r.jsonl", json.dumps({"username": user, "role": "reviewer"}), '{"role": 5, "x": "y"}', "[]")
    assert run_css("roster", "check", bad, *DEV) == 64
    err = capsys.readouterr().err
    assert "r.jsonl has 3 faults. Nothing was sent" in err
    assert [line.split(":")[1] for line in err.splitlines() if line.startswith(f"  {bad}:")] == ["2", "2", "3"]
    assert asked(sandbox) == {}


def test_an_online_check_shows_the_state_of_each_row(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """css looks up everything once, writes nothing, and shows which rows are to do and which need no change."""
    holder, other = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[0], usernames(sandbox, 20)[-1]
    nobody = "0" * 32 + "@idir"
    roster = write(
        tmp_path / "r.csv",
        "username,email,role,integration,action",
        f"{holder},,reviewer,101,",
        f"{other},,reviewer,Grants Portal,",
        f"{other},,reviewer,101,revoke",
        f"{nobody},,reviewer,101,",
        f"{nobody},,approver,101,",
        ",front.counter@example.com,reviewer,101,",
        ",saltwind@example.org,reviewer,101,",
        ",nobody@example.org,reviewer,101,",
        f"{other},,archivist,101,",
        f"{other},,reviewer,104,",
        f"{other},,reviewer,Nope,",
    )
    assert run_css("roster", "check", roster, "-e", "dev", "--online", "--json") == 3
    rows = json_rows(capsys)
    assert [(row["line"], row["state"]) for row in rows] == [
        (2, "already has it"), (3, "failed"), (4, "failed"), (5, "never logged in"), (6, "never logged in"),
        (7, "ambiguous"), (8, "wrong provider"), (9, "not found"), (10, "failed"), (11, "failed"), (12, "failed"),
    ]  # fmt: skip
    said = {row["line"]: row["message"] for row in rows}
    assert "contradicts this one" in said[3]
    assert "@idir" in said[7]
    assert "@githubpublic" in said[8]
    assert "There is no role 'archivist'" in said[10]
    assert "not Gold" in said[11]
    assert set(asked(sandbox)) == {"GET", "token"}
    assert sandbox.count(path="*/users/*/roles") == 1
    lines = roster.read_text(encoding="utf-8").splitlines()
    fine = write(tmp_path / "fine.csv", lines[0], lines[1], lines[2])
    assert run_css("roster", "check", fine, "-e", "dev", "--online", "--json") == 0
    assert [row["state"] for row in json_rows(capsys)] == ["already has it", "to do"]


def test_only_the_three_failed_rows_of_five_hundred_are_sent_again(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If 3 of 500 rows fail, the file of results has all rows, and applying it sends a write for these 3 only."""
    people = [f"{number:032x}@idir" for number in range(500)]
    for user in people:
        sandbox.world.users[user] = person(user[:32], "idir", "Ann", "ann@example.com")
    for user in people[100:400:100]:
        sandbox.faults.add("500_before", method="POST", path=f"*/users/{user}/roles", times=None)
    roster = write(tmp_path / "r.csv", "username,role", *[f"{user},reviewer" for user in people])
    assert run_css("roster", "apply", roster, *DEV, "--width", 8, "--json") == 3
    rows = json_rows(capsys)
    assert [row["username"] for row in rows if row["state"] != "done"] == people[100:400:100]
    result = tmp_path / "r.result.csv"
    with result.open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.DictReader(file))
    assert (len(written), sum(row["outcome"] == "failed" for row in written)) == (500, 3)
    sandbox.faults.clear()
    before = asked(sandbox)
    assert run_css("roster", "apply", result, "--json") == 0
    assert [row["state"] for row in json_rows(capsys)] == ["done"] * 3
    assert (asked(sandbox) - before)["POST"] == 3
    assert set(people) <= set(sandbox.members(GRANTS_PORTAL, "dev", "reviewer"))


A, B, C, D = "aa" * 16, "bb" * 16, "cc" * 16, "dd" * 16


def test_no_write_is_sent_for_people_who_are_not_identified(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a person is ambiguous, not found or at another provider, no write is sent for them; the other
    rows are done.
    """
    for user in (
        person(A, "idir", "Ann", "one@example.com"),
        person(B, "idir", "Bo", "one@example.com"),
        person(C, "bceidbasic", "Cy", "cy@example.com"),
        person(D, "idir", "Di", "di@example.com"),
    ):
        sandbox.world.users[user["username"]] = user
    sandbox.create_role(GRANTS_PORTAL, "dev", "guest")
    roster = write(
        tmp_path / "r.csv",
        "email,guid,role",
        "one@example.com,,guest",
        "gone@example.com,,guest",
        f",{C},guest",
        "DI@example.com,,guest",
    )
    assert run_css("roster", "apply", roster, *DEV, "--json") == 3
    rows = json_rows(capsys)
    assert [row["state"] for row in rows] == ["ambiguous", "not found", "wrong provider", "done"]
    assert f"{A}@idir (Ann Example), {B}@idir (Bo Example)" in rows[0]["message"]
    assert f"{C}@bceidbasic" in rows[2]["message"]
    assert sandbox.members(GRANTS_PORTAL, "dev", "guest") == [f"{D}@idir"]
    assert asked(sandbox)["POST"] == 1


HEADER, TAKES = "username,role,action", "-e prod --exact --allow-prod --yes"
REFUSED = [
    ("-e prod --exact --yes --max-removals 19", [HEADER, "{held},reviewer,"], "pass --allow-prod"),
    ("-e prod --exact --allow-prod --max-removals 19", [HEADER, "{held},reviewer,"], "no terminal"),
    (TAKES, [HEADER], "names nobody"),
    (TAKES, [",,;"], "names nobody"),
    (TAKES, [HEADER, f"{A}@idir,reviewer,"], "All 20 members would lose the role"),
    (TAKES, [HEADER, "{held},reviewer,"], "19 of 20 members of the role 'reviewer'"),
    (f"{TAKES} --max-removals 18", [HEADER, "{held},reviewer,"], "The limit is 18"),
    (TAKES, [HEADER, "{other},reviewer,", "{held},reviewer,revoke"], "Leave out the rows"),
    ("-e prod --yes", [HEADER, "{held},reviewer,revoke"], "pass --allow-prod"),
    ("-e prod --allow-prod", [HEADER, "{held},reviewer,revoke"], "no terminal"),
]


def test_removals_that_a_guard_refuses_send_no_write(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A roster that would remove too many or all members, or lacks an option, is refused with exit code
    4 and no write.
    """
    people = usernames(sandbox, 21)
    sandbox.create_role(GRANTS_PORTAL, "prod", "reviewer")
    sandbox.revoke(GRANTS_PORTAL, "prod", "reviewer", *sandbox.members(GRANTS_PORTAL, "prod", "reviewer"))
    sandbox.grant(GRANTS_PORTAL, "prod", "reviewer", *people[:20])
    for options, lines, said in REFUSED:
        roster = write(tmp_path / "r.csv", *[line.format(held=people[0], other=people[20]) for line in lines])
        assert run_css("roster", "apply", roster, "-i", 101, *options.split()) == 4, said
        assert said in capsys.readouterr().err
    assert set(asked(sandbox)) == {"GET", "token"}
    assert not (tmp_path / "r.result.csv").exists()


def test_an_exact_roster_removes_members_that_it_does_not_list(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--exact` lists the losses first, and removes the members that the roster does not list. It refuses a file of
    results.
    """
    kept, gone, new = usernames(sandbox, 20)[-3:]
    sandbox.create_role(GRANTS_PORTAL, "dev", "guest")
    sandbox.grant(GRANTS_PORTAL, "dev", "guest", kept, gone)
    roster = write(tmp_path / "r.csv", "username,role", f"{kept},guest", f"{new},guest", f"{'0' * 32}@idir,guest")
    assert run_css("roster", "apply", roster, *DEV, "--exact", "--yes", "--json") == 3
    out, err = capsys.readouterr()
    assert err.startswith(f"1 user loses the role 'guest' in Grants Portal (#101) dev: Hollis Okanagan-Hart {gone}\n")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["line"], row["state"], row["action"]) for row in rows] == [
        (2, "already has it", "grant"), (3, "done", "grant"), (4, "never logged in", "grant"), (0, "done", "revoke"),
    ]  # fmt: skip
    assert sandbox.members(GRANTS_PORTAL, "dev", "guest") == sorted([kept, new])
    assert run_css("roster", "apply", tmp_path / "r.result.csv", "--exact", "--yes") == 4
    assert "Pass the roster itself" in capsys.readouterr().err
    assert sandbox.members(GRANTS_PORTAL, "dev", "guest") == sorted([kept, new])


def test_withheld_removals_are_not_in_the_result_file(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a row is not settled, the removals wait and are not in the file of results, and css asks to correct the
    roster.
    """
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    roster = write(tmp_path / "r.csv", "username,email,role", f"{kept},,reviewer", ",x@example.org,reviewer")
    assert run_css("roster", "apply", roster, *DEV, "--exact", "--yes") == 3
    err = capsys.readouterr().err
    assert (
        "1 removal was withheld, because other rows failed. Correct the roster, and apply it again with --exact.\n"
        in err
    )
    assert f"All results except withheld removals are in {tmp_path / 'r.result.csv'}.\n" in err
    assert gone not in (tmp_path / "r.result.csv").read_text(encoding="utf-8-sig")


def test_repeated_rows_are_named_and_not_counted_again(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row that repeats another one is named, offline, too, and not counted again."""
    user = usernames(sandbox, 20)[-1]
    roster = write(tmp_path / "r.csv", "username,role", f"{user},approver", f"{user.upper()},approver")
    assert run_css("roster", "check", roster, *DEV) == 0
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0]) == ("1 row fine\n", "line 3 repeats line 2")
    assert run_css("roster", "check", roster, *DEV, "--online", "--json") == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["message"] for line in out.splitlines()] == ["", "repeats line 2"]
    assert err == "1 to do, 1 repeated\n"
    assert run_css("roster", "apply", roster, *DEV) == 0
    assert capsys.readouterr().err.splitlines()[0] == "1 done, 1 repeated"


def test_max_removals_without_exact_is_a_usage_error(run_css: Run, tmp_path: Path) -> None:
    """`--max-removals` without `--exact` is a usage error, because it would limit nothing."""
    roster = write(tmp_path / "r.csv", "username,role", f"{A}@idir,guest")
    assert run_css("roster", "apply", roster, *DEV, "--max-removals", 3) == 64


def test_an_exact_check_shows_the_removals_and_withholds_uncertain_ones(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css roster check --exact` shows removals after the rows, withheld if a row may mean that member, and writes
    nothing.
    """
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    for others, states in (
        ([], ["already has it", "to do"]),
        (["x@example.org"], ["already has it", "failed", "withheld"]),
    ):
        people = [f"{kept},", *(f",{address}" for address in others)]
        roster = write(tmp_path / "r.csv", "username,email,role", *(f"{person},reviewer" for person in people))
        if others:
            sandbox.faults.add("500_before", path="*idir/users", times=None)
        run_css("roster", "check", roster, *DEV, "--online", "--exact", "--json")
        rows = json_rows(capsys)
        assert [row["state"] for row in rows] == states
        assert (rows[-1]["line"], rows[-1]["username"], rows[-1]["action"]) == (0, gone, "revoke")
    assert set(asked(sandbox)) == {"GET", "token"}


def test_allow_missing_accepts_only_people_who_never_logged_in(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--allow-missing`, people who never logged in do not count; an unknown address or service account still
    does.
    """
    roster = write(tmp_path / "r.csv", "username,client_id,role", f"{'0' * 32}@idir,,reviewer")
    assert run_css("roster", "apply", roster, *DEV) == 3
    assert run_css("roster", "apply", roster, *DEV, "--allow-missing") == 0
    assert "1 never logged in" in capsys.readouterr().err
    mistyped = write(tmp_path / "m.csv", "email,role", "ilse@exmaple.com,reviewer", "ilse.hargreave@example.com,admin")
    assert run_css("roster", "apply", mistyped, *DEV, "--allow-missing") == 3
    assert "1 not found, 1 already has it" in capsys.readouterr().err
    program = write(tmp_path / "p.csv", "username,client_id,role", ",no-such-client,reviewer")
    assert run_css("roster", "apply", program, *DEV, "--allow-missing") == 3
    assert "1 failed" in capsys.readouterr().err


def test_a_named_result_file_is_always_written_but_never_over_the_roster(
    run_css: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The file that `--result` names is written even if all rows are done, and never replaces the roster itself."""
    roster = write(tmp_path / "r.csv", "username,role,note", f"{usernames(sandbox, 1)[0]},reviewer,x")
    chosen = ("roster", "apply", roster, *DEV, "--ignore", "Note", "--result")
    assert run_css(*chosen, roster) == 64
    assert asked(sandbox) == {}
    assert run_css(*chosen, tmp_path / "audit.csv") == 0
    assert "done" in (tmp_path / "audit.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    "row",
    ["ilse@exmaple.com,reviewer", "ilse.hargreave@example.com,reviwer"],
)
def test_a_roster_with_a_single_failed_row_fails_with_exit_code_3(run_css: Run, tmp_path: Path, row: str) -> None:
    """A roster with a single row that is not done fails with exit code 3, for every reason."""
    roster = write(tmp_path / "r.csv", "email,role", row)
    assert run_css("roster", "apply", roster, *DEV) == 3


def test_a_result_file_that_somebody_corrected_is_not_overwritten(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If somebody corrected a file of results, applying the roster again keeps it and writes another file, or is
    refused.
    """
    roster = write(tmp_path / "r.csv", "email,role", "nobody@example.com,reviewer", "noone@example.com,reviewer")
    assert run_css("roster", "apply", roster, *DEV) == 3
    assert run_css("roster", "apply", roster, *DEV) == 3
    result = tmp_path / "r.result.csv"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.result.csv"]
    corrected = result.read_text(encoding="utf-8-sig").replace("nobody@", "ilse.hargreave@")
    result.write_text(corrected, encoding="utf-8")
    capsys.readouterr()
    assert run_css("roster", "apply", roster, *DEV) == 3
    other = tmp_path / "r.result-2.csv"
    assert (
        f"css: {result} has a row that is not in the roster (line 2). css keeps that file, because somebody may have "
        f"corrected it. The results go to {other}.\n" in capsys.readouterr().err
    )
    assert result.read_text(encoding="utf-8") == corrected
    assert "nobody@" in other.read_text(encoding="utf-8-sig")
    before = asked(sandbox)
    assert run_css("roster", "apply", roster, *DEV, "--result", result) == 64
    assert "css does not replace that file, because somebody may have corrected it." in capsys.readouterr().err
    assert asked(sandbox) == before
    result.write_text(corrected.replace("reviewer", ".."), encoding="utf-8")
    assert run_css("roster", "apply", roster, *DEV) == 3
    assert ".." in result.read_text(encoding="utf-8")
    # Applying a file of results updates this file.
    result.write_text(corrected, encoding="utf-8")
    assert run_css("roster", "apply", result, *DEV) == 3
    assert "ilse.hargreave@" in result.read_text(encoding="utf-8-sig")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.result-2.csv", "r.result.csv"]


def test_removals_of_an_exact_roster_have_no_line_number(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The removals of an exact roster have an empty line number in the table."""
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    roster = write(tmp_path / "r.csv", "username,role", f"{kept},reviewer")
    assert run_css("roster", "check", roster, *DEV, "--online", "--exact") == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert (header.split()[0], first.split()[0], second.split()[0]) == ("LINE", "2", "to")
    assert gone in second


def test_a_mistyped_role_is_suggested_where_it_is_corrected(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the screen and in the result file, with one list of roles for the place; several roles are named."""
    ilse = "d6dff8c2546921b01198b4efd12cb3bc@idir"
    file = write(tmp_path / "roster.csv", "Username,Role name", f"{ilse},reviwer", f"{ilse},approvr", f"{ilse},reviwer")
    assert run_css("roster", "check", file, *DEV, "--online") == 3
    err = capsys.readouterr().err
    assert "css reads columns with other names: 'Role name' as role." in err
    for typed, meant in (("reviwer", "reviewer"), ("approvr", "approver")):
        assert f"\nrole {typed!r}: Did you mean {meant!r}?\n" in err
    assert err.count("To see which roles there are, run: css roles list -i 101 -e dev") == 1
    assert sandbox.count("GET", "*/dev/roles") == 1
    assert run_css("roster", "apply", file, *DEV) == 3
    with (tmp_path / "roster.result.csv").open(encoding="utf-8-sig", newline="") as opened:
        messages = [row["message"] for row in csv.DictReader(opened)]
    assert [message.rpartition(") ")[2] for message in messages] == [
        "Did you mean 'reviewer', 'approver'?"  # the service names both in its answer about this person
    ] * 3


def test_the_screen_says_how_to_choose(run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result file has a column for the choice. With `--exact`, a result file cannot be applied, so the roster
    itself must name the right person.
    """
    file = write(tmp_path / "roster.csv", "email,role", "front.counter@example.com,reviewer")
    choose = "write the number of the right candidate into its column `choice`."
    assert run_css("roster", "apply", file, *DEV) == 3
    assert choose in capsys.readouterr().err
    assert run_css("roster", "apply", file, *DEV, "--exact", "--yes") == 3
    err = capsys.readouterr().err
    assert "Correct the roster, and apply it again with --exact." in err
    assert choose not in err
