from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.bceid_type import BceidType
from ...models.error import Error
from ...models.unauthorized import Unauthorized
from ...models.user_list import UserList
from ...types import UNSET, Response, Unset


def _get_kwargs(
    integration_id: int,
    environment: str,
    *,
    bceid_type: BceidType,
    guid: str | Unset = UNSET,
    display_name: str | Unset = UNSET,
    username: str | Unset = UNSET,
    email: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_bceid_type = bceid_type.value
    params["bceidType"] = json_bceid_type

    params["guid"] = guid

    params["displayName"] = display_name

    params["username"] = username

    params["email"] = email

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/integrations/{integration_id}/{environment}/bceid/users".format(
            integration_id=quote(str(integration_id), safe=""),
            environment=quote(str(environment), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | Unauthorized | UserList | str | None:
    if response.status_code == 200:
        response_200 = UserList.from_dict(response.json())

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
) -> Response[Error | Unauthorized | UserList | str]:
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
    bceid_type: BceidType,
    guid: str | Unset = UNSET,
    display_name: str | Unset = UNSET,
    username: str | Unset = UNSET,
    email: str | Unset = UNSET,
) -> Response[Error | Unauthorized | UserList | str]:
    """Search BCeID users

     Finds users of BCeID who have logged in to the environment; one or more search terms are needed.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        bceid_type (BceidType): Kind of BCeID account
        guid (str | Unset):
        display_name (str | Unset):
        username (str | Unset):
        email (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Unauthorized | UserList | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        bceid_type=bceid_type,
        guid=guid,
        display_name=display_name,
        username=username,
        email=email,
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
    bceid_type: BceidType,
    guid: str | Unset = UNSET,
    display_name: str | Unset = UNSET,
    username: str | Unset = UNSET,
    email: str | Unset = UNSET,
) -> Error | Unauthorized | UserList | str | None:
    """Search BCeID users

     Finds users of BCeID who have logged in to the environment; one or more search terms are needed.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        bceid_type (BceidType): Kind of BCeID account
        guid (str | Unset):
        display_name (str | Unset):
        username (str | Unset):
        email (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Unauthorized | UserList | str
    """

    return sync_detailed(
        integration_id=integration_id,
        environment=environment,
        client=client,
        bceid_type=bceid_type,
        guid=guid,
        display_name=display_name,
        username=username,
        email=email,
    ).parsed


async def asyncio_detailed(
    integration_id: int,
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    bceid_type: BceidType,
    guid: str | Unset = UNSET,
    display_name: str | Unset = UNSET,
    username: str | Unset = UNSET,
    email: str | Unset = UNSET,
) -> Response[Error | Unauthorized | UserList | str]:
    """Search BCeID users

     Finds users of BCeID who have logged in to the environment; one or more search terms are needed.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        bceid_type (BceidType): Kind of BCeID account
        guid (str | Unset):
        display_name (str | Unset):
        username (str | Unset):
        email (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Unauthorized | UserList | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        bceid_type=bceid_type,
        guid=guid,
        display_name=display_name,
        username=username,
        email=email,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    integration_id: int,
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    bceid_type: BceidType,
    guid: str | Unset = UNSET,
    display_name: str | Unset = UNSET,
    username: str | Unset = UNSET,
    email: str | Unset = UNSET,
) -> Error | Unauthorized | UserList | str | None:
    """Search BCeID users

     Finds users of BCeID who have logged in to the environment; one or more search terms are needed.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        bceid_type (BceidType): Kind of BCeID account
        guid (str | Unset):
        display_name (str | Unset):
        username (str | Unset):
        email (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Unauthorized | UserList | str
    """

    return (
        await asyncio_detailed(
            integration_id=integration_id,
            environment=environment,
            client=client,
            bceid_type=bceid_type,
            guid=guid,
            display_name=display_name,
            username=username,
            email=email,
        )
    ).parsed
