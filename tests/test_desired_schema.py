"""The published JSON schema of roles files and their reader accept the same files."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from css_sdk import InvalidFile, desired_as_yaml, read_desired
from css_sdk._service.environment_checks import ENVIRONMENTS
from css_sdk.models import PROVIDERS
from css_sdk.people.cells import PERSON_COLUMNS, cleaned
from tests.desired_files import NAME, whole
from tests.support import examples

ROOT: Final = Path(__file__).parent.parent
SCHEMA: Final = json.loads((ROOT / "css_sdk" / "roles_file" / "schema.json").read_text(encoding="utf-8"))
VALIDATOR: Final = Draft202012Validator(SCHEMA)

CONTRADICTION: Final = re.compile(
    "stands on line|under its old name|renames the role|has this name|child of itself|contain each other"
    "|is not in the exact|do not contain|leave|is not the IANA name|needs a time zone|there is no day"
    "|the group .* is unkn"
)
"""Faults that only the reader reports, because the structure of the file is valid."""

ANN: Final = f"{'0f3a' * 8}@idir"
STRANGE: Final[tuple[Any, ...]] = (
    *(None, True, 0, 1.5, -1, 7, [], {}, "", " a", "a ", "a\nb", "..", "bob", "text", "a*"),
    *("0f3a@idir", ANN, ANN.upper()),
    *("service-account-x", "a@b.ca", "a@gov", "DEV", "idir", ["x"], [["x"]], [None], {"exact": []}, {"name": "x"}),
    *({"additive": ["x"]}, {"exact": [], "additive": []}, {"name": "x", "members": {"exact": [ANN]}}, {"x": 1}),
    *({"email": "a@b.ca"}, {"username": ANN, "provider": "idir"}, {"guid": ANN[:32], "username": ANN}),
    {"guid": ANN[:32], "username": ANN, "provider": "idir"},
    *({"guid": ANN[:31]}, {"guid": f"{{{ANN[:32]}}}"}, {"guid": "583231", "provider": "githubpublic"}, "ad\u200bmin"),
    *({"email": "Ann <a@b.ca>;"}, {"email": "@"}, {"email": "a b@c.ca"}, {"email": "a@b"}, f"'{ANN}' "),
    *("2027-03-31", {"username": ANN, "until": "2027-03-31"}, {"x": [ANN]}, "America/Vancouver"),
    *("#101", {"guid": "0F3AC878-06AA-7F21-5A7C-0D4CC4D9E799"}, {"guid": "0F3AC878-06AA"}, {"username": "@idir"}),
)  # fmt: skip
KEYS: Final = (
    *("version", "protect", "integrations", "integration", "environments", "dev", "roles", "users", "name", "was"),
    *(
        "composites",
        "members",
        "groups",
        "group",
        "until",
        "timezone",
        "exact",
        "additive",
        "username",
        "guid",
        "email",
        "client_id",
        "provider",
        "other",
    ),
)


def tidied(value: Any, is_person: bool = False) -> Any:
    """Return the value without the blanks and syntax around people, which the reader ignores and the schema refuses."""
    if isinstance(value, dict):
        return {
            key: tidied(
                inner, key in PERSON_COLUMNS or key == "members" or (is_person and key in ("exact", "additive"))
            )
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [tidied(inner, is_person) for inner in value]
    return cleaned(value) if is_person and isinstance(value, str) else value


def spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every list or mapping inside a value, with each of its keys or indexes."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield value, key
        yield from spots(each)


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """Return the values of a file with up to two of them removed, replaced or added."""
    value = yaml.safe_load(desired_as_yaml(draw(whole())))
    for _ in range(draw(st.integers(0, 2))):
        everywhere = list(spots(value))
        if not everywhere:
            break
        above, key = draw(st.sampled_from(everywhere))
        new = copy.deepcopy(draw(st.sampled_from(STRANGE)))
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                above[key] = new
            case "remove":
                del above[key]
            case _ if isinstance(above, dict):
                above[draw(st.sampled_from(KEYS))] = new
            case _:
                above.append(new)
    return value


@given(changed())
@settings(max_examples=examples(24), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_schema_and_reader_agree(value: Any) -> None:
    """The schema and the reader accept and refuse the same changed files, except for contradictions."""
    is_valid = VALIDATOR.is_valid(tidied(value))
    try:
        read_desired(json.dumps(value), NAME)
    except InvalidFile as error:
        assert not is_valid or all(map(CONTRADICTION.search, error.faults)), (value, error.faults)
    else:
        assert is_valid, (value, [error.message for error in VALIDATOR.iter_errors(tidied(value))])


@pytest.mark.parametrize("new", STRANGE, ids=repr)
@pytest.mark.parametrize("where", ["integration", "dev", "roles", "role", "members", "member", "user", "pattern"])
def test_schema_and_reader_agree_on_each_value_at_each_position(where: str, new: Any) -> None:
    """The schema and the reader agree on each unusual value at each kind of position."""
    dev: dict[str, Any] = {
        "roles": new
        if where == "roles"
        else [new if where == "role" else {"name": "x", "members": [f"{'b' * 32}@idir"]}],
        "users": [new if where == "user" else {"guid": "0f3a" * 8, "roles": []}],
    }
    if where in ("members", "member"):
        dev["roles"][0]["members"] = new if where == "members" else [new]
    value = {
        "version": 1,
        "timezone": "America/Vancouver",
        "protect": {"users": [new] if where == "pattern" else []},
        "integrations": [
            {
                "integration": new if where == "integration" else 101,
                "environments": {"dev": new if where == "dev" else dev},
            }
        ],
    }
    try:
        read_desired(json.dumps(value), NAME)
    except InvalidFile as error:
        assert not VALIDATOR.is_valid(tidied(value)), error.faults
    else:
        assert VALIDATOR.is_valid(tidied(value))


def test_the_schema_is_valid_and_knows_all_environments_and_providers() -> None:
    """The schema is a valid JSON schema, and knows the environments and providers that css-sdk knows."""
    Draft202012Validator.check_schema(SCHEMA)
    definitions = SCHEMA["$defs"]
    assert set(definitions["provider"]["enum"]) == set(PROVIDERS)
    assert list(definitions["integration"]["properties"]["environments"]["properties"]) == list(ENVIRONMENTS)
    usernames = Draft202012Validator({"$defs": definitions, "$ref": "#/$defs/username"})
    for provider in (*PROVIDERS, "idir2", "gov"):
        assert usernames.is_valid(f"{ANN[:32]}@{provider.upper()}") == (provider in PROVIDERS)


def test_the_example_fits_the_schema() -> None:
    """The example file names the schema in its first line and fits it, so that editors report nothing."""
    text = (ROOT / "examples" / "roles.yaml").read_text(encoding="utf-8")
    assert "$schema=../css_sdk/roles_file/schema.json" in text.splitlines()[0]
    assert VALIDATOR.is_valid(yaml.safe_load(text))
