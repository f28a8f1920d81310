from enum import StrEnum


class Operation(StrEnum):
    ADD = "add"
    DEL = "del"

    def __str__(self) -> str:
        return str(self.value)
