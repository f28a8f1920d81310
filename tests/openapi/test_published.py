"""The committed document has the details of the live one, and the repairs do not depend on these details."""

from __future__ import annotations

import copy
from typing import Any

from openapi import prepare

MEMBERS = "/integrations/{integrationId}/{environment}/roles/{roleName}/users"
BCEID = "/integrations/{integrationId}/{environment}/bceid/users"
BUSINESS = {"bceid_business_guid", "bceid_business_name"}


def attributes_in(published: Any, path: str) -> list[Any]:
    """Return the attributes that a user search declares, one for each content type."""
    content = published["paths"][path]["get"]["responses"]["200"]["content"]
    users = [body["schema"]["properties"]["data"]["items"] for body in content.values()]
    return [user["properties"]["attributes"]["properties"] for user in users]


def test_the_defaults_of_page_and_max_are_texts(published: Any) -> None:
    """The defaults of `page` and `max` are texts beside the schema."""
    parameters = published["paths"][MEMBERS]["get"]["parameters"]
    defaults = {parameter["name"]: parameter["default"] for parameter in parameters if "default" in parameter}
    assert defaults == {"page": "1", "max": "50"}


def test_the_list_of_integrations_has_an_empty_list_of_parameters(published: Any) -> None:
    """The call that lists integrations is the only one with an empty list of parameters."""
    empty = [
        path
        for path, item in published["paths"].items()
        for operation in item.values()
        if operation["parameters"] == []
    ]
    assert empty == ["/integrations"]


def test_the_bceid_search_of_an_integration_has_no_business_attributes(published: Any) -> None:
    """Only the two deprecated searches for business users declare business attributes."""
    assert len(published["paths"]) == 19
    assert all(not BUSINESS & found.keys() for found in attributes_in(published, BCEID))
    for word in ("business-bceid", "basic-business-bceid"):
        assert all(found.keys() >= BUSINESS for found in attributes_in(published, f"/{{environment}}/{word}/users"))


def _number_defaults(published: Any) -> None:
    for parameter in published["paths"][MEMBERS]["get"]["parameters"]:
        if "default" in parameter:
            parameter["default"] = int(parameter["default"])


def _no_parameters(published: Any) -> None:
    del published["paths"]["/integrations"]["get"]["parameters"]


def _business_attributes(published: Any) -> None:
    for found in attributes_in(published, BCEID):
        found |= {name: {"type": "array", "items": {"type": "string"}} for name in BUSINESS}


def test_these_details_do_not_reach_the_client(published: Any, overlay: Any) -> None:
    """The repaired document is the same with and without each of these details, except for the empty list."""

    def repaired(document: Any) -> Any:
        found = prepare.prepare(document, overlay)
        found["paths"]["/integrations"]["get"].setdefault("parameters", [])
        return found

    live = repaired(published)
    for change in (_number_defaults, _no_parameters, _business_attributes):
        changed = copy.deepcopy(published)
        change(changed)
        assert changed != published
        assert repaired(changed) == live, change.__name__
