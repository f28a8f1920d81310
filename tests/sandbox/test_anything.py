"""The sandbox answers every request, however strange it is."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from css_sdk.sandbox import Sandbox
from tests.support import examples

METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "ODD"])
# Parts of paths: words of the API, existing values, missing values, and any bytes.
WORDS = ["integrations", "roles", "users", "composite-roles", "logs", "bceid", "idir", "heartbeat", "token", "sandbox"]
VALUES = ["101", "dev", "reviewer", "admin", "d6dff8c2546921b01198b4efd12cb3bc@idir", "grants-portal-101"]
TRAPS = [
    "",
    ".",
    "..",
    "%",
    "%2E%2E",
    "%252E",
    "100%25",
    "%E9",
    "%25E9",
    "%00",
    "%2F",
    "1e400",
    "NaN",
    "-0",
    "0x",
    "9" * 40,
]
PIECES = st.one_of(
    st.sampled_from([*WORDS, *VALUES, *TRAPS]), st.binary(max_size=9).map(lambda value: quote(value, safe=""))
)
API = st.lists(PIECES, max_size=7).map(lambda pieces: "/".join(["/api/v1", *pieces]))
ROLES = st.sampled_from(
    ["roles", "roles/reviewer", "roles/..", "roles/x/composite-roles", "users/grants-portal-101/roles"]
)
OTHERS = [
    "/auth/realms/standard/protocol/openid-connect/token",
    "/auth/dev/realms/standard/protocol/openid-connect/certs",
    "/openapi/swagger",
    "/sandbox/faults",
    "/sandbox/settings",
    "/sandbox/token",
    "/sandbox/keys",
    "*",
    "",
]
PATHS = st.one_of(API, ROLES.map("/api/v1/integrations/101/dev/".__add__), st.sampled_from(OTHERS))
QUERIES = st.one_of(st.just(""), st.binary(max_size=20).map(lambda value: "?" + quote(value, safe="=&[]%+")))
FIELDS = st.sampled_from(
    ["name", "kind", "path", "times", "seconds", "token_life", "clock_skew", "environment", "username"]
)
NUMBERS = st.one_of(st.integers(), st.floats())
SIMPLE = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=9), st.sampled_from(["429", "delay", "dev", ".."])
)

OBJECTS = st.dictionaries(FIELDS, st.one_of(SIMPLE, st.lists(SIMPLE, max_size=2)), max_size=4)
JSON = st.one_of(SIMPLE, OBJECTS, st.lists(OBJECTS, max_size=3)).map(lambda value: json.dumps(value).encode())
BODIES = st.one_of(st.just(b""), JSON, st.binary(max_size=30), st.just(b"[" * 100_000))
TYPES = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
TOKENS = st.one_of(st.none(), st.text(st.characters(codec="latin-1"), max_size=20), st.just("Bearer W10.e30.x"))


@pytest.mark.destructive
@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(METHODS, PATHS, QUERIES, BODIES, TYPES, TOKENS)
def test_every_request_gets_an_answer(
    caller: Any, method: str, path: str, query: str, body: bytes, kind: str, token: str | None
) -> None:
    """Every request gets a status, headers of one line each, and an answer within a finite time."""
    call = caller(Sandbox())
    headers = {"authorization": f"Bearer {call.token}" if token is None else token, "content-type": kind}
    headers["x-css-sandbox"] = "1"
    for _ in range(2):  # the second time with the faults and settings that the first one set
        answer = call.send(method, path + query, body, **headers)
        assert answer.dropped or 200 <= answer.status < 600
        assert all((name + value).isprintable() and value.encode("latin-1") for name, value in answer.headers.items())
        assert 0 <= answer.delay < float("inf")
