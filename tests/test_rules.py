"""The rules of the service: what css-sdk may send, and which answers verify a write."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from css_sdk_openapi.api.role_mapping import unassign_user_role
from css_sdk_openapi.api.roles import get_role
from hypothesis import example, given
from hypothesis import strategies as st

from css_sdk._service import environment_checks, identifiers, request_checks, service_limits
from css_sdk._verification import verdicts
from css_sdk._verification.verdicts import VERIFIED_BY, Verdict, VerifiedBy
from css_sdk.errors import (
    ConfigurationError,
    EnvironmentMissing,
    HarmfulRequest,
    InvalidRequest,
    NotApplied,
    Refused,
    RequestTooLong,
    UnusableName,
    UnusableUser,
)
from css_sdk.models import PROVIDERS, Integration, Role, ServiceAccount
from css_sdk.state import STEP_KINDS, StepKind
from tests.support import case_name

ANY_TEXT = st.text(st.characters())
GUID = "0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\t",
        "\u00a0",
        ".",
        "..",
        " .. ",
        "\ufeff",
        " \ufeff ",
        "\ufeff..",
        "..\ufeff ",
        "\ufeff.",
        " .",
        ".. ",
        "\u00a0..\u2003",
        "\u3000.",
        "a\nb",
        "a\x00b",
        "\x7f",
        "a\x85b",
        "\ud800",
        "a\udfff",
        5,
        None,
        b"a",
        True,
    ],
    ids=case_name,
)
def test_unusable_names_are_refused(name: Any) -> None:
    """A role name that the service cannot hold, or that would address something else, is refused before anything is
    sent.
    """
    with pytest.raises(UnusableName):
        identifiers.check_role_name(name)
    with pytest.raises(UnusableName):
        identifiers.role_in_path(name)
    with pytest.raises(UnusableName):
        service_limits.check_removable(101, "dev", [name])


@pytest.mark.parametrize(
    "name",
    ["a", "...", ". .", "..a", "a..", "a/b", "a?b", "a#b", "100%", " a ", "%2e%2e", "é", "a\u2028b", "🦫", "a\ufeff"],
)
def test_unusual_but_harmless_names_are_not_changed(name: str) -> None:
    """An unusual but harmless role name is neither refused nor changed."""
    assert identifiers.check_role_name(name) == name


@pytest.mark.parametrize(
    ("name", "twice"),
    [
        ("plain", "plain"),
        ("a%2Fb", "a%25252Fb"),
        ("100%", "100%2525"),
        ("a b", "a%2520b"),
        ("a+b", "a%252Bb"),
        ("..a", "%252E%252Ea"),
        ("a.b", "a%252Eb"),
        ("...", "%252E%252E%252E"),
        ("é", "%25C3%25A9"),
        ("🦫", "%25F0%259F%25A6%25AB"),
        ("a?b#c", "a%253Fb%2523c"),
        ("~_-", "~_-"),
    ],
)
def test_role_names_are_encoded_twice(name: str, twice: str) -> None:
    """A role name in a path is encoded twice, as the service decodes it twice and the generated client writes it."""
    assert identifiers.role_in_path(name) == twice
    assert get_role._get_kwargs(101, "dev", name)["url"] == f"/integrations/101/dev/roles/{twice}"


@given(ANY_TEXT)
@example("%2e%2e")
@example("%252e")
@example("a/../b")
def test_a_name_survives_two_decodings(name: str) -> None:
    """Any name is refused, or becomes one path segment that gives the name after two decodings."""
    try:
        segment = identifiers.role_in_path(name)
    except UnusableName:
        return
    assert segment
    assert not set(segment) & set("/?#.\\ ")
    assert unquote(unquote(segment, errors="strict"), errors="strict") == name
    assert httpx.URL(f"https://host/api/v1/roles/{segment}").raw_path == f"/api/v1/roles/{segment}".encode()


@pytest.mark.parametrize(
    ("text", "number"),
    [("#101", 101), ("101", None), ("#0", None), ("#01", None), ("# 1", None), ("#\u0661", None), ("", None)],
)
def test_only_a_number_after_a_hash_sign_is_read_as_an_id(text: str, number: int | None) -> None:
    """A text such as `#101` is the id of an integration; any other text may be a project's name."""
    assert identifiers.integration_id(text) == number


