"""A realm `standard` of Keycloak that is set up as the login server of a sandbox world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.keycloak.server import Keycloak

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

NAME: Final = "standard"
ADA: Final = "6513270e269e0d37f2a74de452e6b438@idir"
PASSWORD: Final = "lovelace"
ENVIRONMENT: Final = "prod"


class Realm:
    """A new realm with the API accounts of a world, its integrations in prod, and one person.

    Attributes:
        issuer: the address of the realm.
        token_url: the address of its token endpoint.
    """

    def __init__(self, server: Keycloak, admin: KeycloakAdmin, world: Mapping[str, Any], name: str = NAME) -> None:
        """Replace the realm of this name.

        Args:
            server: the Keycloak in which the realm is created.
            admin: an admin who is logged in there.
            world: a document in the form of the recorded one.
            name: the name of the realm. An admin works in one realm at a time, so each realm needs its own.
        """
        self.issuer = f"{server.url}/realms/{name}"
        self.token_url = f"{self.issuer}/protocol/openid-connect/token"
        self._admin = admin
        admin.change_current_realm("master")
        if any(realm["realm"] == name for realm in admin.get_realms()):
            admin.delete_realm(name)
        admin.create_realm({"realm": name, "enabled": True})
        admin.change_current_realm(name)
        for team in world["teams"]:
            self.add_account(team["id"], team["api_account"]["client_id"], team["api_account"]["client_secret"])
        for integration in world["integrations"]:
            if integration["client_id"] and ENVIRONMENT in integration["environments"]:
                self._add_integration(integration)
        self._add_person(next(user for user in world["users"] if user["username"] == ADA))

    def add_account(self, team: int, client_id: str, secret: str, **attributes: str) -> None:
        """Add an API account, whose tokens contain the team as text."""
        claim = _mapper("team", "oidc-hardcoded-claim-mapper", {"claim.value": str(team), "jsonType.label": "String"})
        self._add_client(client_id, secret, service_account=True, mappers=[claim], attributes=attributes)

    def _add_integration(self, integration: Mapping[str, Any]) -> None:
        """Add the client of an integration, whose tokens contain it as audience and its roles in a claim."""
        client_id = integration["client_id"]
        roles = {"usermodel.clientRoleMapping.clientId": client_id, "multivalued": "true", "jsonType.label": "String"}
        mappers = [
            _mapper("client_roles", "oidc-usermodel-client-role-mapper", roles),
            _mapper("audience", "oidc-audience-mapper", {"included.client.audience": client_id}),
        ]
        service_account = integration["auth_type"] != "browser-login"
        self._add_client(client_id, integration["client_secret"], service_account, mappers, {})

    def _add_client(
        self,
        client_id: str,
        secret: str,
        service_account: bool,
        mappers: list[dict[str, Any]],
        attributes: Mapping[str, str],
    ) -> None:
        self._admin.create_client(
            {
                "clientId": client_id,
                "secret": secret,
                "publicClient": False,
                "serviceAccountsEnabled": service_account,
                "directAccessGrantsEnabled": False,
                "protocolMappers": mappers,
                "attributes": dict(attributes),
            }
        )

    def _add_person(self, user: Mapping[str, Any]) -> None:
        """Add a person without any roles of the realm, as an identity provider does."""
        names = {name: user[name] for name in ("username", "email", "firstName", "lastName")}
        password = {"type": "password", "value": PASSWORD, "temporary": False}
        found = self._admin.create_user({**names, "enabled": True, "credentials": [password]})
        self._admin.delete_realm_roles_of_user(found, self._admin.get_realm_roles_of_user(found))

    # Changes of a realm.

    def create_role(self, client_id: str, name: str, children: tuple[str, ...] = ()) -> None:
        """Create a role of an integration with existing roles as children."""
        client = self._client(client_id)
        self._admin.create_client_role(client, {"name": name})
        if children:
            found = [self._admin.get_client_role(client, child) for child in children]
            self._admin.add_composite_client_roles_to_role(client, name, found)

    def grant(self, client_id: str, role: str, username: str) -> None:
        """Assign a role to a person or a service account."""
        client = self._client(client_id)
        self._admin.assign_client_role(self._user(username), client, [self._admin.get_client_role(client, role)])

    def revoke(self, client_id: str, role: str, username: str) -> None:
        """Remove a role from a person or a service account."""
        client = self._client(client_id)
        found = [self._admin.get_client_role(client, role)]
        self._admin.delete_client_roles_of_user(self._user(username), client, found)

    def rotate_secret(self, client_id: str) -> str:
        """Let Keycloak generate a new secret, which makes the old one invalid."""
        return str(self._admin.generate_client_secrets(self._client(client_id))["value"])

    def disable(self, client_id: str) -> None:
        """Disable a client, which gets no more tokens."""
        self._admin.update_client(self._client(client_id), {"enabled": False})

    def allow_passwords(self, client_id: str) -> None:
        """Allow a client to request tokens with passwords of users."""
        self._admin.update_client(self._client(client_id), {"directAccessGrantsEnabled": True})

    def token_for_ada(self, client_id: str, http: httpx.Client, **fields: str) -> dict[str, Any]:
        """Return the tokens that an integration gets when Ada logs in, with her password instead of a browser."""
        client = self._client(client_id)
        self._admin.update_client(client, {"directAccessGrantsEnabled": True})
        secret = self._admin.get_client_secrets(client)["value"]
        asked = {"grant_type": "password", "username": ADA, "password": PASSWORD, **fields}
        answer = http.post(self.token_url, data=asked, auth=(client_id, secret)).raise_for_status()
        self._admin.update_client(client, {"directAccessGrantsEnabled": False})
        return dict(answer.json())

    def add_signing_key(self) -> None:
        """Add a key for RS256 that Keycloak prefers to the earlier ones."""
        settings = {"priority": ["200"], "algorithm": ["RS256"], "keySize": ["2048"]}
        provider = {"name": "rotated", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider"}
        self._admin.create_component({**provider, "config": settings})

    def retire_signing_key(self, kid: str) -> None:
        """Disable a key, which is then no longer published."""
        (provider,) = [key["providerId"] for key in self._admin.get_keys()["keys"] if key.get("kid") == kid]
        component = self._admin.get_component(provider)
        component["config"] |= {"active": ["false"], "enabled": ["false"]}
        self._admin.update_component(provider, component)

    def _client(self, client_id: str) -> str:
        found = self._admin.get_client_id(client_id)
        assert found is not None, client_id
        return str(found)

    def _user(self, username: str) -> str:
        found = self._admin.get_user_id(username)
        assert found is not None, username
        return str(found)


def _mapper(name: str, kind: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return a mapper that adds a claim to access tokens only."""
    where = {"access.token.claim": "true", "id.token.claim": "false", "userinfo.token.claim": "false"}
    config = {"claim.name": name, **where, **settings}
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config}
