from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.unauthorized import Unauthorized
from ...models.user_list import UserList
from ...types import UNSET, Response, Unset


def _get_kwargs(
    environment: str,
    *,
    first_name: str | Unset = UNSET,
    last_name: str | Unset = UNSET,
    email: str | Unset = UNSET,
    guid: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["firstName"] = first_name

    params["lastName"] = last_name

    params["email"] = email

    params["guid"] = guid

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/{environment}/idir/users".format(
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
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    first_name: str | Unset = UNSET,
    last_name: str | Unset = UNSET,
    email: str | Unset = UNSET,
    guid: str | Unset = UNSET,
) -> Response[Error | Unauthorized | UserList | str]:
    """Search IDIR users

     Finds users of IDIR who have logged in to the environment; one or more search terms are needed.

    Args:
        environment (str): Environment of an integration
        first_name (str | Unset):
        last_name (str | Unset):
        email (str | Unset):
        guid (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Unauthorized | UserList | str]
    """

    kwargs = _get_kwargs(
        environment=environment,
        first_name=first_name,
        last_name=last_name,
        email=email,
        guid=guid,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    first_name: str | Unset = UNSET,
    last_name: str | Unset = UNSET,
    email: str | Unset = UNSET,
    guid: str | Unset = UNSET,
) -> Error | Unauthorized | UserList | str | None:
    """Search IDIR users

     Finds users of IDIR who have logged in to the environment; one or more search terms are needed.

    Args:
        environment (str): Environment of an integration
        first_name (str | Unset):
        last_name (str | Unset):
        email (str | Unset):
        guid (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Unauthorized | UserList | str
    """

    return sync_detailed(
        environment=environment,
        client=client,
        first_name=first_name,
        last_name=last_name,
        email=email,
        guid=guid,
    ).parsed


async def asyncio_detailed(
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    first_name: str | Unset = UNSET,
    last_name: str | Unset = UNSET,
    email: str | Unset = UNSET,
    guid: str | Unset = UNSET,
) -> Response[Error | Unauthorized | UserList | str]:
    """Search IDIR users

     Finds users of IDIR who have logged in to the environment; one or more search terms are needed.

    Args:
        environment (str): Environment of an integration
        first_name (str | Unset):
        last_name (str | Unset):
        email (str | Unset):
        guid (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Unauthorized | UserList | str]
    """

    kwargs = _get_kwargs(
        environment=environment,
        first_name=first_name,
        last_name=last_name,
        email=email,
        guid=guid,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    first_name: str | Unset = UNSET,
    last_name: str | Unset = UNSET,
    email: str | Unset = UNSET,
    guid: str | Unset = UNSET,
) -> Error | Unauthorized | UserList | str | None:
    """Search IDIR users

     Finds users of IDIR who have logged in to the environment; one or more search terms are needed.

    Args:
        environment (str): Environment of an integration
        first_name (str | Unset):
        last_name (str | Unset):
        email (str | Unset):
        guid (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Unauthorized | UserList | str
    """

    return (
        await asyncio_detailed(
            environment=environment,
            client=client,
            first_name=first_name,
            last_name=last_name,
            email=email,
            guid=guid,
        )
    ).parsed
