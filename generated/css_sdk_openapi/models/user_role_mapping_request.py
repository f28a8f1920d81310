from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.operation import Operation

T = TypeVar("T", bound="UserRoleMappingRequest")


@_attrs_define
class UserRoleMappingRequest:
    """
    Attributes:
        operation (Operation): Whether the role is given or taken
        role_name (str): Name of the role
        username (str): Username of the user
    """

    operation: Operation
    role_name: str
    username: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        operation = self.operation.value

        role_name = self.role_name

        username = self.username

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "operation": operation,
                "roleName": role_name,
                "username": username,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        operation = Operation(d.pop("operation"))

        role_name = d.pop("roleName")

        username = d.pop("username")

        user_role_mapping_request = cls(
            operation=operation,
            role_name=role_name,
            username=username,
        )

        user_role_mapping_request.additional_properties = d
        return user_role_mapping_request

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
