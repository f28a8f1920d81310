"""css-sdk reads and writes journals: it overwrites no file, and reports every line that does not fit."""

from __future__ import annotations

import datetime
import errno
import itertools
import json
import os
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk import CssError, InvalidFile, NotFound, OutcomeUnknown, Settings, table
from css_sdk._http.journal_writer import Journal, is_in_use
from css_sdk._version import __version__
from css_sdk.journal.entries import JournalRead, after, before, opening, read_journal
from css_sdk.state import Place, Step
from tests.support import is_private

DEV = Place(101, "dev")
STEP = Step("add_member", DEV, "reviewer", "0f3a@idir", people=1)
HEAD = opening("account", "https://api.example/v1", "1.0", "2026-11-21T12:00:00Z", None)
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(__file__).parent.parent / "css_sdk" / "journal" / "schema.json").read_text(encoding="utf-8"))
)
SETTINGS = Settings(client_id="account", client_secret="s3cret", api_url="https://api.example/v1")
STEPS = st.builds(
    Step,
    st.sampled_from(["rename_role", "add_composite", "add_member", "remove_member", "remove_composite"]),
    st.builds(Place, st.integers(0, 10**6), st.sampled_from(["dev", "test", "prod"])),
    st.text(min_size=1),
    st.text(min_size=1),
)


@given(st.lists(STEPS, max_size=3))
def test_steps_with_any_names_are_read_back_unchanged(steps: list[Step]) -> None:
    """Steps with any names, in any script, are read back from a journal unchanged."""
    text = HEAD + before(1, steps, "now") + after(1, "done", "", "now")
    [entry] = read_journal(text, "journal").entries
    assert (entry.steps, entry.outcome) == (tuple(steps), "done")


@given(
    st.lists(STEPS, max_size=3), st.dictionaries(st.sampled_from(["user", "reason", "command", "undoes"]), st.text())
)
def test_every_line_fits_the_schema(steps: list[Step], facts: dict[str, str]) -> None:
    """The schema describes every line that is written, and reading a journal returns the facts of its first line."""
    head = opening("account", "https://api.example/v1", "1.0", "2026-11-21T12:00:00Z", "0" * 64, **facts)
    text = head + before(1, steps, "now") + after(1, "unknown", "no answer", "then")
    for line in text.splitlines():
        SCHEMA.validate(json.loads(line))
    read = read_journal(text, "journal")
    assert {name: getattr(read, name) for name in facts} == facts
    assert [(entry.at, entry.message) for entry in read.entries] == [("then", "no answer")]


