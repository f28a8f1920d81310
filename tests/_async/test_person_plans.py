"""Plans for one person: removing all roles in all places from all logins, and copying roles to another person."""

from __future__ import annotations

import pytest

from css_sdk import (
    Ambiguous,
    AsyncCss,
    Guards,
    InvalidRequest,
    Journal,
    LastMember,
    NotFound,
    Person,
    Protection,
    ServiceAccount,
    StalePlan,
    TooManyRemovals,
    UnusableUser,
    read_journal,
)
from css_sdk.sandbox import Sandbox
from tests.people_world import ALPHA, ANN, BEA, BETA, BO, CLEO, EVE, GITHUB, person, world
from tests.states import everything, writes

Removal = tuple[str, str, str]


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox whose people have several logins, shared addresses and other difficulties."""
    return Sandbox(world=world())


OF_ANN: set[Removal] = {
    ("Alpha (#301) dev", "admin", f"{ANN}@azureidir"),
    ("Alpha (#301) dev", "admin", f"{ANN}@idir"),
    ("Alpha (#301) dev", "reader", f"{ANN}@azureidir"),
    ("Alpha (#301) dev", "writer", f"{ANN}@idir"),
    ("Beta (#302) prod", "guest", f"{ANN}@idir"),
}


async def removals(css: AsyncCss, whom: str | Person | ServiceAccount, **options: object) -> set[Removal]:
    """Return the removals of the plan for a person, after checking that the plan contains nothing else."""
    found = await css.removal_plan(whom, **options)  # type: ignore[arg-type]
    assert {step.kind for step in found.plan.steps} <= {"remove_member"}
    assert found.incomplete == ()
    assert found.requests == len(found.plan.steps)
    return {(str(step.place), step.role, step.target) for step in found.plan.steps}


@pytest.mark.parametrize(
    "whom", ["Ann@people.example", "ann.e@people.example", ANN, f"{ANN}@idir", f"{ANN.upper()}@azureidir"]
)
async def test_every_login_in_every_place_is_found(css: AsyncCss, sandbox: Sandbox, whom: str) -> None:
    """css-sdk finds all roles of all logins of a person by address, GUID or username, and writes nothing."""
    assert await removals(css, whom) == OF_ANN
    assert writes(sandbox) == []
    assert not [entry.path for entry in sandbox.requests if entry.kind == "api" and "guid" in entry.path]


async def test_only_the_roles_of_this_person_are_removed(css: AsyncCss, sandbox: Sandbox) -> None:
    """Applying the plan removes only this person's roles, and sends one request for each removal."""
    before = everything(sandbox)
    found = await css.removal_plan("ann@people.example")
    applied = await css.apply_plan(found.plan)
    assert {result.outcome for result in applied.results} == {"done"}
    assert [method for method, _ in writes(sandbox)] == ["DELETE"] * found.requests
    for place, (roles, composites, grants) in everything(sandbox).items():
        assert (roles, composites) == before[place][:2]
        assert grants == {user: held for user, held in before[place][2].items() if not user.startswith(ANN)}


