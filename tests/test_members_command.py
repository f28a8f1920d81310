"""`css members` lists the members of a role, and makes its members exactly the given people."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import click
import pytest

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, json_rows, usernames

Run = Callable[..., int]
PLACE = ("-i", 101, "-e", "dev")
ROBOT = "service-account-fisheries-service-102"


def members(sandbox: Sandbox, role: str = "reviewer") -> set[str]:
    """Return the members of the role."""
    return set(sandbox.members(GRANTS_PORTAL, "dev", role))


def test_list_prints_every_member_once_with_name_and_address(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css members list` prints the members of all pages once, with name and e-mail address."""
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", *sandbox.world.users, ROBOT)
    held = members(sandbox)
    assert len(held) > 50
    assert run_css("members", "list", "reviewer", *PLACE, "--json") == 0
    rows = json_rows(capsys)
    assert [row["username"] for row in rows] == sorted(held)
    [ilse] = [row for row in rows if row["username"] == "d6dff8c2546921b01198b4efd12cb3bc@idir"]
    assert (ilse["name"], ilse["email"]) == ("Ilse Hargreave", "ilse.hargreave@example.com")
    assert run_css("members", "list", "reviewer", *PLACE) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(held) + 1


def test_json_lines_are_printed_while_pages_are_read(
    run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `--json`, the members of one page are printed before the next page is requested."""
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", *sandbox.world.users)
    pages: list[int] = []
    monkeypatch.setattr(click, "echo", lambda *_, **__: pages.append(sandbox.count("GET", "*/users")))
    assert run_css("members", "list", "reviewer", *PLACE, "--json") == 0
    count = len(members(sandbox))
    assert 50 < count <= 100
    assert pages == [1] * 50 + [2] * (count - 50)


def test_listing_the_members_of_a_missing_role_is_an_error(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """If the role does not exist, `css members list` fails instead of printing an empty list."""
    assert run_css("members", "list", "nope", *PLACE, "--json") == 1
    assert capsys.readouterr().out == ""


def test_set_lists_the_losses_and_adds_before_it_removes(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css members set` lists who loses the role, needs `--yes`, and adds members before it removes others."""
    before = members(sandbox)
    wanted = usernames(sandbox, 30)[-1]
    arguments = ("members", "set", "reviewer", wanted.upper().replace("IDIR", "idir"), *PLACE)
    assert run_css(*arguments, "--client-id", "fisheries-service-102") == 4
    assert f"{len(before)} users lose the role 'reviewer' in Grants Portal (#101) dev: " in capsys.readouterr().err
    assert asked(sandbox).keys() == {"token", "GET"}
    sandbox.clear_requests()
    assert run_css(*arguments, "--client-id", "fisheries-service-102", "--yes", "--json") == 0
    rows = json_rows(capsys)
    assert [row["action"] for row in rows] == ["grant", "grant", "revoke", "revoke"]
    assert members(sandbox) == {wanted, ROBOT}
    writes = [entry.method for entry in sandbox.requests if entry.kind == "api" and entry.method != "GET"]
    assert writes == ["POST", "POST", "DELETE", "DELETE"]


def test_set_without_changes_asks_and_writes_nothing(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the members are already exact, `css members set` asks nothing and writes nothing."""
    assert run_css("members", "set", "reviewer", *members(sandbox), *PLACE) == 0
    assert capsys.readouterr().err == "nothing to do\n"
    assert asked(sandbox).keys() == {"token", "GET"}


def test_set_removes_nobody_if_somebody_could_not_be_added(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a person cannot be added, `css members set` removes nobody and reports each removal as skipped."""
    before = members(sandbox)
    assert run_css("members", "set", "reviewer", f"{'0' * 32}@idir", *PLACE, "--yes", "--json") == 3
    rows = json_rows(capsys)
    assert [row["state"] for row in rows] == ["never logged in", "skipped", "skipped"]
    assert members(sandbox) == before


@pytest.mark.parametrize(
    ("arguments", "said", "requests"),
    [
        ([], "pass --allow-empty", set()),
        (["bob"], "is not a username", set()),
        (
            ["{user}", "--max-removals", "1"],
            "2 of 2 members of the role 'reviewer' in Grants Portal (#101) dev would be removed. The limit is 1.",
            {"token", "GET"},
        ),
    ],
)
def test_a_refusal_writes_nothing(
    run_css: Run,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
    requests: set[str],
) -> None:
    """`css members set` writes nothing if nobody is named, a username is invalid, or the limit of
    removals is exceeded.
    """
    user = usernames(sandbox, 30)[-1]
    given = [argument.format(user=user) for argument in arguments]
    assert run_css("members", "set", "reviewer", *given, *PLACE, "--yes") == (64 if given == ["bob"] else 4)
    assert said in capsys.readouterr().err
    assert asked(sandbox).keys() == requests


def test_many_removals_need_max_removals(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """If many members would be removed, as with a truncated list, `css members set` needs `--max-removals`."""
    people = usernames(sandbox, 20)
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", *people)
    held = members(sandbox, "approver")
    keep = sorted(held)[:10]
    arguments = ("members", "set", "approver", *keep, *PLACE, "--yes")
    assert run_css(*arguments) == 4
    assert f"{len(held) - 10} of {len(held)} members" in capsys.readouterr().err
    assert run_css(*arguments, "--max-removals", len(held) - 10) == 0
    assert members(sandbox, "approver") == set(keep)


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupt_reports_every_change_as_done_or_skipped(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """After an interrupt, css finishes the calls in flight, removes nobody, and reports every change, also those it
    skipped.
    """
    people = usernames(sandbox, 30)
    sandbox.faults.add("delay", method="POST", after=4, times=None, seconds=1.0)
    stop = threading.Event()

    def interrupt_after_some() -> None:
        while sandbox.count(method="POST", kind="api") < 5 and not stop.wait(0.005):
            pass
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt_after_some).start()
    assert run_css("members", "set", "approver", *people, *PLACE, "--yes", "--json") == 130
    stop.set()
    rows = json_rows(capsys)
    done = {row["username"] for row in rows if row["state"] == "done"}
    assert 0 < len(done) < 29
    assert done <= members(sandbox, "approver")
    assert {row["username"] for row in rows if row["action"] == "grant"} == set(people) - {
        "c48af3232157a5f13dc753a5d3eed7ce@idir"
    }
    assert asked(sandbox)["DELETE"] == 0
