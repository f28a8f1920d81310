"""Random requests get only answers that the published document or the recordings contain.

Each sequence sends the steps of a recorded scenario, and between them randomly changed steps of all scenarios.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from attrs import evolve, frozen
from openapi_schema_validator import OAS30Validator

from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Response
from tests.support import examples

pytestmark = pytest.mark.destructive

HERE = Path(__file__).resolve()
STEPS: Final = [
    step
    for scenario in json.loads((HERE.parent / "recordings" / "exchanges.json").read_text(encoding="utf-8"))
    for step in scenario["steps"]
]
DOCUMENT: Final = json.loads((HERE.parents[2] / "openapi" / "css-api.json").read_text(encoding="utf-8"))
BASE: Final = "/api/v1"
LENGTH: Final = 60  # requests in a sequence

RECORDED: Final = (
    "unknown exception",
    "invalid request",
    "invalid role",
    "invalid list of roles",
    "must be (string|object)",
    "only name is supported",
    "name is required",
    "only page and max are supported",
    "page should be a number greater than 0",
    "max count should be a number within range 1 - 50",
    "role name and composite role name cannot be same",
    "role .* cannot be associated with itself",
    "role .* already exists",
    "role .* not found",
    "composite role .* not found",
    r"composite roles \(.*\) not found",
    r"roles \(.*\) not found",
    "client .* not found",
    "environment .* not found",
    r"integration #[\d.e+-]+ not found",
    'User ".*" not found',
    "roleName is required",
    "(bceidType|firstName) is required",
    "One of displayName, username, email and guid are required",
    "(firstName|lastName|email|guid|name|login id|displayName|username) should be string with length >= 2",
    "only firstName, lastName, email and guid are supported",
    "only guid is supported",
)
"""Messages that the recordings contain."""

DESCRIBED: Final = (
    "guid is required",
    "only (name, login, email and guid|roleName and username) are supported",
    "forbidden",
    r"Not all parameters sent\. Please include start and end\.",
    r"The env parameter must be one of dev, test, prod\.",
    "Include parsable dates for the start and end parameters, e.g YYYY-MM-DD.",
    "End date must be later than start date.",
    "Date range must be less 3 days.",
)
"""Messages of calls that were not recorded: logs, and searches with other mistakes."""

FAULTS: Final = (
    {"kind": "login_server"},
    {"kind": "422_after"},
    {"kind": "lost_keys", "times": 1},
    {"kind": "disaster"},
)
JUNK: Final = (
    "",
    ".",
    "..",
    "%2E%2E",
    "%252E%252E",
    "%",
    "%E9",
    "%25E9",
    "%2F",
    "1e2",
    "0101",
    "abc",
    "x" * 256,
    "é",
    " ",
)
RAW: Final = (
    b"",
    b"{",
    b"null",
    b'"x"',
    b"5",
    b"[]",
    b"{}",
    b'{"name": null}',
    b'{"name": "a", "name": "b"}',
    b"name=x",
)
TYPES: Final = ("application/json", "application/x-www-form-urlencoded", "text/plain", "")
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


@frozen
class Call:
    """A request with its encoded path after the base."""

    method: str
    path: str
    query: tuple[str, ...]
    body: bytes
    kind: str
    authorization: str | None = None

    @property
    def target(self) -> str:
        """Return path and query."""
        return self.path + ("?" + "&".join(self.query) if self.query else "")


def recorded(step: dict[str, Any]) -> Call:
    """Return the call of a recorded step."""
    path, _, query = quote(step["path"], safe="%/?&=@:;+$,!*'()~.-_[]").partition("?")
    body = json.dumps(step["json"]).encode() if "json" in step else step.get("raw", "").encode()
    return Call(step["method"], path, tuple(filter(None, query.split("&"))), body, TYPES[0] if body else "")


CALLS: Final = [recorded(step) for step in STEPS]
SEGMENTS: Final = sorted({segment for call in CALLS for segment in call.path.split("/")[1:]})
QUERIES: Final = [
    *sorted({part for call in CALLS for part in call.query}),
    "start=2026-11-15",
    "end=2026-11-16",
    "end=2026-11-19",
    "start=1794700000000",
    "a=1",
    "max=",
    "page=1.5",
    "guid[]=aa",
]
BODIES: Final = sorted({call.body for call in CALLS if call.body})
PATHS: Final = [*DOCUMENT["paths"], "/heartbeat", "/token", "/verify-token", "/nothing"]


def change_segment(call: Call, chance: random.Random) -> Call:
    """Replace one segment of the path."""
    parts = call.path.split("/")
    parts[chance.randrange(1, len(parts))] = chance.choice(chance.choice((SEGMENTS, JUNK)))
    return evolve(call, path="/".join(parts))


def change_path(call: Call, chance: random.Random) -> Call:
    """Fill one of the document's paths with recorded segments, mostly with an existing place."""
    known = {"{integrationId}": ["101", "102", "103"], "{environment}": ["dev", "test", "prod"]}
    parts = [
        chance.choice(known.get(part, SEGMENTS)) if part.startswith("{") else part
        for part in chance.choice(PATHS).split("/")
    ]
    return evolve(call, path="/".join(parts))


