# Written from tests/_async/test_callbacks.py by `make generate`; edit that one.
"""Callbacks of the caller: coroutine functions are awaited, and an error in one never loses results of writes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pytest

from css_sdk import Ambiguous, CallbackFailed, ConfigurationError, Css, NotConfirmed, Plan, Settings, read_roster
from css_sdk._http.retry import Attempt, Waiting
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, Listed
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, at_once, usernames


class Boom(Exception):
    """An error that a callback raises."""


def rows_of(people: list[str], role: str = "reviewer") -> Any:
    """Return a roster that grants a role to these people."""
    text = "\n".join(["username,role", *(f"{person},{role}" for person in people)])
    return read_roster(text, "roster.csv", integration=str(GRANTS_PORTAL), environment="dev")


def a_plan(css: Css) -> Plan:
    """Return a plan that creates three roles."""
    roles = tuple(DesiredRole(name) for name in ("one", "two", "three"))
    return css.plan(Desired((DesiredPlace("Grants Portal", "dev", roles=Listed(roles)),)))


Call = Callable[[Css, Sandbox, Any], Any]


def assign_many(css: Css, sandbox: Sandbox, progress: Any) -> Any:
    dev = (css.integration(GRANTS_PORTAL)).environment("dev")
    return dev.bulk.assign_many([(one, "reviewer") for one in usernames(sandbox, 5)], progress=progress)


def unassign_many(css: Css, sandbox: Sandbox, progress: Any) -> Any:
    dev = (css.integration(GRANTS_PORTAL)).environment("dev")
    return dev.bulk.unassign_many([(one, "reviewer") for one in usernames(sandbox, 5)], progress=progress)


def create_roles(css: Css, sandbox: Sandbox, progress: Any) -> Any:
    dev = (css.integration(GRANTS_PORTAL)).environment("dev")
    return dev.bulk.create_roles(["one", "two", "three"], progress=progress)


def apply_roster(css: Css, sandbox: Sandbox, progress: Any) -> Any:
    return css.apply_roster(rows_of(usernames(sandbox, 5)), progress=progress)


def apply_exact_roster(css: Css, sandbox: Sandbox, progress: Any) -> Any:
    return css.apply_roster(rows_of(usernames(sandbox, 5)), exact=True, progress=progress)


def check_roster(css: Css, sandbox: Sandbox, progress: Any) -> Any:
    return css.check_roster(rows_of(usernames(sandbox, 5)), progress=progress)


def apply_plan(css: Css, sandbox: Sandbox, progress: Any) -> Any:
    applied = css.apply_plan(a_plan(css), progress=progress)
    return list(applied.results)


CALLS: list[Call] = [
    assign_many, unassign_many, create_roles, apply_roster, apply_exact_roster, check_roster, apply_plan,
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_progress_gets_every_result(css: Css, sandbox: Sandbox, call: Call) -> None:
    """progress= gets every result, also if it is an object that can be called."""
    reported: list[object] = []

    class Told:
        def __call__(self, result: object) -> None:
            reported.append(result)

    results = call(css, sandbox, Told())
    assert len(results) > 2
    assert sorted(reported, key=str) == sorted(results, key=str)


@pytest.mark.parametrize("call", CALLS)
def test_an_error_of_progress_loses_no_result(css: Css, sandbox: Sandbox, call: Call) -> None:
    """If progress= raises an error, everything is carried out. The error has the results and the cause.

    progress= is not called again.
    """
    reported: list[object] = []

    def fail(result: object) -> None:
        reported.append(result)
        raise Boom("No disk.")

    with pytest.raises(CallbackFailed, match=r"progress= raised Boom: No disk\. css-sdk") as failed:
        call(css, sandbox, fail)
    assert isinstance(failed.value.__cause__, Boom)
    assert len(reported) == 1
    results = getattr(failed.value.result, "results", failed.value.result)
    again = Sandbox()
    with Css(Settings(**again.credentials()), transport=again.transport(), retry=at_once) as other:
        assert list(map(str, results)) == list(map(str, call(other, again, None)))
    assert sandbox.grants(GRANTS_PORTAL, "dev") == again.grants(GRANTS_PORTAL, "dev")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("senseless", ["print", 5])
def test_an_unusable_progress_is_refused_before_a_write(css: Css, sandbox: Sandbox, call: Call, senseless: Any) -> None:
    """A progress= that cannot be called, or is a generator function, is refused before a write."""

    def generator(_: object) -> Any:
        yield

    for progress in (senseless, generator):
        with pytest.raises(ConfigurationError, match="progress="):
            call(css, sandbox, progress)
    assert {"POST", "PUT", "DELETE"}.isdisjoint(asked(sandbox))


def test_confirm_can_stop_an_exact_roster(css: Css, sandbox: Sandbox) -> None:
    """If confirm= raises an error or returns False, the exact roster changes nothing."""
    keep = usernames(sandbox, 1)
    before = sandbox.grants(GRANTS_PORTAL, "dev")
    seen: list[Any] = []

    def refuse(losses: Any) -> None:
        seen.append(losses)
        raise Boom

    def say_no(losses: Any) -> bool:
        seen.append(losses)
        return False

    with pytest.raises(Boom):
        css.apply_roster(rows_of(keep), exact=True, confirm=refuse)
    with pytest.raises(NotConfirmed, match="returned False"):
        css.apply_roster(rows_of(keep), exact=True, confirm=say_no)
    assert [[loss.role for loss in losses] for losses in seen] == [["reviewer"]] * 2
    assert sandbox.grants(GRANTS_PORTAL, "dev") == before
    assert {"POST", "PUT", "DELETE"}.isdisjoint(asked(sandbox))


def test_the_hooks_of_a_client_are_called(sandbox: Sandbox, settings: Settings) -> None:
    """The client calls retry= after each failed attempt and on_wait= before each wait."""
    waits: list[Waiting] = []

    def decide(attempt: Attempt, chance: float) -> float | None:
        return 0.0 if attempt.number < 3 else None

    def see(waiting: Waiting) -> None:
        waits.append(waiting)

    with Css(settings, transport=sandbox.transport(), retry=decide, on_wait=see) as css:
        sandbox.faults.add("500_before", path="/integrations", times=2)
        assert css.integrations()
        assert [waiting.number for waiting in waits] == [1, 2]


@pytest.mark.parametrize("hook", ["retry", "on_wait"])
def test_an_error_of_a_hook_hides_no_outcome(sandbox: Sandbox, settings: Settings, hook: str) -> None:
    """If retry= or on_wait= raises an error, the attempt's own error is reported, and other grants are carried out."""

    def fail(*_: object) -> float:
        raise Boom("No disk.")

    options: dict[str, Any] = {"retry": at_once, hook: fail}
    person, other = usernames(sandbox, 2)
    with Css(settings, transport=sandbox.transport(), **options) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("500_before", method="POST", path=f"*{person}*", times=None)
        results = dev.bulk.assign_many([(person, "approver"), (other, "approver")])
    assert [result.outcome for result in results] == ["failed", "done"]
    assert f"There was no further attempt, because {hook}= raised Boom: No disk." in str(results[0].error)


def test_a_function_chooses_the_roles_whose_members_are_read(dev: EnvironmentClient) -> None:
    """A function passed to state() chooses the roles whose members are read."""

    def choose(names: frozenset[str]) -> Collection[str]:
        return names & {"admin"}

    assert (dev.state(choose)).members.keys() == {"admin"}


def test_an_error_of_css_sdk_in_a_callback_is_the_cause_of_callbackfailed(css: Css) -> None:
    """If a callback raises an error of css_sdk, CallbackFailed has this error as its cause."""

    def fail(_: object) -> None:
        raise Ambiguous("two of them")

    with pytest.raises(CallbackFailed) as failed:
        css.apply_roster(rows_of(["0f3ac87806aa7f215a7c0d4cc4d9e799@idir"]), progress=fail)
    assert isinstance(failed.value.__cause__, Ambiguous)