def test_the_error_for_a_missing_guid_does_not_list_providers() -> None:
    """If a username lacks its GUID, the error says that it is not a username, as a list of providers would not help."""
    with pytest.raises(UnusableUser, match="'@idir' is not a username"):
        identifiers.username_of("@idir")


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_users_of_the_seven_providers_can_have_roles(provider: str) -> None:
    """A username of each of the seven providers is accepted and becomes lower case."""
    assert identifiers.username_of(f"{GUID}@{provider}") == f"{GUID}@{provider}"
    assert identifiers.username_of(f"{GUID}@{provider}".upper()) == f"{GUID}@{provider}"


def test_there_are_seven_providers() -> None:
    """css-sdk knows the seven providers whose users can have roles."""
    assert sorted(PROVIDERS) == [
        "azureidir",
        "bceidbasic",
        "bceidboth",
        "bceidbusiness",
        "githubbcgov",
        "githubpublic",
        "idir",
    ]


@pytest.mark.parametrize(
    "user",
    [
        "",
        " ",
        ".",
        "..",
        "@",
        "@idir",
        GUID,
        f"{GUID}@",
        f"{GUID}@bcservicescard",
        f"{GUID}@digitalcredential",
        f"{GUID}@otp",
        f"{GUID}@idir.gov.bc.ca",
        f"{GUID}@idir@otp",
        f" {GUID}@idir",
        f"{GUID}@idir\n",
        f"{GUID}@ idir",
        f"{GUID}\x00@idir",
        "\ud800@idir",
        "jane.doe@gov.bc.ca",
        "fisheries-service-102",
        "service-account-",
        5,
        None,
        b"a@idir",
    ],
    ids=case_name,
)
def test_unusable_users_are_refused(user: Any) -> None:
    """A text that is not a username, or a user whose provider cannot have roles, is refused before anything is sent."""
    with pytest.raises(UnusableUser):
        identifiers.username_of(user)


def test_a_username_without_a_provider_is_refused_in_these_words() -> None:
    """If nothing follows the @, the error says that the provider is missing, and does not quote a provider."""
    with pytest.raises(UnusableUser, match=rf"'{GUID}@' is not a username: the provider is missing after the @\."):
        identifiers.username_of(f"{GUID}@")


@pytest.mark.parametrize("client_id", ["", " ", "a ", "a\nb", "\ud800", "a\x00"], ids=case_name)
def test_unusable_client_ids_are_refused(client_id: str) -> None:
    """A service account without a client id, or with one that cannot be sent, is refused like any other user."""
    with pytest.raises(UnusableUser):
        identifiers.username_of(ServiceAccount(client_id))


@pytest.mark.parametrize(
    ("user", "username"),
    [
        (ServiceAccount("fisheries-service-102"), "service-account-fisheries-service-102"),
        (ServiceAccount("Fisheries-102"), "service-account-fisheries-102"),
        # An API account's own client id begins with the prefix, and its username has it twice.
        (ServiceAccount("service-account-team-1-2"), "service-account-service-account-team-1-2"),
        ("service-account-fisheries-102", "service-account-fisheries-102"),
        ("service-account-Fisheries-102", "service-account-fisheries-102"),
    ],
    ids=case_name,
)
def test_service_accounts_have_usernames(user: str | ServiceAccount, username: str) -> None:
    """A client id is given as `ServiceAccount`, or in the long form, and becomes the long form in lower case."""
    assert identifiers.username_of(user) == username


@given(
    st.one_of(
        ANY_TEXT,
        st.builds("{}@{}".format, ANY_TEXT, st.sampled_from(sorted(PROVIDERS))),
        st.builds("service-account-{}".format, ANY_TEXT),
        st.builds(ServiceAccount, ANY_TEXT),
    )
)
def test_the_username_of_a_user_is_its_own_username(user: str | ServiceAccount) -> None:
    """Any user is refused, or its username is in lower case, can be sent, and is its own username."""
    try:
        username = identifiers.username_of(user)
    except UnusableUser:
        return
    assert username == username.lower() == identifiers.username_of(username)
    assert unquote(quote(username, safe=""), errors="strict") == username


