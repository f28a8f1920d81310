from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.logs import Logs
from ...models.unauthorized import Unauthorized
from ...types import UNSET, Response


def _get_kwargs(
    integration_id: int,
    environment: str,
    *,
    start: str,
    end: str,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["start"] = start

    params["end"] = end

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/integrations/{integration_id}/{environment}/logs".format(
            integration_id=quote(str(integration_id), safe=""),
            environment=quote(str(environment), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | Logs | Unauthorized | str | None:
    if response.status_code == 200:
        response_200 = Logs.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Error.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Unauthorized.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Error.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Error.from_dict(response.json())

        return response_404

    if response.status_code == 422:
        response_422 = Error.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = response.text
        return response_429

    if response.status_code == 500:
        response_500 = Error.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = response.text
        return response_503

    if response.status_code == 504:
        response_504 = Error.from_dict(response.json())

        return response_504

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | Logs | Unauthorized | str]:
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
    start: str,
    end: str,
) -> Response[Error | Logs | Unauthorized | str]:
    """Read logs

     Reads the log lines of an integration in one environment. The range is three days at most, and calls
    are limited by the hour.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        start (str):
        end (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Logs | Unauthorized | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        start=start,
        end=end,
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
    start: str,
    end: str,
) -> Error | Logs | Unauthorized | str | None:
    """Read logs

     Reads the log lines of an integration in one environment. The range is three days at most, and calls
    are limited by the hour.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        start (str):
        end (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Logs | Unauthorized | str
    """

    return sync_detailed(
        integration_id=integration_id,
        environment=environment,
        client=client,
        start=start,
        end=end,
    ).parsed


async def asyncio_detailed(
    integration_id: int,
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    start: str,
    end: str,
) -> Response[Error | Logs | Unauthorized | str]:
    """Read logs

     Reads the log lines of an integration in one environment. The range is three days at most, and calls
    are limited by the hour.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        start (str):
        end (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Logs | Unauthorized | str]
    """

    kwargs = _get_kwargs(
        integration_id=integration_id,
        environment=environment,
        start=start,
        end=end,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    integration_id: int,
    environment: str,
    *,
    client: AuthenticatedClient | Client,
    start: str,
    end: str,
) -> Error | Logs | Unauthorized | str | None:
    """Read logs

     Reads the log lines of an integration in one environment. The range is three days at most, and calls
    are limited by the hour.

    Args:
        integration_id (int):
        environment (str): Environment of an integration
        start (str):
        end (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Logs | Unauthorized | str
    """

    return (
        await asyncio_detailed(
            integration_id=integration_id,
            environment=environment,
            client=client,
            start=start,
            end=end,
        )
    ).parsed
