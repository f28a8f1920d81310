from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field
from dateutil.parser import isoparse

T = TypeVar("T", bound="Integration")


@_attrs_define
class Integration:
    """A login that a team has asked for

    Attributes:
        auth_type (str): What logs in to the integration
        created_at (datetime.datetime): When it was created
        environments (list[str]):
        id (int): Number of the integration
        project_name (str): Name of the project
        status (str): How far the integration has come
        updated_at (datetime.datetime): When it was last changed
    """

    auth_type: str
    created_at: datetime.datetime
    environments: list[str]
    id: int
    project_name: str
    status: str
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        auth_type = self.auth_type

        created_at = self.created_at.isoformat()

        environments = self.environments

        id = self.id

        project_name = self.project_name

        status = self.status

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "authType": auth_type,
                "createdAt": created_at,
                "environments": environments,
                "id": id,
                "projectName": project_name,
                "status": status,
                "updatedAt": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        auth_type = d.pop("authType")

        created_at = isoparse(d.pop("createdAt"))

        environments = cast(list[str], d.pop("environments"))

        id = d.pop("id")

        project_name = d.pop("projectName")

        status = d.pop("status")

        updated_at = isoparse(d.pop("updatedAt"))

        integration = cls(
            auth_type=auth_type,
            created_at=created_at,
            environments=environments,
            id=id,
            project_name=project_name,
            status=status,
            updated_at=updated_at,
        )

        integration.additional_properties = d
        return integration

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
