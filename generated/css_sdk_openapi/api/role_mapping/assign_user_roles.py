from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.role_list import RoleList
from ...models.role_ref import RoleRef
from ...models.unauthorized import Unauthorized
from ...types import Response


def _get_kwargs(
    integration_id: int,
    environment: str,
    username: str,
    *,
    body: list[RoleRef],
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/integrations/{integration_id}/{environment}/users/{username}/roles".format(
            integration_id=quote(str(integration_id), safe=""),
            environment=quote(str(environment), safe=""),
            username=quote(str(username), safe=""),
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
) -> Error | RoleList | Unauthorized | str | None:
    if response.status_code == 201:
        response_201 = RoleList.from_dict(response.json())

        return response_201

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
) -> Response[Error | RoleList | Unauthorized | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    integration_id: int,
    environment: str,
    username: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[RoleRef],
) -> Response[Error | RoleList | Unauthorized | str]:
    """Assign roles to a user

     Gives a user all the named roles, or none when one does not exist.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        username (str):
        body (list[RoleRef]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | RoleList | Unauthorized | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        username=username,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    integration_id: int,
    environment: str,
    username: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[RoleRef],
) -> Error | RoleList | Unauthorized | str | None:
    """Assign roles to a user

     Gives a user all the named roles, or none when one does not exist.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        username (str):
        body (list[RoleRef]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | RoleList | Unauthorized | str
    """

    return sync_detailed(
        integration_id=integration_id,
        environment=environment,
        username=username,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    integration_id: int,
    environment: str,
    username: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[RoleRef],
) -> Response[Error | RoleList | Unauthorized | str]:
    """Assign roles to a user

     Gives a user all the named roles, or none when one does not exist.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        username (str):
        body (list[RoleRef]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | RoleList | Unauthorized | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        username=username,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    integration_id: int,
    environment: str,
    username: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[RoleRef],
) -> Error | RoleList | Unauthorized | str | None:
    """Assign roles to a user

     Gives a user all the named roles, or none when one does not exist.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        username (str):
        body (list[RoleRef]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | RoleList | Unauthorized | str
    """

    return (
        await asyncio_detailed(
            integration_id=integration_id,
            environment=environment,
            username=username,
            client=client,
            body=body,
        )
    ).parsed