def an_integration(environments: tuple[str, ...] = ("dev", "test"), status: str = "applied") -> Integration:
    """Return an integration with these environments and this status."""
    return Integration(101, "Grants Portal", "browser-login", environments, status)


@pytest.mark.parametrize("environment", ["prod", "TEST", "Dev", "", " dev", "..", "dev/../test"])
def test_missing_environments_are_refused(environment: str) -> None:
    """An environment that the integration lacks, or in other case, is refused, and the error lists the integration's
    environments.
    """
    with pytest.raises(EnvironmentMissing, match=r"#101.*It has: dev, test\."):
        environment_checks.check_environment(an_integration(), environment)


def test_the_error_for_an_integration_without_environments_says_so() -> None:
    """If an integration has no environments, the error says so."""
    with pytest.raises(EnvironmentMissing, match="It has no environments"):
        environment_checks.check_environment(an_integration(()), "dev")


@pytest.mark.parametrize(
    "status", ["submitted", "pr", "prFailed", "planned", "applied", "applyFailed", "something new"]
)
def test_every_status_but_draft_is_accepted(status: str) -> None:
    """An integration with any status but draft is accepted, unknown statuses included."""
    assert environment_checks.check_environment(an_integration(status=status), "test") == "test"


def test_drafts_are_refused() -> None:
    """A draft is unknown to the login server, so it is refused as not applied."""
    with pytest.raises(NotApplied):
        environment_checks.check_environment(an_integration(status="draft"), "dev")


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_the_three_environments_are_known(environment: str) -> None:
    """dev, test and prod are known environments."""
    environment_checks.check_known_environment(environment)


@pytest.mark.parametrize("environment", ["", "DEV", "Test", "stage", "prod ", ".."])
def test_unknown_environments_are_refused(environment: str) -> None:
    """Any other text is refused as an environment, also the right one in upper case."""
    with pytest.raises(EnvironmentMissing):
        environment_checks.check_known_environment(environment)


def test_an_empty_list_of_environments_is_refused() -> None:
    """`None` means all environments, but an empty list is refused as a mistake of the caller."""
    assert environment_checks.known_environments(None) == ("dev", "test", "prod")
    with pytest.raises(InvalidRequest, match=r"No environment was given\."):
        environment_checks.known_environments([])


@pytest.mark.parametrize(
    ("username", "shared"),
    [("0f3a@idir", "0f3a"), ("0f3a@azureidir", "0f3a"), ("service-account-a-1", "service-account-a-1")],
)
def test_all_logins_of_a_person_share_the_guid(username: str, shared: str) -> None:
    """The part before the provider is the same for all logins of a person."""
    assert identifiers.without_provider(username) == shared


def test_the_longest_request_is_255_characters() -> None:
    """A request of 255 characters is accepted, and a longer one is refused, because it would bring the service down."""
    service_limits.check_length("/" + "x" * 254, "GET /x")
    with pytest.raises(RequestTooLong, match="256") as caught:
        service_limits.check_length("/" + "x" * 255, "GET /x")
    assert caught.value.request == "GET /x"


