"""The public interface as a type checker sees it. mypy checks this module, and nothing runs it."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import assert_type

import httpx
from css_sdk_openapi import Client
from css_sdk_openapi.api.roles import delete_role

from css_sdk import (
    AccessReport,
    Applied,
    AsyncCss,
    AsyncEnvironmentClient,
    Attempt,
    Backoff,
    Check,
    Css,
    Desired,
    Diagnosis,
    EnvironmentClient,
    Grant,
    GrantResult,
    Guards,
    Integration,
    ListedPerson,
    LogLine,
    MembersChange,
    PeopleFound,
    PersonPlan,
    PersonRoles,
    PlaceState,
    Plan,
    Protection,
    RateLimited,
    RetryPolicy,
    Role,
    RoleResult,
    RoleTree,
    RowResult,
    SearchResult,
    ServiceAccount,
    Settings,
    User,
    Waiting,
    WhoAmI,
    diagnose,
    progress_bar,
    read_journal,
    read_roster,
)


def never(attempt: Attempt, chance: float) -> float | None:
    """A retry policy of the caller."""
    return None if attempt.number else chance


def print_wait(waiting: Waiting) -> None:
    """A hook of the caller."""
    assert_type(waiting.seconds, float)


def synchronous(environment: EnvironmentClient) -> None:
    """Make every call of the synchronous client."""
    policy: RetryPolicy = never
    with Css(Settings(client_id="a", client_secret="b", team_id=1), retry=policy, on_wait=print_wait) as css:
        assert_type(css, Css)
        assert_type(css.whoami(), WhoAmI)
        assert_type(css.api, Client)
        assert_type(delete_role.sync_detailed(101, "dev", "a", client=css.api).status_code, HTTPStatus)
        assert_type(css.integrations(refresh=True), tuple[Integration, ...])
        assert_type(css.integration(101).environment("dev"), EnvironmentClient)
        rows = read_roster("", "roster.csv", integration="101")
        assert_type(css.apply_roster(rows, progress=lambda result: result.state), list[RowResult])
        with progress_bar(len(rows)) as bar:
            assert_type(css.apply_roster(rows, exact=True, confirm=print, progress=bar), list[RowResult])
        assert_type(css.check_roster(rows, width=8), list[RowResult])
        assert_type(css.find_people(email="a@b.example"), PeopleFound)
        assert_type(css.find_listed(["a@b.example"]), tuple[ListedPerson, ...])
        assert_type(css.roles_of("a@b.example"), PersonRoles)
        assert_type(css.copy_plan("a@b.example", "c@b.example"), PersonPlan)
        assert_type(css.removal_plan("a@b.example", protect=Protection("admin")), PersonPlan)
        assert_type(css.report(integrations=[101, "a"], environments="dev"), AccessReport)
        plan = css.plan(Desired(()), providers="idir")
        assert_type(plan, Plan)
        assert_type(css.apply_plan(plan, guards=Guards(keep_last="admin")), Applied)
        assert_type(css.undo_plan(read_journal("", "journal.jsonl")), Plan)
    Css.from_env(http_client=httpx.Client(), retry=Backoff(tries=2), timeout=5)
    Css.from_env(profile="grants", team_id=2016)
    assert_type(diagnose({}, profile=None, extras=["verify"], transport=httpx.HTTPTransport()), Diagnosis)
    assert_type(diagnose().checks[0], Check)
    Css.from_file("account.json", transport=httpx.HTTPTransport(), clock=lambda: 0.0)
    roles = environment.roles
    assert_type(roles.list(), tuple[Role, ...])
    assert_type(roles.get("a"), Role)
    assert_type(roles.create("a"), Role)
    assert_type(roles.ensure("a"), Role)
    assert_type(roles.rename("a", "b"), Role)
    for member in roles.members("a"):
        assert_type(member, User)
        assert_type(member.service_account, ServiceAccount | None)
    assert_type(roles.members_page("a", 1, size=10), tuple[User, ...])
    assert_type(roles.set_members("a", ["b@idir", ServiceAccount("c")]), MembersChange)
    assert_type(roles.tree(), RoleTree)
    assert_type(roles.composites("a").list(), tuple[Role, ...])
    assert_type(environment.users.roles("a@idir"), tuple[Role, ...])
    assert_type(environment.users.effective_roles(ServiceAccount("a")), tuple[Role, ...])
    environment.users.assign("a@idir", "b", ["c", "d"])
    assert_type(environment.people.search("idir", first_name="Ada"), SearchResult)
    assert_type(environment.state(), PlaceState)
    assert_type(environment.people.find_one(guid="a", providers=["idir"]), User)
    grants: list[Grant | tuple[str | ServiceAccount, str]] = [Grant("a@idir", "b"), (ServiceAccount("a"), "b")]
    assert_type(environment.bulk.assign_many(grants, executor=ThreadPoolExecutor()), list[GrantResult])
    assert_type(environment.bulk.unassign_many(grants, width=8), list[GrantResult])
    assert_type(environment.bulk.create_roles(["a"]), list[RoleResult])
    try:
        assert_type(environment.logs(datetime.date.today(), "2026-11-21"), tuple[LogLine, ...])
    except RateLimited as error:
        assert_type(error.resume_at, datetime.datetime | None)


async def awaited(result: object) -> None:
    """A callback that only an AsyncCss can await."""


async def decided(attempt: Attempt, chance: float) -> float | None:
    """A retry policy that only an AsyncCss can await."""
    return None if attempt.number else chance


async def asynchronous(environment: AsyncEnvironmentClient) -> None:
    """Make the same calls with the asynchronous client."""
    settings = Settings(client_id="a", client_secret="b", team_id=1)
    async with AsyncCss(settings, retry=never, on_wait=print_wait) as css:
        assert_type(css, AsyncCss)
        assert_type(await css.whoami(), WhoAmI)
        assert_type((await delete_role.asyncio_detailed(101, "dev", "a", client=css.api)).status_code, HTTPStatus)
        assert_type(await css.integrations(refresh=True), tuple[Integration, ...])
        assert_type((await css.integration("a")).environment("dev"), AsyncEnvironmentClient)
        rows = read_roster("", "roster.csv", integration="101")
        assert_type(await css.apply_roster(rows, progress=awaited), list[RowResult])
        with progress_bar(len(rows)) as bar:
            assert_type(await css.apply_roster(rows, exact=True, confirm=awaited, progress=bar), list[RowResult])
        assert_type(await css.check_roster(rows, width=8), list[RowResult])
        assert_type(await css.find_people(email="a@b.example"), PeopleFound)
        assert_type(await css.roles_of("a@b.example"), PersonRoles)
        assert_type(await css.report(integrations=[101, "a"], environments="dev"), AccessReport)
        plan = await css.plan(Desired(()), providers="idir")
        assert_type(plan, Plan)
        assert_type(await css.apply_plan(plan, guards=Guards(keep_last="admin"), progress=awaited), Applied)
        assert_type(await css.undo_plan(read_journal("", "journal.jsonl")), Plan)
    AsyncCss.from_env(http_client=httpx.AsyncClient(), retry=decided, timeout=5)
    AsyncCss.from_file("account.json", transport=httpx.AsyncHTTPTransport(), clock=lambda: 0.0)
    roles = environment.roles
    assert_type(await roles.list(), tuple[Role, ...])
    assert_type(await roles.get("a"), Role)
    assert_type(await roles.create("a"), Role)
    assert_type(await roles.ensure("a"), Role)
    assert_type(await roles.rename("a", "b"), Role)
    async for member in roles.members("a"):
        assert_type(member, User)
    assert_type(await roles.members_page("a", 1, size=10), tuple[User, ...])
    assert_type(await roles.set_members("a", ["b@idir", ServiceAccount("c")]), MembersChange)
    assert_type(await roles.tree(), RoleTree)
    assert_type(await roles.composites("a").list(), tuple[Role, ...])
    assert_type(await environment.users.roles("a@idir"), tuple[Role, ...])
    assert_type(await environment.users.effective_roles(ServiceAccount("a")), tuple[Role, ...])
    await environment.users.assign("a@idir", "b", ["c", "d"])
    assert_type(await environment.people.search(["idir", "azureidir"], first_name="Ada"), SearchResult)
    assert_type(await environment.people.find_one(guid="a", providers=["idir"]), User)
    assert_type(await environment.state(), PlaceState)
    assert_type(await environment.bulk.assign_many([("a@idir", "b")], progress=awaited), list[GrantResult])
    assert_type(await environment.bulk.unassign_many(Grant("a@idir", "b")), list[GrantResult])
    assert_type(await environment.bulk.create_roles("a", progress=awaited), list[RoleResult])
    assert_type(await environment.logs("2026-11-20", "2026-11-21"), tuple[LogLine, ...])