@given(st.data())
def test_a_journal_that_was_cut_short_is_read_up_to_the_cut(data: st.DataObject) -> None:
    """A journal that was cut anywhere is read up to the cut, and a write without an outcome counts as doubtful."""
    text = HEAD + before(1, [STEP], "now") + after(1, "done", "", "now") + before(2, [STEP], "now")
    cut = data.draw(st.integers(len(HEAD), len(text)))
    found = read_journal(text[:cut], "journal")
    whole = text[: text.rfind("\n", 0, cut) + 1]
    assert len(found.entries) == whole.count('"steps"')
    assert all(entry.is_doubtful or entry.outcome == "done" for entry in found.entries)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty or is not a journal"),
        ("hello\n", "journal:1: this is not a line"),
        ("[1]\n", "journal:1: this is not a line"),
        (before(1, [STEP], "now"), "journal:1: a journal begins"),
        (HEAD.replace('"journal":1', '"journal":2'), "version 2"),
        (HEAD + after(1, "done", "", "now"), "journal:2: this line does not fit"),
        (HEAD + before(1, [STEP], "now") * 2, "journal:3: this line does not fit"),
        (
            HEAD + before(1, [STEP], "now").replace("add_member", "add_mayor"),
            "journal:2: 'add_mayor' is not a kind of step",
        ),
        (HEAD + before(1, [STEP], "now").replace("101", "true"), "journal:2: the keys integration and people"),
        (HEAD + HEAD.replace("account", "somebody else"), "journal:2: the account or address"),
        (HEAD.replace('"account"', "1"), "journal:1: client_id must be a text."),
        (HEAD.replace('"https://api.example/v1"', "null"), "journal:1: api_url must be a text."),
        (HEAD.replace('"2026-11-21T12:00:00Z"', "1"), "journal:1: at must be a text."),
        (HEAD + HEAD + HEAD.replace('"account"', "1"), "journal:3: client_id must be a text."),
        (HEAD + before(1, [STEP], "now").replace('"write":1', '"write":true'), "journal:2: this line has no number"),
        (HEAD + before(1, [STEP], "now").replace('"write":1', '"write":"1"'), "journal:2: this line has no number"),
        ("\ud800\n", "journal:1: this is not a line"),
        (
            HEAD + before(1, [Step("add_composite", DEV, "a", "b")], "now").replace('"b"', '""'),
            "journal:2: a step add_composite must have environment, role and target",
        ),
        (
            HEAD + before(1, [Step("create_role", DEV, "a")], "now").replace('"a"', '"a","target":"b"'),
            "journal:2: a step create_role must have environment and role, but no target",
        ),
        (
            HEAD + before(1, [Step("create_role", DEV, "a")], "now").replace('"a"', '""'),
            "journal:2: a step create_role must have environment and role, but",
        ),
        (
            HEAD + before(1, [Step("create_role", DEV, "a")], "now").replace('"dev"', '""'),
            "journal:2: a step create_role must have environment and role, but",
        ),
        (
            HEAD + before(1, [STEP], "now").replace('"role"', '"y":1,"x":1,"role"'),
            "journal:2: a step has unknown keys: x, y",
        ),
    ],
)
def test_a_line_that_does_not_fit_is_reported_with_its_number(text: str, expected: str) -> None:
    """If a file is not a valid journal, the error names the line that does not fit."""
    with pytest.raises(InvalidFile, match=expected):
        read_journal(text, "journal")


def test_a_journal_is_never_overwritten(tmp_path: Path) -> None:
    """A file that exists is refused as a new journal, and stays as it is."""
    path = tmp_path / "journal"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidFile, match="already exists"):
        Journal(path)
    assert path.read_text(encoding="utf-8") == "mine"


def test_only_the_owner_can_read_a_journal_and_it_contains_no_secret(tmp_path: Path) -> None:
    """A journal has mode 0600 and does not contain the client secret."""
    with Journal(tmp_path / "journal") as journal:
        journal.open_for(SETTINGS)
    assert is_private(journal.path)
    assert "s3cret" not in journal.path.read_text(encoding="utf-8")


def test_a_resumed_journal_drops_an_incomplete_line_and_continues_the_numbers(tmp_path: Path) -> None:
    """A resumed journal drops the incomplete line of a killed program and continues the numbers of the writes."""
    path = tmp_path / "journal"
    path.write_text(HEAD + before(1, [STEP], "now") + '{"write":2,"st', encoding="utf-8")
    with Journal(path, resume=True, clock=lambda: datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)) as journal:
        journal.open_for(SETTINGS)
        journal.end(journal.begin([STEP]))
    found = read_journal(path.read_bytes(), "journal")
    assert isinstance(found, JournalRead)
    assert [(entry.number, entry.outcome) for entry in found.entries] == [(1, None), (2, "done")]


def test_a_closed_journal_warns_once_and_refuses_further_writes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """If writes end after the journal was closed, css-sdk warns once, writes to no other file, and refuses further
    writes.
    """
    with Journal(tmp_path / "journal") as journal:
        journal.open_for(SETTINGS)
        numbers = [journal.begin([STEP]) for _ in range(3)]
    with (tmp_path / "another").open("wb"):  # may get the file descriptor that the journal had
        for number in numbers:
            journal.end(number)
        with pytest.raises(InvalidFile, match=r"is closed\. Nothing more was sent"):
            journal.begin([STEP])
        journal.close()
    [record] = caplog.records
    assert record.getMessage().endswith(
        "journal is closed. Nothing more was sent. For calls in flight, the journal records that they began, "
        "but not how they ended."
    )
    assert [entry.outcome for entry in read_journal(journal.path.read_bytes(), "journal").entries] == [None] * 3
    assert (tmp_path / "another").read_bytes() == b""