async def test_a_removal_plan_can_be_undone_with_its_journal(
    css: AsyncCss, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The journal of a removal plan can undo it completely."""
    before = everything(sandbox)
    file = tmp_path_factory.mktemp("journal") / "off.jsonl"
    plan = (await css.removal_plan(ANN)).plan
    with Journal(file) as journal:
        await css.with_journal(journal).apply_plan(plan)
    assert everything(sandbox) != before
    back = await css.undo_plan(read_journal(file.read_bytes(), file.name))
    await css.apply_plan(back)
    assert everything(sandbox) == before


async def test_providers_limit_the_logins_that_are_removed(css: AsyncCss) -> None:
    """With providers=, css-sdk removes only the roles of these logins.

    It does not list the other logins as somebody else's.
    """
    assert await removals(css, ANN, providers="azureidir") == {one for one in OF_ANN if "azureidir" in one[2]}
    found = await css.removal_plan("ann@people.example", providers=["idir"])
    assert (found.logins, found.same_address) == ((f"{ANN}@idir",), ())


async def test_an_address_that_two_people_share_is_refused(css: AsyncCss, sandbox: Sandbox) -> None:
    """An address that two people share is refused with both candidates, and a GUID selects one of them."""
    for guid in (BO, BEA):
        sandbox.grant(ALPHA, "prod", "reader", f"{guid}@idir")
    with pytest.raises(Ambiguous) as raised:
        await css.removal_plan("desk@people.example")
    assert {user.username for user in raised.value.candidates} == {f"{BO}@idir", f"{BEA}@idir"}  # type: ignore[union-attr]
    assert await removals(css, BO) == {("Alpha (#301) prod", "reader", f"{BO}@idir")}
    assert (await css.removal_plan(BO)).same_address == (f"{BEA}@idir",)


async def test_a_second_person_without_roles_is_seen(css: AsyncCss, sandbox: Sandbox) -> None:
    """Only one of two people with an address has roles: the login servers know the other one."""
    sandbox.grant(ALPHA, "prod", "reader", f"{BO}@idir")
    whom = "desk@people.example"
    for plan in (lambda: css.removal_plan(whom), lambda: css.copy_plan(whom, f"{EVE}@idir")):
        with pytest.raises(Ambiguous) as raised:
            await plan()
        assert {user.username for user in raised.value.candidates} == {f"{BO}@idir", f"{BEA}@idir"}  # type: ignore[union-attr]
    assert await removals(css, BO) == {("Alpha (#301) prod", "reader", f"{BO}@idir")}
    assert writes(sandbox) == []


async def test_an_address_costs_one_search_for_each_login_server(css: AsyncCss, sandbox: Sandbox) -> None:
    """Of the kind of login that was found; a GUID or a username costs none, because it means one person."""

    def searches() -> int:
        return sum(sandbox.count(path=f"/{environment}/*/users") for environment in ("dev", "test", "prod"))

    for whom, expected in (("ann@people.example", 2 * 3), (ANN, 0), (f"{ANN}@idir", 0), ("fern@people.example", 2 * 3)):
        before = searches()
        await css.removal_plan(whom)
        assert searches() - before == expected


async def test_who_has_nothing_is_not_taken_for_a_mistake(css: AsyncCss) -> None:
    """If the login servers know an address or a GUID that no member has, it is not mistyped."""
    for whom in (f"{BO}@idir", BO, BO.upper(), "eve@people.example", "nell@people.example"):
        found = await css.removal_plan(whom)
        assert (len(found.plan.steps) == 0) is (whom not in ("eve@people.example", "nell@people.example"))
        assert (len((await css.roles_of(whom)).held) == 0) is (len(found.plan.steps) == 0)
    assert await removals(css, BO, providers=["idir"]) == set()
    for whom in ("nobody@people.example", "00" * 16):
        with pytest.raises(NotFound, match="No member of any role"):
            await css.removal_plan(whom)
    with pytest.raises(UnusableUser):
        await css.removal_plan("a0a0")
    with pytest.raises(InvalidRequest, match="protect="):
        await css.removal_plan(BO, protect="admin")  # type: ignore[arg-type]


async def test_roles_of_github_logins_and_service_accounts_are_removed(css: AsyncCss) -> None:
    """Roles of a GitHub login and of a service account are removed, too."""
    assert await removals(css, "fern@people.example") == {("Alpha (#301) dev", "reader", GITHUB)}
    robot = ServiceAccount(f"alpha-{ALPHA}")
    assert await removals(css, robot) == {("Alpha (#301) dev", "reader", robot.username)}


async def test_a_place_that_cannot_be_read_is_listed_as_incomplete(css: AsyncCss, sandbox: Sandbox) -> None:
    """A place that cannot be read is listed as incomplete, and the other places are planned.

    If a place was not read, an unknown person raises no NotFound.
    """
    sandbox.faults.add("422_before", path=f"/integrations/{BETA}/prod/*", times=None)
    found = await css.removal_plan(ANN)
    assert [str(one.place) for one in found.incomplete] == ["Beta (#302) prod"]
    assert {str(step.place) for step in found.plan.steps} == {"Alpha (#301) dev"}
    assert [str(one.place) for one in (await css.removal_plan("nobody@people.example")).incomplete] == [
        "Beta (#302) prod"
    ]


async def test_roles_with_unusual_names_are_removed(css: AsyncCss, sandbox: Sandbox) -> None:
    """css-sdk also removes roles that no roles file can name, and lists a role that no request can name."""
    names = [" a role ", "a/b%2F#?", "..x", "a\u200bb"]
    for name in [*names, ".."]:
        sandbox.create_role(BETA, "dev", name)
        sandbox.grant(BETA, "dev", name, f"{CLEO}@azureidir")
    found = await css.removal_plan(CLEO)
    assert {step.role for step in found.plan.steps} == {"reader", *names}
    [left] = found.incomplete
    assert "'..'" in str(left.error)
    applied = await css.apply_plan(found.plan)
    assert {result.outcome for result in applied.results} == {"done"}
    assert sandbox.grants(BETA, "dev")[f"{CLEO}@azureidir"] == {".."}


async def test_a_removal_that_no_request_can_express_is_listed_as_incomplete(css: AsyncCss, sandbox: Sandbox) -> None:
    """css-sdk lists removals that no request can express, such as of a name that is too long, and plans all others."""
    long = "r" * 185
    sandbox.create_role(BETA, "dev", long)
    sandbox.grant(BETA, "dev", long, f"{EVE}@idir")
    sandbox.world.users[f"{EVE}@otp"] = person(EVE, "otp", "Eve", "eve@people.example")
    sandbox.grant(BETA, "dev", "guest", f"{EVE}@otp")
    found = await css.removal_plan("eve@people.example")
    assert {(str(step.place), step.role) for step in found.plan.steps} == {("Alpha (#301) dev", "writer")}
    assert [str(one.place) for one in found.incomplete] == ["Beta (#302) dev", "Beta (#302) dev"]
    assert {result.outcome for result in (await css.apply_plan(found.plan)).results} == {"done"}


async def test_removal_plans_respect_protection_and_guards(css: AsyncCss, sandbox: Sandbox) -> None:
    """Removal plans respect protected roles, keep_last and max_removals."""
    kept = await css.removal_plan(ANN, protect=Protection(roles="adm*"))
    assert {step.role for step in kept.plan.protected} == {"admin"}
    assert {step.role for step in kept.plan.steps} == {"reader", "writer", "guest"}
    found = await css.removal_plan(ANN)
    with pytest.raises(LastMember):
        await css.apply_plan(found.plan, guards=Guards(keep_last="admin"))
    with pytest.raises(TooManyRemovals):
        await css.apply_plan(found.plan, guards=Guards(max_removals=1))
    assert writes(sandbox) == []


async def test_a_role_that_the_person_got_meanwhile_makes_the_plan_stale(css: AsyncCss, sandbox: Sandbox) -> None:
    """If the person gets another role after the plan was made, the plan is stale."""
    found = await css.removal_plan(ANN)
    sandbox.grant(ALPHA, "dev", "lead", f"{ANN}@idir")
    with pytest.raises(StalePlan):
        await css.apply_plan(found.plan)
    assert writes(sandbox) == []


async def test_a_person_gets_the_roles_of_another_person(css: AsyncCss, sandbox: Sandbox) -> None:
    """Each login gets the roles of the other person's login with the same provider, and nobody else changes.

    A second plan is empty.
    """
    before = everything(sandbox)
    found = await css.copy_plan("ann@people.example", "eve@people.example")
    assert {(str(step.place), step.kind, step.role, step.target) for step in found.plan.steps} == {
        (place, "add_member", role, login.replace(ANN, EVE)) for place, role, login in OF_ANN
    } - {("Alpha (#301) dev", "add_member", "writer", f"{EVE}@idir")}
    assert (found.plan.unresolved, found.incomplete, found.requests) == ((), (), 3)
    await css.apply_plan(found.plan)
    assert len(writes(sandbox)) == 3
    for place, (_, _, grants) in before.items():
        now = everything(sandbox)[place][2]
        assert {user: now[user] for user in grants if not user.startswith(EVE)} == {
            user: held for user, held in grants.items() if not user.startswith(EVE)
        }
    assert (await css.copy_plan("ann@people.example", EVE)).plan.steps == ()


async def test_a_target_username_gets_the_roles_of_all_logins(css: AsyncCss) -> None:
    """A target username gets the roles of all logins of the source, or of its logins with the given provider."""
    found = await css.copy_plan(ANN, f"{BO}@idir")
    assert {(str(step.place), step.role) for step in found.plan.steps} == {one[:2] for one in OF_ANN}
    assert {step.target for step in found.plan.steps} == {f"{BO}@idir"}
    found = await css.copy_plan(ANN, f"{BO}@idir", providers="azureidir")
    assert {step.role for step in found.plan.steps} == {"admin", "reader"}


async def test_a_target_who_cannot_be_identified_gets_no_roles(css: AsyncCss, sandbox: Sandbox) -> None:
    """A target who cannot be identified gets no roles and is listed in the plan. An unknown source is an error."""
    found = await css.copy_plan(ANN, "desk@people.example")
    assert {one.state for one in found.plan.unresolved} == {"ambiguous", "wrong provider"}
    assert found.plan.steps == ()
    found = await css.copy_plan(ANN, "cleo@people.example")
    assert {step.target for step in found.plan.steps} == {f"{CLEO}@azureidir"}
    with pytest.raises(NotFound, match="No member of any role"):
        await css.copy_plan("nobody@people.example", ANN)
    with pytest.raises(UnusableUser):
        await css.copy_plan(ANN, "a0a0")
    assert writes(sandbox) == []


async def test_roles_that_cannot_be_copied_are_listed_as_incomplete(css: AsyncCss, sandbox: Sandbox) -> None:
    """Roles that cannot be copied and places that cannot be read are listed as incomplete.

    The other roles are copied.
    """
    for name in (" a role ", "r" * 185):
        sandbox.create_role(BETA, "dev", name)
        sandbox.grant(BETA, "dev", name, f"{CLEO}@azureidir")
    sandbox.faults.add("422_before", path=f"/integrations/{BETA}/prod/*", times=None)
    found = await css.copy_plan(CLEO, f"{BO}@idir")
    assert [str(one.place) for one in found.incomplete] == ["Beta (#302) dev", "Beta (#302) dev", "Beta (#302) prod"]
    assert {(str(step.place), step.role) for step in found.plan.steps} == {("Alpha (#301) dev", "reader")}
    assert {result.outcome for result in (await css.apply_plan(found.plan)).results} == {"done"}
