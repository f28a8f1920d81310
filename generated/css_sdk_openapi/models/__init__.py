"""Contains all the data models used in inputs/outputs"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bceid_type import BceidType
    from .error import Error
    from .idp import Idp
    from .integration import Integration
    from .integration_list import IntegrationList
    from .logs import Logs
    from .logs_data_item import LogsDataItem
    from .operation import Operation
    from .role import Role
    from .role_list import RoleList
    from .role_mappings import RoleMappings
    from .role_ref import RoleRef
    from .unauthorized import Unauthorized
    from .user import User
    from .user_attributes import UserAttributes
    from .user_list import UserList
    from .user_page import UserPage
    from .user_role_mapping_request import UserRoleMappingRequest

_MODULES = {
    "BceidType": ".bceid_type",
    "Error": ".error",
    "Idp": ".idp",
    "Integration": ".integration",
    "IntegrationList": ".integration_list",
    "Logs": ".logs",
    "LogsDataItem": ".logs_data_item",
    "Operation": ".operation",
    "Role": ".role",
    "RoleList": ".role_list",
    "RoleMappings": ".role_mappings",
    "RoleRef": ".role_ref",
    "Unauthorized": ".unauthorized",
    "User": ".user",
    "UserAttributes": ".user_attributes",
    "UserList": ".user_list",
    "UserPage": ".user_page",
    "UserRoleMappingRequest": ".user_role_mapping_request",
}

__all__ = (
    "BceidType",
    "Error",
    "Idp",
    "Integration",
    "IntegrationList",
    "Logs",
    "LogsDataItem",
    "Operation",
    "Role",
    "RoleList",
    "RoleMappings",
    "RoleRef",
    "Unauthorized",
    "User",
    "UserAttributes",
    "UserList",
    "UserPage",
    "UserRoleMappingRequest",
)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a model when it is first used."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
        return value