PLACE = "/integrations/101/dev"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/integrations", None),
        (f"{PLACE}/roles/user-role-mappings", None),
        (f"{PLACE}/roles/a%252Fb", None),
        (f"{PLACE}/roles/%252E%252E%252E", None),
        (f"{PLACE}/roles/{'x' * 227}", None),
        (f"{PLACE}/roles/{'x' * 228}", RequestTooLong),
        (f"{PLACE}/user-role-mappings", HarmfulRequest),
        ("/integrations/1/a%2Fb/USER-role-mappings", HarmfulRequest),
        (f"{PLACE}/roles/..", UnusableName),
        (f"{PLACE}/roles/%2E%2e", UnusableName),
        (f"{PLACE}/roles/%252E", UnusableName),
        (f"{PLACE}/roles/%25EF%25BB%25BF..", UnusableName),
        (f"{PLACE}/roles/%20/users", UnusableName),
        (f"{PLACE}//users", UnusableName),
        (f"{PLACE}/roles/", UnusableName),
        ("", UnusableName),
        ("integrations", UnusableName),
        ("@elsewhere.example/integrations", UnusableName),
        ("/é", UnusableName),
        ("/a\nb", UnusableName),
    ],
)
def test_paths_that_would_harm_are_refused(path: str, error: type[Refused] | None) -> None:
    """A path that would stop the service or address something else is refused, and other paths are accepted."""
    with nullcontext() if error is None else pytest.raises(error) as caught:
        request_checks.check_path(path, "GET path")
    assert error is None or (type(caught.value), caught.value.request) == (error, "GET path")


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (f"{PLACE}/roles", None),
        (f"{PLACE}/roles?page=1", None),
        (f"{PLACE}/roles?{'x' * 227}", None),
        (f"{PLACE}/roles?{'x' * 228}", RequestTooLong),
        (f"{PLACE}/role", UnusableName),
        (f"{PLACE}/", UnusableName),
        (f"/x{PLACE}/roles", UnusableName),
    ],
)
def test_a_request_target_that_differs_from_its_path_is_refused(target: str, error: type[Refused] | None) -> None:
    """If an HTTP library changed the path of a request, or path and query are too long, the request is refused."""
    with nullcontext() if error is None else pytest.raises(error):
        request_checks.check_target(f"{PLACE}/roles", target, "GET path")


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        (f"{PLACE}/roles", None, None),
        (f"{PLACE}/roles", {"name": "auditor"}, None),
        (f"{PLACE}/roles/a", {"name": "x" * 156}, None),
        (f"{PLACE}/roles", {"name": "x" * 157}, RequestTooLong),
        (f"{PLACE}/roles", {"name": ".."}, UnusableName),
        (f"{PLACE}/roles", {"name": "a\u200bb"}, UnusableName),
        (f"{PLACE}/roles", {"name": 5}, UnusableName),
        (f"{PLACE}/users/me%40idir/roles", [{"name": "a"}], None),
        (f"{PLACE}/users/me%40idir/roles", [{"name": "a\u200bb"}], None),
        (f"{PLACE}/users/me%40idir/roles", [{"name": "a"}, {"name": " "}], UnusableName),
        (f"{PLACE}/users/me%40idir/roles", [{}], UnusableName),
        (f"{PLACE}/users/me%40idir/roles", [{"name": "x" * 250}], RequestTooLong),
        (f"{PLACE}/roles/{'x' * 100}/composite-roles", [{"name": "x" * 90}], None),
        (f"{PLACE}/roles/{'x' * 100}/composite-roles", [{"name": "x" * 120}], RequestTooLong),
        (f"{PLACE}/roles/a/composite-roles", [{"name": "."}], UnusableName),
        (f"{PLACE}/roles", "text", None),
    ],
)
def test_no_role_gets_a_name_that_cannot_be_addressed(path: str, body: Any, error: type[Refused] | None) -> None:
    """A body that gives a role an unusable name, or grants a role that could not be removed again, is refused."""
    with nullcontext() if error is None else pytest.raises(error):
        request_checks.check_body(path, body)


def removal(integration_id: int, environment: str, username: str, role: str) -> str:
    """Return the path of the request that removes a role, as the generated client builds it."""
    url: str = unassign_user_role._get_kwargs(
        integration_id=integration_id,
        environment=environment,
        username=username,
        role_name=role,
    )["url"]
    return url


def is_removable(integration_id: int, environment: str, role: str, username: str = "") -> bool:
    """Return whether the request that would remove the role is short enough."""
    try:
        service_limits.check_removable(integration_id, environment, [role], username)
    except RequestTooLong:
        return False
    return True


@pytest.mark.parametrize("username", ["", f"{GUID}@idir", "service-account-fisheries-service-102"])
def test_a_role_name_is_limited_by_the_length_of_its_removal_request(username: str) -> None:
    """A role name is accepted up to the length at which its removal just fits into a request."""
    room = 255 - len(removal(101, "dev", username or "u" * 64, "x")) + 1
    assert is_removable(101, "dev", "x" * room, username)
    assert not is_removable(101, "dev", "x" * (room + 1), username)


