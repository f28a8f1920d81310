"""A script with the requests of `css assign` for one user and one role, made with httpx alone."""

from __future__ import annotations

import os
import sys

import httpx


def main(user: str, role: str, integration: str, environment: str) -> None:
    """Assign a role to a user who does not have it."""
    with httpx.Client() as http:
        answer = http.post(
            os.environ["CSS_TOKEN_URL"],
            data={"grant_type": "client_credentials"},
            auth=(os.environ["CSS_CLIENT_ID"], os.environ["CSS_CLIENT_SECRET"]),
        )
        http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        api_url = os.environ["CSS_API_URL"]
        integrations = http.get(f"{api_url}/integrations").raise_for_status().json()["data"]
        assert any(str(found["id"]) == integration for found in integrations)
        roles = f"{api_url}/integrations/{integration}/{environment}/users/{user}/roles"
        held = http.get(roles).raise_for_status().json()["data"]
        if not any(found["name"] == role for found in held):
            http.post(roles, json=[{"name": role}]).raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])
