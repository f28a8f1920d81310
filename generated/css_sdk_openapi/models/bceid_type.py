from enum import StrEnum


class BceidType(StrEnum):
    BASIC = "basic"
    BOTH = "both"
    BUSINESS = "business"

    def __str__(self) -> str:
        return str(self.value)