def test_a_name_of_25_emoji_is_too_long() -> None:
    """The length counts after encoding twice, so a name of 25 emoji is too long."""
    assert not is_removable(101, "dev", "🦫" * 25)


def test_one_too_long_role_among_several_is_refused() -> None:
    """If one of several roles is too long, all are refused, and the error names it."""
    with pytest.raises(RequestTooLong, match="x" * 300):
        service_limits.check_removable(101, "dev", ["fine", "x" * 300, "fine too"])


@given(
    st.integers(1, 10**9),
    st.sampled_from(environment_checks.ENVIRONMENTS),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=200),
    st.sampled_from(["", f"{GUID}@bceidbusiness", "service-account-" + "é" * 9, "service-account-" + "x" * 80]),
)
def test_check_removable_agrees_with_the_path_of_the_generated_client(
    integration_id: int, environment: str, role: str, username: str
) -> None:
    """css-sdk refuses exactly those roles whose removal request, as the generated client builds it, is too long."""
    true_path = removal(integration_id, environment, username or "u" * 64, role)
    try:
        identifiers.check_role_name(role)
    except UnusableName:
        with pytest.raises(UnusableName):
            service_limits.check_removable(integration_id, environment, [role], username)
        return
    assert is_removable(integration_id, environment, role, username) is (len(true_path) <= 255)


PROOFS: dict[StepKind, VerifiedBy] = {
    "create_role": VerifiedBy.ANSWER,
    "rename_role": VerifiedBy.ANSWER,
    "delete_role": VerifiedBy.READ,
    "add_member": VerifiedBy.ANSWER,
    "remove_member": VerifiedBy.STATUS,
    "add_composite": VerifiedBy.ANSWER,
    "remove_composite": VerifiedBy.STATUS,
}

D, R, N, Q, P = Verdict.DONE, Verdict.REFUSED, Verdict.NOT_DONE, Verdict.DOUBTFUL, Verdict.PENDING
VERDICTS: dict[tuple[bool, int | None, bool], dict[VerifiedBy, Verdict]] = {
    # sent, status, shown: the verdict if the answer verifies the write, the status does, or only a read does
    (False, None, False): {VerifiedBy.ANSWER: N, VerifiedBy.STATUS: N, VerifiedBy.READ: N},
    (True, None, False): {VerifiedBy.ANSWER: P, VerifiedBy.STATUS: P, VerifiedBy.READ: P},
    (True, 101, False): {VerifiedBy.ANSWER: P, VerifiedBy.STATUS: P, VerifiedBy.READ: P},
    (True, 200, True): {VerifiedBy.ANSWER: D, VerifiedBy.STATUS: Q, VerifiedBy.READ: Q},
    (True, 200, False): {VerifiedBy.ANSWER: Q, VerifiedBy.STATUS: Q, VerifiedBy.READ: Q},
    (True, 201, True): {VerifiedBy.ANSWER: D, VerifiedBy.STATUS: Q, VerifiedBy.READ: Q},
    (True, 201, False): {VerifiedBy.ANSWER: Q, VerifiedBy.STATUS: Q, VerifiedBy.READ: Q},
    (True, 204, False): {VerifiedBy.ANSWER: Q, VerifiedBy.STATUS: D, VerifiedBy.READ: Q},
    (True, 302, False): {VerifiedBy.ANSWER: Q, VerifiedBy.STATUS: Q, VerifiedBy.READ: Q},
    (True, 400, False): {VerifiedBy.ANSWER: R, VerifiedBy.STATUS: R, VerifiedBy.READ: R},
    (True, 401, False): {VerifiedBy.ANSWER: R, VerifiedBy.STATUS: R, VerifiedBy.READ: R},
    (True, 403, False): {VerifiedBy.ANSWER: R, VerifiedBy.STATUS: R, VerifiedBy.READ: R},
    (True, 404, False): {VerifiedBy.ANSWER: R, VerifiedBy.STATUS: R, VerifiedBy.READ: R},
    (True, 407, False): {VerifiedBy.ANSWER: N, VerifiedBy.STATUS: N, VerifiedBy.READ: N},
    (True, 409, False): {VerifiedBy.ANSWER: R, VerifiedBy.STATUS: R, VerifiedBy.READ: R},
    (True, 422, False): {VerifiedBy.ANSWER: Q, VerifiedBy.STATUS: Q, VerifiedBy.READ: Q},
    (True, 429, False): {VerifiedBy.ANSWER: N, VerifiedBy.STATUS: N, VerifiedBy.READ: N},
    (True, 500, False): {VerifiedBy.ANSWER: Q, VerifiedBy.STATUS: Q, VerifiedBy.READ: Q},
    (True, 502, False): {VerifiedBy.ANSWER: P, VerifiedBy.STATUS: P, VerifiedBy.READ: P},
    (True, 503, False): {VerifiedBy.ANSWER: P, VerifiedBy.STATUS: P, VerifiedBy.READ: P},
    (True, 504, False): {VerifiedBy.ANSWER: P, VerifiedBy.STATUS: P, VerifiedBy.READ: P},
}


