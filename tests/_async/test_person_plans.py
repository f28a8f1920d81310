"""Plans for one person: everything is removed, in all places and with all logins."""

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
    """People who are not as simple as they look."""
    return Sandbox(world=world())


OF_ANN: set[Removal] = {
    ("#301 dev", "admin", f"{ANN}@azureidir"),
    ("#301 dev", "admin", f"{ANN}@idir"),
    ("#301 dev", "reader", f"{ANN}@azureidir"),
    ("#301 dev", "writer", f"{ANN}@idir"),
    ("#302 prod", "guest", f"{ANN}@idir"),
}


async def removals(css: AsyncCss, whom: str | Person | ServiceAccount, **options: object) -> set[Removal]:
    """Return what a plan removes, after checking that it does nothing else."""
    found = await css.removal_plan(whom, **options)  # type: ignore[arg-type]
    assert {step.kind for step in found.plan.steps} <= {"remove_member"}
    assert found.incomplete == ()
    assert found.requests == len(found.plan.steps)
    return {(str(step.place), step.role, step.target) for step in found.plan.steps}


@pytest.mark.parametrize(
    "whom", ["Ann@people.example", "ann.e@people.example", ANN, f"{ANN}@idir", f"{ANN.upper()}@azureidir"]
)
async def test_every_login_in_every_place_is_found(css: AsyncCss, sandbox: Sandbox, whom: str) -> None:
    """However the person is named, and although one login has another address. Nothing is searched, nothing written."""
    assert await removals(css, whom) == OF_ANN
    assert writes(sandbox) == []
    assert not [entry.path for entry in sandbox.requests if entry.kind == "api" and "guid" in entry.path]


async def test_only_these_roles_are_removed(css: AsyncCss, sandbox: Sandbox) -> None:
    """Everybody else keeps theirs, with one request for each removal."""
    before = everything(sandbox)
    found = await css.removal_plan("ann@people.example")
    applied = await css.apply_plan(found.plan)
    assert {result.outcome for result in applied.results} == {"confirmed"}
    assert [method for method, _ in writes(sandbox)] == ["DELETE"] * found.requests
    for place, (roles, composites, grants) in everything(sandbox).items():
        assert (roles, composites) == before[place][:2]
        assert grants == {user: held for user, held in before[place][2].items() if not user.startswith(ANN)}


