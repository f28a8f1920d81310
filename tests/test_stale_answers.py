"""If somebody else changes the state before a question is answered, the answer is stale and nothing is sent."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.states import writes
from tests.support import GRANTS_PORTAL, usernames

Run = Callable[..., int]
PLACE = ("-i", "101", "-e", "dev")


class Terminal(io.StringIO):
    """A terminal on which a user answers yes, just after somebody else has changed something."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__("y\n")
        self._meanwhile = meanwhile

    def isatty(self) -> bool:
        return True

    def readline(self, *arguments: int) -> str:  # type: ignore[override]
        self._meanwhile()
        return super().readline(*arguments)


@pytest.mark.parametrize("is_changed", [True, False])
@pytest.mark.parametrize(
    "command",
    [
        ["members", "set", *PLACE, "guest", "{kept}"],
        ["roster", "apply", "exact.csv", *PLACE, "--exact"],
        ["roster", "apply", "revoke.csv", *PLACE],
        ["unassign", *PLACE, "-r", "guest", "{gone}", "{kept}"],
        ["roles", "delete", *PLACE, "guest"],
        ["composites", "remove", *PLACE, "parent", "guest"],
        ["composites", "set", *PLACE, "parent", "child"],
    ],
    ids=" ".join,
)
def test_a_yes_after_a_change_by_somebody_else_writes_nothing(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    is_changed: bool,
) -> None:
    """If somebody else changed the state before the yes, css writes nothing, with exit code 5; otherwise it does the
    change.
    """
    kept, gone = usernames(sandbox, 30)[-2:]
    for name in ("guest", "child"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.create_role(GRANTS_PORTAL, "dev", "parent", ["guest", "child"])
    sandbox.grant(GRANTS_PORTAL, "dev", "guest", kept, gone)
    sandbox.grant(GRANTS_PORTAL, "dev", "parent", kept)
    (tmp_path / "exact.csv").write_text(f"username,role\n{kept},guest\n", encoding="utf-8")
    (tmp_path / "revoke.csv").write_text(f"username,role,action\n{gone},guest,revoke\n{kept},guest,revoke\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    others = "parent" if command[0] == "composites" else "guest"

    def meanwhile() -> None:
        if is_changed and others == "parent":
            sandbox.grant(GRANTS_PORTAL, "dev", "parent", gone, usernames(sandbox, 30)[0])
        elif is_changed:
            sandbox.revoke(GRANTS_PORTAL, "dev", "guest", kept)

    monkeypatch.setattr("sys.stdin", Terminal(meanwhile))
    code = run_css(*(word.format(kept=kept, gone=gone) for word in command))
    err = capsys.readouterr().err
    assert code == (5 if is_changed else 0), err
    assert ("Somebody else changed" in err) is is_changed
    assert bool(writes(sandbox)) is not is_changed
