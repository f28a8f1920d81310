"""Convert answers of the service to the models of css-sdk, or refuse them with `MalformedAnswer`. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from css_sdk_openapi import Client
from css_sdk_openapi import models as generated
from css_sdk_openapi.types import Unset

from .._service.error_answers import ErrorAnswer
from .._text.json_text import parsed_json
from .._text.tables import TupleOf
from ..errors import MalformedAnswer
from ..models import Integration, LogLine, Role, User
from .cleaning import clean
from .retry import seconds_to_wait

if TYPE_CHECKING:
    import httpx

Value = TypeVar("Value")

_CLIENT: Final = Client(base_url="")
"""A client that sends nothing. The generated parsers require a client as an argument.

With the default settings of this client, the parsers return None for a status that the OpenAPI document does not list.
"""

Operation = ModuleType
"""A module of the generated client. It contains the functions of one API call, such as `get_logs`."""


def error_answer(response: httpx.Response, request: str, now: float) -> ErrorAnswer:
    """Return the facts of an error answer: status, message and `Retry-After`. The body need not be JSON.

    If `Retry-After` is a date, the wait is counted from `now`.
    """
    body = parsed_json(response.content) if _is_json(response) else None
    message = clean(str(body.get("message") or "")) if isinstance(body, dict) else ""
    return ErrorAnswer(
        status=response.status_code,
        message=message,
        is_json=body is not None,
        request=request,
        retry_after=seconds_to_wait(response.headers.get("Retry-After"), now),
    )


def parsed(operation: Operation, response: httpx.Response, request: str, convert: Callable[[Any], Value]) -> Value:
    """Return the content of a successful answer, as a model of css-sdk.

    Args:
        convert: converts the generated model to a model of css-sdk. For status 204, and for a status that the OpenAPI
            document does not list, it gets None.

    Raises:
        MalformedAnswer: the answer is not what the OpenAPI document describes. For example, it is empty, it is not
            JSON, a field is missing, or a value has the wrong type.
    """
    try:
        if response.status_code != 204 and not (response.content and _is_json(response)):
            raise TypeError("the answer has no JSON")
        answer = operation._parse_response(client=_CLIENT, response=response)
        if getattr(answer, "data", None) == [] and response.json()["data"] != []:
            # The generated parsers take an empty text or object for an empty list.
            raise TypeError("the field data is not a list")
        return convert(answer)
    except Exception as error:
        # The generated parsers raise any kind of error for JSON that has another structure.
        raise MalformedAnswer(
            f"{request}: the answer ({response.status_code}) {_fault_of(response, error)}. Check the address of the "
            f"API (CSS_API_URL).",
            status=response.status_code,
            request=request,
        ) from error


def _fault_of(response: httpx.Response, error: Exception) -> str:
    """Return what is wrong with an answer that could not be converted, as the end of a sentence."""
    if not response.content:
        return "is empty"
    if not _is_json(response):
        kind = clean(response.headers.get("Content-Type", "").partition(";")[0].strip())
        return f"has the Content-Type {kind}, not application/json" if kind else "has no Content-Type"
    if parsed_json(response.content) is None:
        return "is not usable JSON"
    # The words of other errors are for programmers, who find them in the cause of the error.
    return f"lacks the field {clean(str(error))}" if isinstance(error, KeyError) else "does not have the expected form"


def integrations(answer: Any) -> tuple[Integration, ...]:
    """Convert an `IntegrationList` of the generated client to integrations of css-sdk, in the same order."""
    return TupleOf(map(integration, _of(generated.IntegrationList, answer).data))


def integration(answer: Any) -> Integration:
    """Convert an `Integration` of the generated client to one of css-sdk.

    A value that the OpenAPI document does not list, such as a new status, is kept as it is.
    """
    found = _of(generated.Integration, answer)
    return Integration(
        id=_of(int, found.id),
        project_name=_of(str, found.project_name),
        auth_type=_text(found.auth_type),
        environments=_texts(found.environments),
        status=_text(found.status),
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def roles(answer: Any) -> tuple[Role, ...]:
    """Convert a `RoleList` of the generated client to roles of css-sdk, sorted by name."""
    return TupleOf(sorted(map(role, _of(generated.RoleList, answer).data), key=attrgetter("name")))


def role(answer: Any) -> Role:
    """Convert a `Role` of the generated client to one of css-sdk."""
    found = _of(generated.Role, answer)
    return Role(name=_of(str, found.name), composite=_of(bool, found.composite))


def users(answer: Any) -> tuple[User, ...]:
    """Convert a `UserPage` of the generated client, or the `UserList` of a search, to users of css-sdk."""
    found = answer if isinstance(answer, generated.UserPage) else _of(generated.UserList, answer)
    return TupleOf(map(user, found.data))


def user(answer: Any) -> User:
    """Convert a `User` of the generated client to one of css-sdk. A service account has only a username."""
    found = _of(generated.User, answer)
    attributes = {} if isinstance(found.attributes, Unset) else found.attributes.additional_properties
    return User(
        username=_of(str, found.username),
        email=_text(found.email),
        first_name=_text(found.first_name),
        last_name=_text(found.last_name),
        attributes={name: _texts(values) for name, values in attributes.items()},
    )


def logs(answer: Any) -> tuple[tuple[LogLine, ...], str]:
    """Convert `Logs` of the generated client. Return the log lines, and the service's message.

    The message says whether there are more lines.
    """
    found = _of(generated.Logs, answer)
    return tuple(_log_line(line.additional_properties) for line in found.data), _text(found.message)


def _log_line(fields: dict[str, Any]) -> LogLine:
    try:
        timestamp = datetime.datetime.fromisoformat(str(fields.get("@timestamp")))
    except ValueError:
        timestamp = None
    if timestamp is not None and timestamp.tzinfo is None:
        timestamp = timestamp.replace(tzinfo=datetime.UTC)
    return LogLine(timestamp=timestamp, message=str(fields.get("message", "")), fields=fields)


def _is_json(response: httpx.Response) -> bool:
    kind: str = response.headers.get("Content-Type", "")
    return kind.partition(";")[0].strip().lower() == "application/json"


def _of(kind: type[Value], value: Any) -> Value:
    if not isinstance(value, kind):
        raise TypeError(f"a value is of type {type(value).__name__}, not {kind.__name__}")
    return value


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, Unset) else _of(str, value)


def _texts(values: Any) -> tuple[str, ...]:
    return () if values is None else tuple(_of(str, value) for value in _of(list, values))