@pytest.mark.parametrize("ending", ["short", "error", "cannot be taken back"])
def test_a_line_that_a_full_disk_cut_is_removed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """If a full disk cuts a line, the journal removes it and refuses all further writes, even if there
    is space again.
    """
    write = os.write

    def cut_short(file: int, content: bytes) -> int:
        written = write(file, content[: len(content) // 2])
        if ending == "error":
            no_room()
        return written

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Journal(tmp_path / "journal") as journal:
        journal.open_for(SETTINGS)
        number = journal.begin([STEP])
        whole = journal.path.read_bytes()
        with monkeypatch.context() as full:
            full.setattr(os, "write", cut_short)
            if ending == "cannot be taken back":
                full.setattr(os, "ftruncate", no_room)
            journal.end(number)
            assert journal.path.read_bytes().startswith(whole)
            assert ending == "cannot be taken back" or journal.path.read_bytes() == whole
            with pytest.raises(InvalidFile, match=r"cannot be written: .*\. Nothing more was sent"):
                journal.begin([STEP])
        with pytest.raises(InvalidFile, match="cannot be written"):
            journal.begin([STEP])
    [entry] = read_journal(journal.path.read_bytes(), "journal").entries
    assert entry.outcome is None


def test_two_runs_cannot_use_one_journal(tmp_path: Path) -> None:
    """A second run is refused a journal in use. A file that is not a journal is refused and not locked."""
    with Journal(tmp_path / "journal") as first:
        first.open_for(SETTINGS)
        with pytest.raises(InvalidFile, match="in use by another run"):
            Journal(first.path, resume=True)
    Journal(first.path, resume=True).close()
    (tmp_path / "other").write_text("nothing\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(InvalidFile, match="other") as caught:
            Journal(tmp_path / "other", resume=True)
        assert "in use" not in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="Windows locks files by another call")
@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EIO])
def test_without_support_for_locks_a_journal_is_kept_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int, resume: bool
) -> None:
    """If the file system does not support locks, css-sdk warns and writes the journal."""
    path = tmp_path / "journal"
    with Journal(path) as first:
        first.open_for(SETTINGS)
    if not resume:
        path.unlink()

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with Journal(path, resume=resume) as journal:
        journal.open_for(SETTINGS)
        journal.end(journal.begin([STEP]))
    [record] = caplog.records
    assert f"cannot be locked here ({os.strerror(number)})" in record.getMessage()
    assert [entry.outcome for entry in read_journal(path.read_bytes(), "journal").entries] == ["done"]


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (None, {"outcome": "done"}),
        (OutcomeUnknown("It may be done."), {"outcome": "unknown", "message": "It may be done."}),
        (NotFound("There is no role."), {"outcome": "failed", "message": "There is no role."}),
    ],
)
def test_the_outcome_of_a_write_follows_from_its_error(
    tmp_path: Path, error: CssError | None, ending: dict[str, str]
) -> None:
    """A journal records the outcome that the error of a write implies, with its message and the times
    of begin and end.
    """
    times = itertools.count(1)
    clock = lambda: datetime.datetime(2026, 11, next(times), tzinfo=datetime.UTC)  # noqa: E731
    with Journal(tmp_path / "journal", clock=clock) as journal:
        journal.open_for(SETTINGS)
        journal.end(journal.begin([STEP]), error)
    lines = [json.loads(line) for line in journal.path.read_text(encoding="utf-8").splitlines()]
    assert [line["at"][:10] for line in lines] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert lines[1] == {"write": 1, "at": lines[1]["at"], "steps": [STEP.as_record()]}
    assert lines[2] == {"write": 1, "at": lines[2]["at"], **ending}
    whose = {"client_id": "account", "api_url": SETTINGS.api_url, "css_sdk": __version__}
    assert lines[0] == {"journal": 1, **whose, "at": lines[0]["at"]}