@pytest.mark.parametrize("write", STEP_KINDS)
def test_each_kind_of_write_has_its_verification(write: StepKind) -> None:
    """The test lists what verifies each write, so a new write needs a new line here."""
    assert VERIFIED_BY[write] is PROOFS[write]


@pytest.mark.parametrize(("write", "case"), list(itertools.product(STEP_KINDS, VERDICTS)), ids=str)
def test_the_verdict_on_each_kind_of_answer(write: StepKind, case: tuple[bool, int | None, bool]) -> None:
    """Each kind of write gets the right verdict for every kind of answer, and for none."""
    sent, status, shown = case
    assert verdicts.verdict(write, status, sent=sent, shown=shown) is VERDICTS[case][PROOFS[write]]


@pytest.mark.parametrize("status", [None, 0, 99, *range(501, 600), 600, 999])
def test_an_answer_that_is_not_of_the_service_verifies_nothing(status: int | None) -> None:
    """After a proxy's 5xx, an invalid status or no answer, a write is pending, because the request may still arrive."""
    assert verdicts.verdict("add_member", status, sent=True, shown=False) is Verdict.PENDING


@given(st.sampled_from(STEP_KINDS), st.none() | st.integers(100, 599), st.booleans(), st.booleans())
def test_a_write_is_done_only_after_a_success(write: StepKind, status: int | None, sent: bool, shown: bool) -> None:
    """An attempt counts as done only if it was sent and answered with a success that verifies it."""
    if verdicts.verdict(write, status, sent=sent, shown=shown) is Verdict.DONE:
        assert sent
        assert status is not None
        assert 200 <= status < 300
        assert shown or VERIFIED_BY[write] is VerifiedBy.STATUS


@pytest.mark.parametrize(("count", "proves"), [(0, True), (4999, True), (5000, False), (5001, False)])
def test_a_list_of_5000_roles_counts_as_incomplete(count: int, proves: bool) -> None:
    """A list of 5000 roles may have been cut, so a role that is missing in it may exist."""
    assert service_limits.list_is_complete([Role("x")] * count) is proves


@pytest.mark.parametrize(("rows", "complete"), [(0, True), (50, True), (51, False), (250, False)])
def test_a_search_of_more_than_50_rows_counts_as_incomplete(rows: int, complete: bool) -> None:
    """A search with more than 50 rows repeats some and omits others, so it counts as incomplete."""
    assert service_limits.search_is_complete(rows) is complete


def test_refusals_share_a_class() -> None:
    """All refusals of the rules can be caught as `Refused`."""
    assert issubclass(UnusableName, Refused)
    assert issubclass(UnusableUser, Refused)
    assert issubclass(RequestTooLong, Refused)
    assert issubclass(EnvironmentMissing, Refused)
    assert issubclass(NotApplied, Refused)


DASHED = "0f3ac878-06aa-7f21-5a7c-0d4cc4d9e799"
WHOLE = DASHED.replace("-", "")


