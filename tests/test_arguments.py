"""Public calls accept one name or several, and refuse wrong arguments with an error that says what is expected."""

from __future__ import annotations

import copy
import datetime
import pickle
from collections.abc import Callable
from importlib import import_module
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from attrs import evolve

from css_sdk import (
    AsyncCss,
    AsyncTokenVerifier,
    ClientCredentials,
    ConfigurationError,
    Css,
    CssError,
    Desired,
    DesiredPlace,
    Grant,
    Guards,
    InvalidRequest,
    Listed,
    Plan,
    Protection,
    ServiceAccount,
    Settings,
    TokenVerifier,
    User,
    read_roster,
    table,
)
from css_sdk._service.log_windows import moment
from css_sdk.people.identities import Person
from css_sdk.plan.desired import DesiredUser
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked

MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
GUID = MAREN.partition("@")[0]
ROSTER = f"username,role,note\n{MAREN},reviewer,x\n"
PLACE = {"integration": "101", "environment": "dev"}


class Frame:
    """Imitate a pandas table: an iterable of the names of its columns."""

    columns = ("user", "role")

    def __iter__(self) -> Any:
        return iter(self.columns)


class NumpyInt:
    """Imitate a whole number of numpy: an object with `__index__`."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


def dev(css: Css) -> Any:
    """Return the dev environment of the Grants Portal."""
    return css.integration(GRANTS_PORTAL).environment("dev")


def outcomes(results: Any) -> list[tuple[Any, str]]:
    """Return the outcome of each of many writes."""
    return [(result.grant if hasattr(result, "grant") else result.name, result.outcome) for result in results]


ONE_OR_SEVERAL: dict[str, tuple[Callable[[Css, Any], Any], Any]] = {
    "find_people(environments=)": (lambda css, given: css.find_people(email="ilse@", environments=given), "dev"),
    "find_people(providers=)": (lambda css, given: css.find_people(email="ilse@", providers=given), "idir"),
    "roles_of(providers=)": (lambda css, given: css.roles_of("ilse.hargreave@example.com", providers=given), "idir"),
    "report(integrations=), name": (lambda css, given: list(css.report(integrations=given).rows()), "Grants Portal"),
    "report(integrations=), id": (lambda css, given: list(css.report(integrations=given).rows()), 101),
    "report(environments=)": (lambda css, given: list(css.report(environments=given).rows()), "dev"),
    "report.only(roles=)": (lambda css, given: list(css.report().only(roles=given).rows()), "admin"),
    "apply_roster(rows)": (
        lambda css, given: [result.state for result in css.apply_roster(given)],
        read_roster(ROSTER, "r.csv", ignore="note", **PLACE)[0],
    ),
    "check_roster(rows)": (
        lambda css, given: [result.state for result in css.check_roster(given)],
        read_roster(ROSTER, "r.csv", ignore="note", **PLACE)[0],
    ),
    "apply_roster(providers=)": (
        lambda css, given: [
            result.state
            for result in css.apply_roster(
                read_roster(f"guid,role\n{GUID},reviewer", "r.csv", **PLACE), providers=given
            )
        ],
        "azureidir",
    ),
    "plan(providers=)": (lambda css, given: evolve(css.plan(Desired(()), providers=given), created_at=""), "idir"),
    "state(members_of)": (lambda css, given: dict(dev(css).state(given).members), "admin"),
    "people.search(providers)": (lambda css, given: dev(css).people.search(given, email="ilse@"), "idir"),
    "people.find_one(providers=)": (
        lambda css, given: dev(css).people.find_one(email="ilse.hargreave@example.com", providers=given),
        "idir",
    ),
    "users.check": (lambda css, given: dev(css).users.check(MAREN, given), "approver"),
    "users.assign": (lambda css, given: dev(css).users.assign(MAREN, given), "approver"),
    "users.unassign": (lambda css, given: dev(css).users.unassign(MAREN, given), "reviewer"),
    "users.set_roles": (lambda css, given: dev(css).users.set_roles(MAREN, given), "approver"),
    "composites.add": (lambda css, given: dev(css).roles.composites("approver").add(given), "reviewer"),
    "composites.remove": (lambda css, given: dev(css).roles.composites("admin").remove(given), "reviewer"),
    "composites.set": (lambda css, given: dev(css).roles.composites("admin").set(given), "reviewer"),
    "set_members": (lambda css, given: dev(css).roles.set_members("reviewer", given), MAREN),
    "set_members, User": (lambda css, given: dev(css).roles.set_members("reviewer", given), User(MAREN)),
    "set_members, account": (
        lambda css, given: css.integration(FISHERIES).environment("dev").roles.set_members("reader", given),
        ServiceAccount("fisheries-service-102"),
    ),
    "assign_many": (lambda css, given: outcomes(dev(css).bulk.assign_many(given)), Grant(MAREN, "approver")),
    "unassign_many": (lambda css, given: outcomes(dev(css).bulk.unassign_many(given)), Grant(MAREN, "reviewer")),
    "create_roles": (lambda css, given: outcomes(dev(css).bulk.create_roles(given)), "auditor"),
    "read_roster(ignore=)": (lambda css, given: read_roster(ROSTER, "r.csv", ignore=given, **PLACE), "note"),
    "Guards(keep_last=)": (lambda css, given: Guards(keep_last=given), "admin"),
    "Protection(roles=)": (lambda css, given: Protection(roles=given), "admin"),
    "Protection(users=)": (lambda css, given: Protection(users=given), MAREN),
    "origins=": (
        lambda css, given: vars(ClientCredentials("https://a.example/t", "me", "s", origins=given))["_origins"],
        "https://api.example",
    ),
    "table": (lambda css, given: table(given), User(MAREN)),
}


@pytest.mark.parametrize("name", ONE_OR_SEVERAL)
def test_one_value_gives_the_same_result_as_a_list_with_it(name: str, settings: Settings) -> None:
    """Where several values are allowed, one value gives the same result as a list or a generator that holds it."""
    call, one = ONE_OR_SEVERAL[name]
    ways = [one, [one], (each for each in [one])]
    seen = []
    for given in ways:
        sandbox = Sandbox()
        sandbox.create_role(FISHERIES, "dev", "reader")
        mine = Settings(**sandbox.credentials())
        with Css(mine, transport=sandbox.transport()) as css:
            result = call(css, given)
            seen.append(
                (
                    str(result),
                    sandbox.grants(GRANTS_PORTAL, "dev"),
                    css.integration(101).environment("dev").roles.tree(),
                )
            )
    assert all(each == seen[0] for each in seen)


@pytest.mark.parametrize("name", ONE_OR_SEVERAL)
def test_values_of_other_types_are_refused_before_anything_is_written(
    name: str, sandbox: Sandbox, settings: Settings
) -> None:
    """Values of other types, such as a table or bytes, are refused with a `CssError` before anything is written."""
    call, _ = ONE_OR_SEVERAL[name]
    with Css(settings, transport=sandbox.transport()) as css:
        for given in (Frame(), 5.5, b"admin", [5.5], [None], object()):
            with pytest.raises(CssError):
                call(css, given)
    assert {"POST", "PUT", "DELETE"}.isdisjoint(asked(sandbox))


@pytest.mark.parametrize("text", ["auditor", MAREN, "Grants Portal"])
def test_a_text_is_refused_where_objects_are_expected(text: str, sandbox: Sandbox, settings: Settings) -> None:
    """If a call expects objects such as rows or grants, it refuses a text and writes nothing."""
    calls: list[Callable[[Css], Any]] = [
        lambda css: css.apply_roster(text),
        lambda css: css.check_roster(text),
        lambda css: dev(css).bulk.assign_many(text),
        lambda css: dev(css).bulk.unassign_many((MAREN, text)),
        lambda _: Listed(text),
        lambda _: Desired(DesiredPlace("Grants Portal", "dev")),
        lambda _: Desired(text),
        lambda _: DesiredPlace("Grants Portal", "dev", users=DesiredUser(Person("username", MAREN), Listed(("a",)))),
    ]
    with Css(settings, transport=sandbox.transport()) as css:
        for call in calls:
            with pytest.raises(InvalidRequest):
                call(css)
    assert {"POST", "PUT", "DELETE"}.isdisjoint(asked(sandbox))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda css: dev(css).people.find_one(email=float("nan")), "The email to .* must be text, not the float nan"),
        (lambda css: dev(css).people.find_one(guid=12345), "The guid to search by must be text, not the int 12345"),
        (lambda css: dev(css).people.find_one(email="a@b", provider="idir"), "providers="),
        (lambda css: dev(css).people.search(5, email="ilse@"), "one provider, or several as a list of texts"),
        (lambda css: dev(css).bulk.assign_many(Frame()), "itertuples"),
        (lambda css: dev(css).bulk.assign_many([(MAREN, "a", "b")]), r"Grant 1 must be a Grant or a pair \(user,"),
        (lambda css: dev(css).bulk.assign_many({MAREN: "reviewer"}), "not a value of type dict"),
        (lambda css: dev(css).bulk.create_roles([5]), "Each role must be text, not the int 5"),
        (lambda css: dev(css).roles.members_page("reviewer", 1.5), "The page must be a whole number, not the float"),
        (lambda css: css.integration(101.0), "must be a whole number, not the float 101.0"),
        (lambda css: css.integration(True), "whole number"),
        (lambda css: css.plan("roles.yaml"), r"css_sdk.Desired, not str. read_desired"),
        (lambda css: css.apply_plan("plan.json"), r"read_plan\(…\) returns a plan"),
        (lambda css: css.apply_plan(Plan(), guards={}), "guards= must be css_sdk.Guards"),
        (lambda css: css.undo_plan("journal.jsonl"), "read_journal"),
        (lambda css: dev(css).logs(5, "2026-11-21"), "since is 5, which is not a time"),
        (lambda css: dev(css).logs(None, "2026-11-21"), "since is None, which is not a time"),
    ],
)  # fmt: skip
def test_the_error_for_a_wrong_argument_says_what_is_expected(
    call: Callable[[Css], Any], said: str, sandbox: Sandbox, settings: Settings
) -> None:
    """The error for a wrong argument is a `CssError` that says what is expected, and nothing is written."""
    with Css(settings, transport=sandbox.transport()) as css:
        with pytest.raises(CssError, match=said):
            call(css)
    assert {"POST", "PUT", "DELETE"}.isdisjoint(asked(sandbox))


@pytest.mark.parametrize("width", [0, 9, 2.5, "4", None, True])
def test_a_width_is_a_whole_number(width: Any, sandbox: Sandbox, settings: Settings) -> None:
    """If `width=` is not a whole number from 1 to 8, css-sdk refuses it and sends nothing."""
    with Css(settings, transport=sandbox.transport()) as css:
        for call in (
            css.report,
            css.check_roster,
            css.apply_roster,
            lambda *_, **options: css.plan(Desired(()), **options),
        ):
            with pytest.raises(ConfigurationError, match="1 to 8"):
                call(*([()] if call in (css.check_roster, css.apply_roster) else []), width=width)
    assert asked(sandbox) == {}


def test_whole_numbers_of_numpy_are_accepted(sandbox: Sandbox, settings: Settings) -> None:
    """css-sdk accepts every type with `__index__`, such as a whole number of numpy, as id, page and page size."""
    with Css(settings, transport=sandbox.transport()) as css:
        portal = css.integration(NumpyInt(GRANTS_PORTAL))  # type: ignore[arg-type]
        assert portal.info.id == GRANTS_PORTAL
        assert type(portal.info.id) is int
        assert css.report(integrations=[NumpyInt(GRANTS_PORTAL)]) == css.report(integrations=GRANTS_PORTAL)  # type: ignore[list-item]
        page = portal.environment("dev").roles.members_page("reviewer", NumpyInt(1), NumpyInt(1))  # type: ignore[arg-type]
        assert len(page) == 1


@pytest.mark.notebooks
def test_values_of_numpy_and_pandas_are_accepted_or_refused(sandbox: Sandbox, settings: Settings) -> None:
    """css-sdk accepts ids, times and pairs from numpy and pandas, and refuses missing times, missing texts and whole
    tables.
    """
    numpy, pandas = import_module("numpy"), import_module("pandas")

    at = datetime.datetime(2026, 11, 21, 12, 30, tzinfo=datetime.UTC)
    for time in (
        numpy.datetime64("2026-11-21T12:30"),
        numpy.datetime64("2026-11-21T12:30:00.000000000"),
        pandas.Timestamp("2026-11-21 12:30"),
    ):
        assert moment(time, "since") == at
    assert moment(numpy.datetime64("2026-11-21"), "since") == at.replace(hour=0, minute=0)
    for missing in (numpy.datetime64("NaT"), pandas.NaT):
        with pytest.raises(InvalidRequest, match="which is not a time"):
            moment(missing, "since")
    people = pandas.DataFrame({"user": [MAREN], "role": ["approver"], "email": [float("nan")], "id": [GRANTS_PORTAL]})
    with Css(settings, transport=sandbox.transport()) as css:
        place = css.integration(people["id"][0]).environment("dev")
        with pytest.raises(InvalidRequest, match="itertuples"):
            place.bulk.assign_many(people)
        with pytest.raises(InvalidRequest, match="one role, or several"):
            place.bulk.create_roles(people)
        with pytest.raises(InvalidRequest, match="The email to search by must be text"):
            place.people.find_one(email=people["email"][0])
        pairs = people[["user", "role"]].itertuples(index=False, name=None)
        assert [result.outcome for result in place.bulk.assign_many(pairs)] == ["done"]
        assert place.users.check(people["user"][0], people["role"]) == (MAREN, ("approver",))


MISTYPED: dict[str, Callable[[Css, Any], Any]] = {
    "apply_roster": lambda css, options: css.apply_roster([], **options),
    "check_roster": lambda css, options: css.check_roster([], **options),
    "set_members": lambda css, options: dev(css).roles.set_members("reviewer", [MAREN], **options),
    "set_roles": lambda css, options: dev(css).users.set_roles(MAREN, "reviewer", **options),
    "composites.set": lambda css, options: dev(css).roles.composites("admin").set("reviewer", **options),
    "assign_many": lambda css, options: dev(css).bulk.assign_many([(MAREN, "reviewer")], **options),
    "unassign_many": lambda css, options: dev(css).bulk.unassign_many([(MAREN, "reviewer")], **options),
}


@pytest.mark.parametrize("call", MISTYPED.values(), ids=MISTYPED.keys())
def test_an_option_that_does_not_exist_is_refused(
    call: Callable[[Css, Any], Any], sandbox: Sandbox, settings: Settings
) -> None:
    """A mistyped option is refused before anything is sent, and the error lists the options that exist."""
    with Css(settings, transport=sandbox.transport()) as css:
        dev(css)
        before = len(sandbox.requests)
        with pytest.raises(InvalidRequest, match=r"There is no option widht\. The options are .*progress"):
            call(css, {"widht": 2})
        assert len(sandbox.requests) == before


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_client_is_not_copied(copied: Callable[[object], object], sandbox: Sandbox, settings: Settings) -> None:
    """A client and its parts cannot be copied or pickled, because a copy would share its connections and its secret."""
    with Css(settings, transport=sandbox.transport()) as css:
        with pytest.raises(ConfigurationError, match="A client cannot be copied or pickled"):
            copied(css)
        place = dev(css)
        parts = [place, place.roles, place.users, place.bulk, place.people, css.integration(101), css.people("dev")]
        for part in parts if copied is not copy.copy else []:
            with pytest.raises(ConfigurationError, match="A client cannot be copied or pickled"):
                copied(part)

    async def asynchronous() -> None:
        async with AsyncCss(settings, transport=sandbox.async_transport()) as css:
            with pytest.raises(ConfigurationError, match="A client cannot be copied or pickled"):
                copied(css)

    anyio.run(asynchronous)


def test_a_client_refuses_wrong_options_and_objects_of_other_libraries(settings: Settings) -> None:
    """A client refuses an unknown option, and an HTTP client, transport, journal or settings of the wrong type."""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"http_client": httpx2.Client()}, "http_client= must be httpx.Client, not httpx2.Client"),
        ({"http_client": httpx.AsyncClient()}, "http_client= must be httpx.Client, not httpx.AsyncClient"),
        ({"transport": httpx2.HTTPTransport()}, "transport= must be httpx.BaseTransport, not httpx2.HTTPTransport"),
        ({"transport": httpx.AsyncHTTPTransport()}, "transport= must be httpx.BaseTransport"),
        ({"journal": "journal.jsonl"}, "journal= must be css_sdk.Journal, not str"),
        ({"time_out": 5}, "There is no option time_out. The options are .*timeout"),
    ]
    for options, said in wrong:
        with pytest.raises(ConfigurationError, match=said):
            Css(settings, **options)
    for options, said in wrong[:4:2]:
        with pytest.raises(ConfigurationError, match=said):
            TokenVerifier("https://login.example", "me", **options)
        with pytest.raises(ConfigurationError, match=r"must be httpx\.Async"):
            AsyncTokenVerifier("https://login.example", "me", **options)
        with pytest.raises(ConfigurationError, match=r"must be httpx\.Async"):
            AsyncCss(settings, **options)
    for given in ("s3cret", None, {"client_id": "me"}):
        with pytest.raises(CssError, match=r"settings must be css_sdk\.Settings"):
            Css(given)  # type: ignore[arg-type]
