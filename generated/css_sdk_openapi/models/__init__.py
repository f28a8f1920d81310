"""Contains all the data models used in inputs/outputs"""

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