async def test_a_removal_is_undone(css: AsyncCss, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> None:
    """With the journal of the run."""
    before = everything(sandbox)
    file = tmp_path_factory.mktemp("journal") / "off.jsonl"
    plan = (await css.removal_plan(ANN)).plan
    with Journal(file) as journal:
        await css.with_journal(journal).apply_plan(plan)
    assert everything(sandbox) != before
    back = await css.undo_plan(read_journal(file.read_bytes(), file.name))
    await css.apply_plan(back)
    assert everything(sandbox) == before


async def test_providers_choose_logins(css: AsyncCss) -> None:
    """All other logins stay, and are not called those of somebody else."""
    assert await removals(css, ANN, providers="azureidir") == {one for one in OF_ANN if "azureidir" in one[2]}
    found = await css.removal_plan("ann@people.example", providers=["idir"])
    assert (found.logins, found.same_address) == ((f"{ANN}@idir",), ())


async def test_two_people_with_one_address_are_refused(css: AsyncCss, sandbox: Sandbox) -> None:
    """Their GUIDs name one of them."""
    for guid in (BO, BEA):
        sandbox.grant(ALPHA, "prod", "reader", f"{guid}@idir")
    with pytest.raises(Ambiguous) as raised:
        await css.removal_plan("desk@people.example")
    assert {user.username for user in raised.value.candidates} == {f"{BO}@idir", f"{BEA}@idir"}  # type: ignore[union-attr]
    assert await removals(css, BO) == {("#301 prod", "reader", f"{BO}@idir")}
    assert (await css.removal_plan(BO)).same_address == (f"{BEA}@idir",)


async def test_who_has_nothing_is_found_only_by_a_username(css: AsyncCss) -> None:
    """An address or a GUID that no member has may be mistyped."""
    assert await removals(css, f"{BO}@idir") == set()
    assert await removals(css, BO, providers=["idir"]) == set()
    for whom in ("nobody@people.example", BO):
        with pytest.raises(NotFound, match="No member of any role"):
            await css.removal_plan(whom)
    with pytest.raises(UnusableUser):
        await css.removal_plan("a0a0")
    with pytest.raises(InvalidRequest, match="protect="):
        await css.removal_plan(BO, protect="admin")  # type: ignore[arg-type]


async def test_other_logins_are_removed_too(css: AsyncCss) -> None:
    """Those of GitHub, and service accounts."""
    assert await removals(css, "fern@people.example") == {("#301 dev", "reader", GITHUB)}
    robot = ServiceAccount(f"alpha-{ALPHA}")
    assert await removals(css, robot) == {("#301 dev", "reader", robot.username)}


async def test_a_place_that_cannot_be_read_is_named(css: AsyncCss, sandbox: Sandbox) -> None:
    """The others are done; and nobody is called unknown while a place was not read."""
    sandbox.faults.add("422_before", path=f"/integrations/{BETA}/prod/*", times=None)
    found = await css.removal_plan(ANN)
    assert [str(one.place) for one in found.incomplete] == ["#302 prod"]
    assert {str(step.place) for step in found.plan.steps} == {"#301 dev"}
    assert [str(one.place) for one in (await css.removal_plan("nobody@people.example")).incomplete] == ["#302 prod"]


async def test_roles_of_any_name_are_removed(css: AsyncCss, sandbox: Sandbox) -> None:
    """Also those that no roles file can hold; a role that no request can name is reported."""
    names = [" a role ", "a/b%2F#?", "..x", "a\u200bb"]
    for name in [*names, ".."]:
        sandbox.create_role(BETA, "dev", name)
        sandbox.grant(BETA, "dev", name, f"{CLEO}@azureidir")
    found = await css.removal_plan(CLEO)
    assert {step.role for step in found.plan.steps} == {"reader", *names}
    [left] = found.incomplete
    assert "'..'" in str(left.error)
    applied = await css.apply_plan(found.plan)
    assert {result.outcome for result in applied.results} == {"confirmed"}
    assert sandbox.grants(BETA, "dev")[f"{CLEO}@azureidir"] == {".."}


async def test_a_removal_that_no_request_can_express_is_reported(css: AsyncCss, sandbox: Sandbox) -> None:
    """The role is too long, or users of the provider cannot have roles; everything else is removed."""
    long = "r" * 185
    sandbox.create_role(BETA, "dev", long)
    sandbox.grant(BETA, "dev", long, f"{EVE}@idir")
    sandbox.world.users[f"{EVE}@otp"] = person(EVE, "otp", "Eve", "eve@people.example")
    sandbox.grant(BETA, "dev", "guest", f"{EVE}@otp")
    found = await css.removal_plan("eve@people.example")
    assert {(str(step.place), step.role) for step in found.plan.steps} == {("#301 dev", "writer")}
    assert [str(one.place) for one in found.incomplete] == ["#302 dev", "#302 dev"]
    assert {result.outcome for result in (await css.apply_plan(found.plan)).results} == {"confirmed"}


async def test_protection_and_guards_hold(css: AsyncCss, sandbox: Sandbox) -> None:
    """A protected role is shown and stays. A role keeps its last member. The limit counts each role's members."""
    kept = await css.removal_plan(ANN, protect=Protection(roles="adm*"))
    assert {step.role for step in kept.plan.protected} == {"admin"}
    assert {step.role for step in kept.plan.steps} == {"reader", "writer", "guest"}
    found = await css.removal_plan(ANN)
    with pytest.raises(LastMember):
        await css.apply_plan(found.plan, guards=Guards(keep_last="admin"))
    with pytest.raises(TooManyRemovals):
        await css.apply_plan(found.plan, guards=Guards(max_removals=1))
    assert writes(sandbox) == []


async def test_what_changes_meanwhile_is_not_overlooked(css: AsyncCss, sandbox: Sandbox) -> None:
    """A role that the person gets after the plan was made is not left."""
    found = await css.removal_plan(ANN)
    sandbox.grant(ALPHA, "dev", "lead", f"{ANN}@idir")
    with pytest.raises(StalePlan):
        await css.apply_plan(found.plan)
    assert writes(sandbox) == []


async def test_a_person_gets_the_roles_of_another_one(css: AsyncCss, sandbox: Sandbox) -> None:
    """Each login those of the login with the same provider. Nobody loses anything; the second time there is nothing."""
    before = everything(sandbox)
    found = await css.copy_plan("ann@people.example", "eve@people.example")
    assert {(str(step.place), step.kind, step.role, step.target) for step in found.plan.steps} == {
        (place, "add_member", role, login.replace(ANN, EVE)) for place, role, login in OF_ANN
    } - {("#301 dev", "add_member", "writer", f"{EVE}@idir")}
    assert (found.plan.unresolved, found.incomplete, found.requests) == ((), (), 3)
    await css.apply_plan(found.plan)
    assert len(writes(sandbox)) == 3
    for place, (_, _, grants) in before.items():
        now = everything(sandbox)[place][2]
        assert {user: now[user] for user in grants if not user.startswith(EVE)} == {
            user: held for user, held in grants.items() if not user.startswith(EVE)
        }
    assert (await css.copy_plan("ann@people.example", EVE)).plan.steps == ()


async def test_a_username_gets_the_roles_of_all_logins(css: AsyncCss) -> None:
    """Or those of the logins of one provider."""
    found = await css.copy_plan(ANN, f"{BO}@idir")
    assert {(str(step.place), step.role) for step in found.plan.steps} == {one[:2] for one in OF_ANN}
    assert {step.target for step in found.plan.steps} == {f"{BO}@idir"}
    found = await css.copy_plan(ANN, f"{BO}@idir", providers="azureidir")
    assert {step.role for step in found.plan.steps} == {"admin", "reader"}


async def test_who_is_not_identified_gets_nothing(css: AsyncCss, sandbox: Sandbox) -> None:
    """The plan names the person and the roles; a source that nobody knows is an error."""
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


async def test_what_cannot_be_copied_is_named(css: AsyncCss, sandbox: Sandbox) -> None:
    """A role that no roles file can hold, a role whose name is too long, and a place that was not read."""
    for name in (" a role ", "r" * 185):
        sandbox.create_role(BETA, "dev", name)
        sandbox.grant(BETA, "dev", name, f"{CLEO}@azureidir")
    sandbox.faults.add("422_before", path=f"/integrations/{BETA}/prod/*", times=None)
    found = await css.copy_plan(CLEO, f"{BO}@idir")
    assert [str(one.place) for one in found.incomplete] == ["#302 dev", "#302 dev", "#302 prod"]
    assert {(str(step.place), step.role) for step in found.plan.steps} == {("#301 dev", "reader")}
    assert {result.outcome for result in (await css.apply_plan(found.plan)).results} == {"confirmed"}