@pytest.mark.parametrize(
    ("text", "guid"),
    [
        (DASHED.upper(), WHOLE.upper()),
        (f"{{{DASHED}}}", WHOLE),
        (f"{{{WHOLE}}}", WHOLE),
        (f"{{{WHOLE}", f"{{{WHOLE}"),
        (f"{WHOLE}}}", f"{WHOLE}}}"),
        ("0f3a-c87806aa7f215a7c0d4cc4d9e799", "0f3a-c87806aa7f215a7c0d4cc4d9e799"),
        ("{0f3a}", "{0f3a}"),
    ],
)
def test_dashes_and_braces_of_a_guid_are_removed(text: str, guid: str) -> None:
    """Dashes are removed only from their usual places, and braces only in pairs and around a complete GUID."""
    assert identifiers.guid_of(text) == guid


@pytest.mark.parametrize(
    ("text", "guid", "fault"),
    [
        ("0f3a", "0f3a", "'0f3a' is not a GUID: it has 4 characters, but must have 32 hex digits"),
        ("x", "x", "'x' is not a GUID: it has 1 character, but must have 32 hex digits"),
        ("0f3a@idir", "0f3a", "'0f3a@idir' is not valid: its GUID has 4 characters, but must have 32 hex digits"),
        ("x" * 32, "x" * 32, f"'{'x' * 32}' is not a GUID: it must have 32 hex digits"),
        ("0f 3a", "0f 3a", "'0f 3a' is not a GUID: it must have 32 hex digits"),
    ],
)
def test_the_fault_of_a_guid_says_what_is_wrong(text: str, guid: str, fault: str) -> None:
    """The fault names the whole text, and counts the characters if their number is the mistake."""
    assert identifiers.fault_of_digits(text, guid) == fault


@pytest.mark.parametrize(("name", "is_named"), [("#101", True), ("101", True), ("Grants", True), ("#102", False)])
def test_an_integration_is_named_by_its_id_or_its_project_name(name: str, is_named: bool) -> None:
    """An id counts with and without a hash sign."""
    assert identifiers.is_named(Integration(101, "Grants", "browser-login", ("dev",), "applied"), name) is is_named


def test_the_shortest_search_term_has_two_characters() -> None:
    """Shorter terms and terms with control characters or lone surrogates are refused before they are sent."""
    assert service_limits.check_search_term("last name", "Li") == "Li"
    for term in ("L", "", "Li\n", "Li\x00", "Li\ud800"):
        with pytest.raises(InvalidRequest, match="last name to search by"):
            service_limits.check_search_term("last name", term)


@pytest.mark.parametrize(
    ("width", "is_good"), [(0, False), (1, True), (8, True), (9, False), (True, False), ("4", False)]
)
def test_one_to_eight_calls_at_once_are_allowed(width: Any, is_good: bool) -> None:
    """The service becomes no faster with more than eight calls at once, so a larger width is refused."""
    if is_good:
        service_limits.check_width(width)
    else:
        with pytest.raises(ConfigurationError):
            service_limits.check_width(width)


@pytest.mark.parametrize(
    ("path", "fits", "too_long"),
    [
        ("/integrations/{}/{}/users/0f3a%40idir/roles", ("1", "dev"), ("1" * 9, "prod" * 2)),
        ("/integrations/{}/{}/roles/admin/composite-roles", ("1", "dev"), ("1" * 9, "prod" * 2)),
        ("/integrations/1/dev/users/{}{}/roles", ("a", "%40idir"), ("a" * 30, "%40idir")),
    ],
)
def test_the_whole_path_of_a_later_removal_counts(path: str, fits: tuple[str, str], too_long: tuple[str, str]) -> None:
    """A role is refused if the path that removes it later is too long, with its integration, environment and user."""
    room = service_limits.LONGEST_REQUEST - len(path.format(*fits)) - len("/")
    body = [{"name": "r" * room}]
    request_checks.check_body(path.format(*fits), body)
    with pytest.raises(RequestTooLong):
        request_checks.check_body(path.format(*too_long), body)
