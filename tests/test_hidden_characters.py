"""Hidden characters: refused in new names and in files, and shown by their codes everywhere else."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk import Css, Desired, InvalidFile, Settings, UnusableName, read_desired, read_roster, report_as_markdown
from css_sdk._text.escaping import hidden_in, is_hidden, shown, with_codes, without_hidden
from css_sdk.plan.transfer import export, promoted
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, case_name, usernames

Run = Callable[..., int]
HIDDEN = "ad\u200bmin"
EVERY_KIND = [
    *("\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u180b", "\u180e", "\u200b", "\u200d", "\u200e"),
    *("\u202e", "\u2060", "\u2065", "\u2066", "\u2800", "\u3164", "\ufe00", "\ufe0f", "\ufeff", "\uffa0", "\ufff0"),
    *("\U0001d173", "\U000e0001", "\U000e0041", "\U000e0100", "\U000e01ef", "\U000e0fff"),
]
PLACE = {"integration": "101", "environment": "dev"}


def test_all_format_characters_are_hidden_and_no_letter_is() -> None:
    """All characters of category Cf count as hidden, and no visible letter, digit, accent or blank does."""
    everything = [chr(number) for number in range(sys.maxunicode + 1)]
    found = set(filter(is_hidden, everything))
    assert set(EVERY_KIND) <= found
    assert all(each in found for each in everything if unicodedata.category(each) == "Cf")
    assert not found & set(map(chr, range(0x80)))
    kinds = {unicodedata.category(each) for each in found}
    assert kinds == {"Cf", "Cn", "Lo", "Mn", "So"}
    assert {each for each in found if unicodedata.category(each) == "Lo"} == set("\u115f\u1160\u3164\uffa0")
    assert not hidden_in("Prüfer 🦫 ἀ e\u0301 \xa0")


@pytest.mark.parametrize("character", EVERY_KIND, ids=case_name)
def test_output_shows_the_code_of_a_hidden_character(character: str) -> None:
    """Output shows a hidden character by its code."""
    code = f"<U+{ord(character):04X}>"
    name = f"ad{character}min"
    assert shown(name) == with_codes(name) == f"ad{code}min"
    assert without_hidden(name) == "admin"


@pytest.mark.parametrize("character", EVERY_KIND, ids=case_name)
def test_names_with_hidden_characters_in_files_are_refused(character: str) -> None:
    """Names and patterns in rosters and roles files may not contain hidden characters; comments and ignored columns
    may.
    """
    user, code = f"{'0f' * 16}@idir", f"<U+{ord(character):04X}>"
    name = f"ad{character}min"
    for cells in (f"{user},{name},101,dev", f"{user},admin,Grants{character}Portal,dev"):
        with pytest.raises(InvalidFile) as caught:
            read_roster(f"username,role,integration,environment\n{cells}\n")
        assert code in caught.value.faults[0]
    escape = json.dumps(name)
    for file in (
        {"protect": {"roles": [name]}, "integrations": []},
        {"protect": {"roles": [f"{name}*"]}, "integrations": []},
        {"protect": {"users": [f"{name}*"]}, "integrations": []},
        {"integrations": [{"integration": name, "environments": {"dev": {}}}]},
        {"integrations": [{"integration": 101, "environments": {"dev": {"roles": [name]}}}]},
    ):
        with pytest.raises(InvalidFile) as caught:
            read_desired(json.dumps({"version": 1, **file}), "roles.json")
        assert code in caught.value.faults[0], escape
    note = f"\ufeffusername,role,note\n{user},admin,n{character}ote\n"
    assert [row.role for row in read_roster(note, ignore=["note"], **PLACE)] == ["admin"]
    comment = f"\ufeffversion: 1  # {character}\nintegrations: []\n"
    assert read_desired(comment.encode(), "roles.yaml").places == ()


def test_no_role_gets_a_name_with_hidden_characters(sandbox: Sandbox, settings: Settings) -> None:
    """Creating, renaming and planning refuse a new name with hidden characters, and create nothing."""
    with Css(settings, transport=sandbox.transport()) as css:
        dev = css.integration(GRANTS_PORTAL).environment("dev")
        before = asked(sandbox)
        for create in (dev.roles.create, lambda name: dev.roles.rename("reviewer", name)):
            with pytest.raises(UnusableName, match=re.escape("ad<U+200B>min")):
                create(HIDDEN)
        assert [type(result.error) for result in dev.bulk.create_roles([HIDDEN])] == [UnusableName]
        assert asked(sandbox) == before
        with pytest.raises(UnusableName):
            dev.roles.ensure(HIDDEN)
        wanted = promoted(dev.state(), "101", "test", names={"admin": HIDDEN})
        with pytest.raises(InvalidFile) as caught:
            css.plan(Desired((wanted,)))
        assert "<U+200B>" in caught.value.faults[0]
    assert asked(sandbox)["POST"] == asked(sandbox)["PUT"] == 0


def test_an_existing_role_with_a_hidden_character_can_be_used_and_renamed(
    run_css: Run, sandbox: Sandbox, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """An existing role with a hidden character can be used and renamed; exports leave it out, and plans do not change
    it.
    """
    [user] = usernames(sandbox, 1)
    sandbox.create_role(GRANTS_PORTAL, "dev", HIDDEN)
    with Css(settings, transport=sandbox.transport()) as css:
        dev = css.integration(GRANTS_PORTAL).environment("dev")
        dev.users.assign(user, HIDDEN)
        assert [each.username for each in dev.roles.members(HIDDEN)] == [user]
        assert dev.roles.ensure(HIDDEN).name == HIDDEN
        report = css.report(integrations=[GRANTS_PORTAL], environments=["dev"])
        assert any("ad<U+200B>min" in line.replace("\\", "").replace("&lt;", "<").replace("&gt;", ">")
                   for line in report_as_markdown(report))  # fmt: skip
        desired = export([dev.state()])
        assert HIDDEN not in {role.name for role in desired.places[0].roles.items}  # type: ignore[union-attr]
        made = css.plan(desired, prune=True)
        assert made.steps == ()
        assert any("ad<U+200B>min" in note for note in made.notes)
    place = ("-i", "101", "-e", "dev")
    assert run_css("roles", "list", *place) == 0
    assert "ad<U+200B>min" in capsys.readouterr().out
    assert run_css("roles", "list", *place, "--json") == 0
    assert "ad\\u200bmin" in capsys.readouterr().out
    assert run_css("unassign", *place, "-r", HIDDEN, user, "--yes") == 0
    assert run_css("roles", "rename", *place, HIDDEN, "superadmin") == 0
    assert HIDDEN not in sandbox.roles(GRANTS_PORTAL, "dev")


def test_promote_does_not_copy_a_name_with_hidden_characters(run_css: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """`css promote` does not copy a role whose name has hidden characters, and gives no role such a name."""
    sandbox.create_role(GRANTS_PORTAL, "dev", HIDDEN)
    source = ("-i", "101", "--from", "dev", "--to", "test")
    assert run_css("promote", *source, "--rename", f"admin={HIDDEN}") == 64
    assert run_css("promote", *source, "--yes", "--journal", tmp_path / "j.jsonl") in (0, 3)
    assert HIDDEN not in sandbox.roles(GRANTS_PORTAL, "test")
