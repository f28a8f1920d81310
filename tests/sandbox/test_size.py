"""A world of the real size."""

from __future__ import annotations

from typing import Any

from css_sdk.sandbox import Sandbox


def test_a_search_by_guid_looks_at_one_person(caller: Any) -> None:
    """A search by complete GUID looks at one of 100,000 people, even with more search terms."""
    looked_at: list[str] = []

    class User(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            looked_at.append(self["username"])
            return super().get(name, default)

    account = {"id": 2, "client_id": "c", "client_secret": "s"}
    team = {"id": 1, "name": "One", "api_account": account}
    users = [User(username=f"{number:032x}@idir", firstName="Same") for number in range(100_000)]
    call = caller(Sandbox({"teams": [team], "integrations": [], "users": users}))
    assert call.token
    looked_at.clear()  # reading the world has looked at each person
    status, found = call.status_and_json("GET", f"/dev/idir/users?guid={77_777:032x}&firstName=same")
    assert (status, len(found["data"])) == (200, 1)
    assert {*looked_at} == {f"{77_777:032x}@idir"}
