from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.role_mappings import RoleMappings
from ...models.unauthorized import Unauthorized
from ...models.user_role_mapping_request import UserRoleMappingRequest
from ...types import Response


def _get_kwargs(
    integration_id: int,
    environment: str,
    *,
    body: UserRoleMappingRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/integrations/{integration_id}/{environment}/user-role-mappings".format(
            integration_id=quote(str(integration_id), safe=""),
            environment=quote(str(environment), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | Error | RoleMappings | Unauthorized | str | None:
    if response.status_code == 201:
        response_201 = RoleMappings.from_dict(response.json())

        return response_201

    if response.status_code == 204:
        response_204 = cast(Any, None)
        return response_204

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
) -> Response[Any | Error | RoleMappings | Unauthorized | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    integration_id: int,
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    body: UserRoleMappingRequest,
) -> Response[Any | Error | RoleMappings | Unauthorized | str]:
    """Change a role mapping

     Gives a role to a user or takes it away. Use the calls on users and roles instead.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        body (UserRoleMappingRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Error | RoleMappings | Unauthorized | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    integration_id: int,
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    body: UserRoleMappingRequest,
) -> Any | Error | RoleMappings | Unauthorized | str | None:
    """Change a role mapping

     Gives a role to a user or takes it away. Use the calls on users and roles instead.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        body (UserRoleMappingRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Error | RoleMappings | Unauthorized | str
    """

    return sync_detailed(
        integration_id=integration_id,
        environment=environment,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    integration_id: int,
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    body: UserRoleMappingRequest,
) -> Response[Any | Error | RoleMappings | Unauthorized | str]:
    """Change a role mapping

     Gives a role to a user or takes it away. Use the calls on users and roles instead.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        body (UserRoleMappingRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Error | RoleMappings | Unauthorized | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    integration_id: int,
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    body: UserRoleMappingRequest,
) -> Any | Error | RoleMappings | Unauthorized | str | None:
    """Change a role mapping

     Gives a role to a user or takes it away. Use the calls on users and roles instead.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        body (UserRoleMappingRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Error | RoleMappings | Unauthorized | str
    """

    return (
        await asyncio_detailed(
            integration_id=integration_id,
            environment=environment,
            client=client,
            body=body,
        )
    ).parsed