def change_query(call: Call, chance: random.Random) -> Call:
    """Add, repeat or remove a part of the query."""
    kept = [part for part in call.query if chance.random() < 0.7]
    return evolve(call, query=(*kept, *chance.choices(QUERIES, k=chance.randrange(3))))


def change_body(call: Call, chance: random.Random) -> Call:
    """Replace the body and its content type."""
    return evolve(call, body=chance.choice(chance.choice((BODIES, RAW))), kind=chance.choice(TYPES))


def change_method(call: Call, chance: random.Random) -> Call:
    """Replace the method."""
    return evolve(call, method=chance.choice(METHODS))


def change_spelling(call: Call, chance: random.Random) -> Call:
    """Write the path in capitals, with a slash at its end, or encoded once more."""
    ways: list[Callable[[str], str]] = [str.upper, lambda path: path + "/", lambda path: quote(path, safe="/")]
    return evolve(call, path=chance.choice(ways)(call.path))


def change_token(call: Call, chance: random.Random) -> Call:
    """Send no token or an invalid one."""
    return evolve(call, authorization=chance.choice(("", "Bearer x", "bearer x", "Basic eDp5")))


CHANGES: Final = (
    change_segment,
    change_path,
    change_query,
    change_body,
    change_method,
    change_spelling,
    change_token,
)


