"""The generated client builds requests and reads answers as the service needs."""

from __future__ import annotations

import datetime
import importlib
import re
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import yaml
from css_sdk_openapi import models
from css_sdk_openapi.api.integrations import list_integrations
from css_sdk_openapi.api.role_mapping import assign_user_roles, list_role_members
from css_sdk_openapi.api.roles import create_role, get_role
from css_sdk_openapi.api.users import search_bceid_users, search_idir_users
from css_sdk_openapi.client import Client
from css_sdk_openapi.types import UNSET
from hypothesis import given
from hypothesis import strategies as st

from openapi import generate, prepare

NAMES = yaml.safe_load(prepare.OVERLAY.read_text("utf-8"))["x-operations"].values()
CLIENT = Client(base_url="https://css.example/api/v1", raise_on_unexpected_status=True)
INTEGRATION = {
    "id": 101,
    "projectName": "Grants Portal",
    "authType": "browser-login",
    "environments": ["dev", "test", "prod"],
    "status": "applied",
    "createdAt": "2026-11-21T04:00:18.206Z",
    "updatedAt": "2026-11-21T04:00:19.206Z",
}


def module(tag: str, operation: str) -> ModuleType:
    return importlib.import_module(f"css_sdk_openapi.api.{tag.lower().replace('-', '_')}.{operation}")


def parse(operation: ModuleType, status: int, **body: Any) -> Any:
    return operation._parse_response(client=CLIENT, response=httpx.Response(status, **body))


@pytest.mark.parametrize(("tag", "operation"), NAMES)
def test_every_operation_has_a_module(tag: str, operation: str) -> None:
    """Each call has a module under its tag with the two private functions that the facade uses."""
    found = module(tag, operation)
    assert callable(found._get_kwargs)
    assert callable(found._parse_response)


def test_the_generated_package_has_no_other_modules() -> None:
    """The generated package contains no modules besides those of the table."""
    found = {(p.parent.name, p.stem) for p in (generate.CLIENT / "api").glob("*/*.py") if p.stem != "__init__"}
    assert found == {(tag.lower().replace("-", "_"), operation) for tag, operation in NAMES}


@pytest.mark.parametrize(("tag", "operation"), NAMES)
def test_a_refused_token_and_a_disaster_are_parsed(tag: str, operation: str) -> None:
    """Each call reads a 401 in its own form and a 503 in plain text."""
    refused = parse(module(tag, operation), 401, json={"success": False, "data": None, "err": "token expired"})
    assert refused == models.Unauthorized(success=False, data=None, err="token expired")
    assert parse(module(tag, operation), 503, text="down") == "down"


def test_a_role_name_is_encoded_twice() -> None:
    """A role name in a path is encoded twice, because the service decodes it twice."""
    assert get_role._get_kwargs(101, "dev", "a%2Fb") == {
        "method": "get",
        "url": "/integrations/101/dev/roles/a%25252Fb",
    }
    assert get_role._get_kwargs(101, "dev", "..")["url"] == "/integrations/101/dev/roles/%252E%252E"


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_any_path_value_is_one_segment(name: str) -> None:
    """For every name, decoding the last segment of the path twice returns the name."""
    head, _, tail = get_role._get_kwargs(101, "dev", name)["url"].rpartition("/")
    assert (head, unquote(unquote(tail))) == ("/integrations/101/dev/roles", name)


def test_a_query_contains_only_the_given_terms() -> None:
    """A query contains only the given terms, under the names of the service."""
    assert list_role_members._get_kwargs(1, "dev", "r", page=2, max_=50)["params"] == {"page": 2, "max": 50}
    assert list_role_members._get_kwargs(1, "dev", "r")["params"] == {}
    assert search_idir_users._get_kwargs("dev", first_name="Ada")["params"] == {"firstName": "Ada"}
    bceid = search_bceid_users._get_kwargs(1, "dev", bceid_type=models.BceidType.BOTH, display_name="Biz")
    assert bceid["params"] == {"bceidType": "both", "displayName": "Biz"}


def test_bodies_contain_role_names() -> None:
    """The body that creates a role contains its name, and the body that assigns roles contains a list of names."""
    assert create_role._get_kwargs(1, "dev", body=models.RoleRef("r"))["json"] == {"name": "r"}
    kwargs = assign_user_roles._get_kwargs(1, "dev", "u@idir", body=[models.RoleRef("a"), models.RoleRef("b")])
    assert (kwargs["url"], kwargs["json"]) == (
        "/integrations/1/dev/users/u%40idir/roles",
        [{"name": "a"}, {"name": "b"}],
    )


def test_an_integration_has_a_list_of_environments_and_dates() -> None:
    """A listed integration has a whole number as id, a list of environments, and dates with a time zone."""
    (found,) = parse(list_integrations, 200, json={"data": [INTEGRATION]}).data
    assert (found.id, found.environments) == (101, ["dev", "test", "prod"])
    assert found.created_at == datetime.datetime(2026, 11, 21, 4, 0, 18, 206000, tzinfo=datetime.UTC)
    assert found.to_dict()["updatedAt"] == "2026-11-21T04:00:19.206000+00:00"


def test_dates_are_parsed_by_isoparse() -> None:
    """python-dateutil parses the dates, because it also reads forms of ISO 8601 such as a week date."""
    text = (generate.CLIENT / "models" / "integration.py").read_text(encoding="utf-8")
    assert "from dateutil.parser import isoparse" in text
    assert not [p for p in generate.CLIENT.rglob("*.py") if re.search("fromisoformat", p.read_text(encoding="utf-8"))]
    week = models.Integration.from_dict({**INTEGRATION, "createdAt": "2026-W47-6T24:00"})
    assert week.created_at == datetime.datetime(2026, 11, 22)


def test_an_unknown_value_of_an_enumeration_is_kept() -> None:
    """An unknown status, kind of login or environment is kept as text."""
    new = {**INTEGRATION, "status": "archived", "authType": "passkey", "environments": ["dev", "uat"], "extra": 1}
    found = parse(list_integrations, 200, json={"data": [INTEGRATION, new]}).data[1]
    assert (found.status, found.auth_type, found.environments) == ("archived", "passkey", ["dev", "uat"])
    assert found.additional_properties == {"extra": 1}


def test_members_need_only_a_username() -> None:
    """A member may have a username only, as service accounts do, and a person's other data is kept."""
    person = {
        "username": "6513270e269e0d37f2a74de452e6b438@idir",
        "email": "ada.lovelace.0@gov.bc.ca",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "attributes": {"display_name": ["Lovelace, Ada GRS:EX"], "org_verified": ["true"]},
    }
    body = {"page": 1, "data": [{"username": "service-account-fisheries-service-102"}, person]}
    page = parse(list_role_members, 200, json=body)
    assert (page.page, page.data[0].email, page.data[0].attributes) == (1, UNSET, UNSET)
    assert page.data[1].attributes["display_name"] == ["Lovelace, Ada GRS:EX"]
    assert page.to_dict() == body


def test_refusals_are_parsed_as_errors() -> None:
    """A refusal is parsed as an error with its message."""
    assert parse(create_role, 409, json={"message": "role r exists"}) == models.Error("role r exists")
    assert parse(get_role, 422, json={"message": "unknown exception"}) == models.Error("unknown exception")
    assert parse(module("Logs", "get_logs"), 429, text="Too many requests") == "Too many requests"