def test_times_in_a_journal_are_in_utc(tmp_path: Path) -> None:
    """Times in a journal are in UTC by default, and the numbers of writes begin at 1 in a resumed journal without
    writes.
    """
    with Journal(tmp_path / "journal") as journal:
        journal.open_for(SETTINGS)
    with Journal(journal.path, resume=True) as journal:
        assert journal.begin([STEP]) == 1
    [opened, begun] = map(json.loads, journal.path.read_text(encoding="utf-8").splitlines())
    assert [datetime.datetime.fromisoformat(line["at"]).utcoffset() for line in (opened, begun)] == [
        datetime.timedelta(0)
    ] * 2
    assert repr(journal) == f"Journal({str(journal.path)!r})"


@pytest.mark.parametrize(("first", "second", "plan"), [("a", None, "a"), (None, "b", "b"), ("a", "b", "b")])
def test_a_resumed_journal_belongs_to_the_latest_plan(first: str | None, second: str | None, plan: str) -> None:
    """A journal that was resumed keeps its first time and reason, and belongs to the latest plan that a run named."""
    heads = [
        opening("account", "https://api.example/v1", "1.0", at, named, reason=at)
        for at, named in (("first", first), ("second", second))
    ]
    read = read_journal("".join(heads), "journal")
    assert (read.plan, read.at, read.reason, read.entries) == (plan, "first", "first", ())


def test_a_journal_has_a_row_for_each_step() -> None:
    """The table of a journal has a row for each step, with its write, outcome, place, time and error."""
    text = HEAD + before(7, [STEP], "now") + after(7, "failed", "no answer", "then")
    assert [dict(row) for row in table(read_journal(text, "journal"))] == [
        {
            "write": 7,
            "state": "failed",
            "step": "add_member",
            "role": "reviewer",
            "target": "0f3a@idir",
            "integration": 101,
            "environment": "dev",
            "project_name": "",
            "at": "then",
            "message": "no answer",
        }
    ]


@pytest.mark.posix
def test_a_journal_is_in_use_until_it_is_closed(tmp_path: Path) -> None:
    """Another process can see whether a run still writes into a journal. A file that does not exist is not in use."""
    path = tmp_path / "journal"
    assert not is_in_use(path)
    with Journal(path) as opened:
        opened.open_for(SETTINGS)
        assert is_in_use(path)
    assert not is_in_use(path)


@pytest.mark.posix
def test_the_copy_of_a_journal_in_a_forked_child_is_closed(tmp_path: Path) -> None:
    """A forked child neither keeps the lock of its parent's journal nor writes into it, even while a thread writes."""
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open_for(SETTINGS)
    with journal._lock:
        journal.after_fork()
        assert not is_in_use(path)
        with pytest.raises(InvalidFile, match="opened in the parent of this forked process"):
            journal.begin([STEP])
    with path.open("rb") as reused:  # gets the number of the closed file
        journal.after_fork()  # in a child of the child
        assert read_journal(reused.read(), "journal").entries == ()


def test_a_journal_that_is_not_required_gives_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a journal of the user's folder cannot be written, the writes are sent, and nothing more is recorded."""
    path = tmp_path / "journal"
    tried = []

    def full(_: int) -> None:
        tried.append(1)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Journal(path, is_required=False, reason="Ticket 4711", user="me") as journal:
        journal.open_for(SETTINGS)
        monkeypatch.setattr(os, "fsync", full)
        journal.end(journal.begin([STEP]))
        journal.end(journal.begin([STEP]))
        assert len(tried) == 1
        assert journal.entries == ()
    read = read_journal(path.read_bytes(), "journal")
    assert (read.entries, read.reason, read.user) == ((), "Ticket 4711", "me")


def test_a_journal_names_the_integration_of_each_write() -> None:
    """The project name is written with each write and read back, so that `css show` can name the integration."""
    text = HEAD + before(1, [Step("create_role", Place(101, "dev", "Grants Portal"), "a")], "now")
    [entry] = read_journal(text, "journal").entries
    assert str(entry.steps[0].place) == "Grants Portal (#101) dev"
    with pytest.raises(InvalidFile, match="journal:2"):
        read_journal(text.replace('"Grants Portal"', "1"), "journal")
