"""`css plan`, `apply`, `drift` and `validate` with several files, folders and groups, limited to some places."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk import Css, InvalidRequest, Settings, read_desired_files
from css_sdk.sandbox import Sandbox
from tests.states import writes
from tests.support import GRANTS_PORTAL, json_rows, usernames

Run = Callable[..., int]
EXAMPLE = Path(__file__).parent.parent / "examples" / "access"


@pytest.fixture
def access(tmp_path: Path) -> Path:
    """A copy of the example folder, whose last days are far away."""
    folder = tmp_path / "access"
    shutil.copytree(EXAMPLE, folder)
    people = folder / "people.yaml"
    people.write_text(people.read_text(encoding="utf-8").replace("2027", "2127"), encoding="utf-8")
    return folder


def test_three_environments_of_40_people_are_described_once(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After css apply, the same files give an empty plan."""
    people = usernames(sandbox, 40)
    (tmp_path / "people.yaml").write_text(json.dumps({"version": 1, "groups": {"staff": people}}), encoding="utf-8")
    role = {"name": "staff", "members": {"exact": [{"group": "staff"}]}}
    places = {name: {"roles": [role]} for name in ("dev", "test", "prod")}
    portal = {"version": 1, "integrations": [{"integration": 101, "environments": places}]}
    (tmp_path / "portal.yaml").write_text(json.dumps(portal), encoding="utf-8")
    assert run_css("apply", tmp_path, "--yes", "--allow-prod") == 0
    for name in places:
        assert sandbox.members(GRANTS_PORTAL, name, "staff") == people
    capsys.readouterr()
    assert run_css("plan", tmp_path / "portal.yaml", tmp_path / "people.yaml", "--prune", "--detailed-exitcode") == 0
    assert "No changes." in capsys.readouterr().out
    assert run_css("drift", tmp_path) == 0


def test_the_order_and_number_of_files_do_not_change_the_plan(
    access: Path, sandbox: Sandbox, settings: Settings
) -> None:
    """Its id depends on what the files say together."""
    files = sorted(access.iterdir())
    with Css(settings, transport=sandbox.transport()) as css:
        ids = {css.plan(read_desired_files(each), prune=True).id for each in (access, files, files[::-1])}
    assert len(ids) == 1