def random_calls(chance: random.Random) -> list[Call]:
    """Return recorded requests in their order, with changed ones between them."""
    start = chance.randrange(len(CALLS))
    found = []
    for number in range(LENGTH):
        call = CALLS[(start + number // 3) % len(CALLS)] if number % 3 == 0 else chance.choice(CALLS)
        for _ in range(0 if number % 3 == 0 else chance.choice((1, 1, 2, 3))):
            call = chance.choice(CHANGES)(call, chance)
        found.append(call)
    return found


def operation_of(call: Call) -> dict[str, Any] | None:
    """Return the document's operation of a request, or None if it has none."""
    segments = call.path.removesuffix("/").split("/")
    for path, item in DOCUMENT["paths"].items():
        parts = path.split("/")
        if len(parts) == len(segments) and all(
            segment if part.startswith("{") else part == segment.lower()
            for part, segment in zip(parts, segments, strict=True)
            if part or segment
        ):
            found = item.get("get" if call.method == "HEAD" else call.method.lower())
            if found:
                return dict(found)
    return None


def problem(call: Call, answer: Response) -> str | None:
    """Return what is wrong about an answer, or None."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    text = answer.body.decode()
    if call.method == "OPTIONS":
        return None if (answer.status, text) == (204, "") else "OPTIONS is 204 everywhere"
    if answer.status == 401:
        body = json.loads(text)
        return None if body == {"success": False, "data": None, "err": body["err"]} else "401 has its own shape"
    if answer.status == 503:
        return None if kind == "text/plain" else "503 is plain text"
    operation = operation_of(call)
    if kind == "text/html" and answer.status in (400, 404):
        return None if answer.status == 400 or operation is None else "this path exists"
    if operation is None:
        return problem_of_an_extra_call(call, answer)
    declared = operation["responses"].get(str(answer.status))
    if declared is None:
        return "the document does not declare this status"
    if not text:
        says_nothing = operation["operationId"] in ("create_role", "rename_role") and answer.status < 300
        return None if answer.status == 204 or says_nothing else "it is empty"
    if kind not in declared.get("content", {}):
        return "the document does not declare this type"
    if kind != "application/json":
        return None
    return problem_of_json(operation["operationId"], answer.status, json.loads(text), declared["content"][kind])


def problem_of_json(name: str, status: int, body: Any, declared: dict[str, Any]) -> str | None:
    """Return what is wrong about a JSON body, or None."""
    if status >= 400:
        return problem_of_message(body)
    if name in ("create_role", "rename_role", "get_role") and body == {}:
        return None  # the answer about a role named . or ..
    if name == "list_role_members" and not isinstance(body["page"], int):
        body = {**body, "page": 1}  # the requested page was a fraction
    schema = {**declared["schema"], "components": DOCUMENT["components"]}
    error = next(OAS30Validator(schema).iter_errors(body), None)
    return None if error is None else f"its body does not fit: {error.message[:200]}"


def problem_of_message(body: Any) -> str | None:
    """Return what is wrong about the body of a refusal, or None."""
    if not isinstance(body, dict) or body.keys() != {"message"}:
        return "a refusal holds one message"
    known = any(re.fullmatch(message, body["message"], re.DOTALL) for message in (*RECORDED, *DESCRIBED))
    return None if known else f"nobody knows the message {body['message']!r}"


def problem_of_an_extra_call(call: Call, answer: Response) -> str | None:
    """Return what is wrong about the answer to one of the three calls that the document does not contain, or None."""
    body = json.loads(answer.body)
    name = call.path.strip("/").lower()
    if answer.status >= 400:
        return problem_of_message(body)
    shown = {"heartbeat": [["now"]], "verify-token": ["teamId"]}.get(name)
    keys = [list(each) for each in body] if isinstance(body, list) else list(body)
    return None if keys == shown or (name == "token" and "access_token" in body) else "this call does not exist"


@pytest.mark.parametrize("seed", range(examples(24)))
def test_every_answer_is_known(seed: int, recorded: Callable[[str], Any], caller: Any) -> None:
    """Each answer to a random request has a known status, type, body and message, also while a fault applies."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    sandbox = Sandbox(recorded("world"))
    call_as = caller(sandbox)
    assert call_as.token
    for number, call in enumerate(random_calls(chance)):
        if chance.random() < 0.05:
            sandbox.faults.add(**{"times": 1, **chance.choice(FAULTS)})
        headers = {"authorization": f"Bearer {call_as.token}" if call.authorization is None else call.authorization}
        answer = call_as.send(call.method, BASE + call.target, call.body, **headers, **{"content-type": call.kind})
        assert problem(call, answer) is None, f"call {number} of seed {seed}: {call}: {answer}"
        sandbox.faults.clear()


def test_the_random_requests_reach_every_operation() -> None:
    """The random requests reach every operation, so that the test above is meaningful."""
    calls = [call for seed in range(24) for call in random_calls(random.Random(seed))]  # noqa: S311 - repeatable
    called = {found["operationId"] for found in map(operation_of, calls) if found}
    assert called == {operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()}
    assert len({(call.method, call.target, call.body) for call in calls}) > 800


@pytest.mark.parametrize("message", RECORDED)
def test_each_known_message_was_recorded(message: str) -> None:
    """Each message in the table of recorded messages occurs in the recordings."""
    said = [
        step["body"]["message"] for step in STEPS if step["status"] >= 400 and "message" in (step.get("body") or {})
    ]
    assert any(re.fullmatch(message, each) for each in said)


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "said"),
    [
        ("GET", "/integrations", 418, {"message": "invalid request"}, "status"),
        ("GET", "/integrations", 200, {"data": [{"id": "101"}]}, "does not fit"),
        ("GET", "/integrations", 400, {"message": "a new sentence"}, "a new sentence"),
        ("GET", "/integrations", 422, {"error": "x"}, "one message"),
        ("GET", "/integrations", 401, {"success": True, "data": None, "err": "x"}, "shape"),
        ("GET", "/nothing", 200, {"data": []}, "does not exist"),
        ("DELETE", "/integrations/101/dev/roles/x", 200, {}, "status"),
    ],
)
def test_the_check_reports_an_unknown_answer(method: str, path: str, status: int, body: Any, said: str) -> None:
    """The check reports an answer with an unknown status, body, message or call."""
    answer = Response(status, {"content-type": "application/json; charset=utf-8"}, json.dumps(body).encode())
    assert said in str(problem(Call(method, path, (), b"", ""), answer))
