from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.role import Role
from ...models.role_ref import RoleRef
from ...models.unauthorized import Unauthorized
from ...types import Response


def _get_kwargs(
    integration_id: int,
    environment: str,
    role_name: str,
    *,
    body: list[RoleRef],
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/integrations/{integration_id}/{environment}/roles/{role_name}/composite-roles".format(
            integration_id=quote(str(integration_id), safe=""),
            environment=quote(str(environment), safe=""),
            role_name=quote(quote(str(role_name), safe="").replace(".", "%2E"), safe=""),
        ),
    }

    _kwargs["json"] = []
    for body_item_data in body:
        body_item = body_item_data.to_dict()
        _kwargs["json"].append(body_item)

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | Role | Unauthorized | str | None:
    if response.status_code == 200:
        response_200 = Role.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Error.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Unauthorized.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = Error.from_dict(response.json())

        return response_404

    if response.status_code == 422:
        response_422 = Error.from_dict(response.json())

        return response_422

    if response.status_code == 503:
        response_503 = response.text
        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | Role | Unauthorized | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    integration_id: int,
    environment: str,
    role_name: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[RoleRef],
) -> Response[Error | Role | Unauthorized | str]:
    """Add children to a role

     Adds roles to a role, which is a composite from then on.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        role_name (str):
        body (list[RoleRef]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Role | Unauthorized | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        role_name=role_name,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    integration_id: int,
    environment: str,
    role_name: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[RoleRef],
) -> Error | Role | Unauthorized | str | None:
    """Add children to a role

     Adds roles to a role, which is a composite from then on.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        role_name (str):
        body (list[RoleRef]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Role | Unauthorized | str
    """

    return sync_detailed(
        integration_id=integration_id,
        environment=environment,
        role_name=role_name,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    integration_id: int,
    environment: str,
    role_name: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[RoleRef],
) -> Response[Error | Role | Unauthorized | str]:
    """Add children to a role

     Adds roles to a role, which is a composite from then on.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        role_name (str):
        body (list[RoleRef]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Role | Unauthorized | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        role_name=role_name,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    integration_id: int,
    environment: str,
    role_name: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[RoleRef],
) -> Error | Role | Unauthorized | str | None:
    """Add children to a role

     Adds roles to a role, which is a composite from then on.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        role_name (str):
        body (list[RoleRef]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Role | Unauthorized | str
    """

    return (
        await asyncio_detailed(
            integration_id=integration_id,
            environment=environment,
            role_name=role_name,
            client=client,
            body=body,
        )
    ).parsed