def test_options_limit_a_plan_to_some_places(
    run_css: Run, access: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan names the places that are left out, in each format. Variables do not limit it."""
    monkeypatch.setenv("CSS_INTEGRATION", "102")
    monkeypatch.setenv("CSS_ENVIRONMENT", "prod")
    assert run_css("plan", access) == 0
    assert "Left out" not in capsys.readouterr().out
    for chosen in (("-i", "Grants Portal", "-e", "test"), ("-i", "101", "-e", "test"), ("-e", "test")):
        assert run_css("plan", access, *chosen) == 0
        out = capsys.readouterr().out
        assert "Grants Portal (#101) test" in out
        assert "(#101) dev" not in out
        assert "Left out of this plan: Grants Portal dev\nLeft out of this plan: Grants Portal prod\n" in out
    assert run_css("plan", access, "-e", "test", "-e", "dev", "--markdown") == 0
    assert "- Left out of this plan: `Grants Portal prod`" in capsys.readouterr().out
    saved = access.parent / "plan.json"
    assert run_css("plan", access, "-e", "dev", "--json", "--out", saved) == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == ["Grants Portal test", "Grants Portal prod"]
    assert run_css("show", saved) == 0
    assert "Left out of this plan: Grants Portal test" in capsys.readouterr().out
    assert run_css("apply", saved, "-e", "dev", "--yes") == 64
    assert "-i and -e are only for roles files" in capsys.readouterr().err


def test_apply_and_drift_are_limited_in_the_same_way(
    run_css: Run, sandbox: Sandbox, access: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left out is not written, and drift does not look at it."""
    assert run_css("apply", access, "-e", "dev", "--yes") == 0
    assert "Left out of this plan: Grants Portal prod" in capsys.readouterr().err
    assert writes(sandbox)
    assert not [path for _, path in writes(sandbox) if "/dev/" not in path]
    assert run_css("drift", access, "-e", "dev") == 0
    assert run_css("drift", access, "-e", "test") == 2
    assert (
        "Left out because of -i or -e: Grants Portal dev\nLeft out because of -i or -e: Grants Portal prod\n"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("-i", "Fisheries Service"), 64, "The files lack Fisheries Service. They have: Grants Portal dev, Grants Por"),
        (("-i", "102", "-e", "dev"), 64, "The files lack Fisheries Service dev. They have: Grants Portal dev"),
        (("-i", "101", "-i", "102"), 64, "The files lack Fisheries Service."),
        (("-i", "Grants Portl"), 4, "Grants Portal"),
    ],
)
def test_a_place_that_the_files_lack_is_an_error(
    run_css: Run,
    sandbox: Sandbox,
    access: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    """It says which places there are, and nothing is written."""
    for command in (("plan",), ("apply", "--yes", "--allow-prod"), ("drift",)):
        assert run_css(command[0], access, *command[1:], *options) == code
        assert said in capsys.readouterr().err
    assert writes(sandbox) == []


def test_python_limits_a_plan_too(access: Path, sandbox: Sandbox, settings: Settings) -> None:
    """One name can be passed as it is."""
    desired = read_desired_files(access)
    with Css(settings, transport=sandbox.transport()) as css:
        made = css.plan(desired, integrations=101, environments="dev")
        assert made.left_out == ("Grants Portal test", "Grants Portal prod")
        with pytest.raises(InvalidRequest, match=r"lack Grants Portal staging\. .* Correct integrations= or"):
            css.plan(desired, integrations=["Grants Portal"], environments=["staging"])


def test_css_validate_checks_files_together(access: Path, run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """It counts the places of each file, warns of groups without a use, and finds what two files say."""
    assert run_css("validate", access) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"{access / 'people.yaml'}: 0 places, 0 roles, 0 grants",
        f"{access / 'portal.yaml'}: 3 places, 3 roles, 8 grants",
    ]
    assert err == ""
    assert run_css("validate", access / "people.yaml") == 0
    assert f"Note: {access / 'people.yaml'}:11: no role uses the group 'leads'.\n" in capsys.readouterr().err
    broken = access / "broken.yaml"
    broken.write_text((access / "portal.yaml").read_text(encoding="utf-8").replace("members:", "member:"), "utf-8")
    assert run_css("validate", access / "people.yaml", broken) == 64
    err = capsys.readouterr().err
    assert "the key 'member' is unknown" in err
    assert "no role uses the group" not in err
    broken.unlink()
    assert run_css("validate", access / "portal.yaml") == 64
    assert "the group 'caseworkers' is unknown; no file defines a group" in capsys.readouterr().err
    shutil.copy(access / "portal.yaml", access / "twice.yml")
    for command in ("validate", "plan", "drift"):
        assert run_css(command, access) == 64
        assert (
            f"{access / 'twice.yml'}:8: integrations[0].environments.dev.roles[0]: the role 'reviewer' is on "
            f"{access / 'portal.yaml'}:8 already"
        ) in capsys.readouterr().err
    assert run_css("validate", access, "--json") == 64
    rows = json_rows(capsys)
    assert [len(row["faults"]) for row in rows] == [0, 0, 3]


def test_another_file_of_css_is_named(access: Path, run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A saved plan among roles files is refused, and an empty folder too."""
    saved = access / "plan.yaml"
    assert run_css("plan", access, "--out", saved) == 0
    for command in (("plan",), ("apply", "--yes"), ("drift",), ("validate",)):
        assert run_css(command[0], access, *command[1:]) == 64
        assert f"{saved} is a plan, not a roles file." in capsys.readouterr().err
    (access.parent / "empty").mkdir()
    assert run_css("plan", access.parent / "empty") == 64
    assert "empty has no roles files" in capsys.readouterr().err
