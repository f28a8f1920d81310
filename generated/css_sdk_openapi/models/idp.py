from enum import StrEnum


class Idp(StrEnum):
    AZURE_IDIR = "azure-idir"
    BCEID_BASIC = "bceid-basic"
    BCEID_BASIC_BUSINESS = "bceid-basic-business"
    BCEID_BUSINESS = "bceid-business"
    GITHUB_BCGOV = "github-bcgov"
    GITHUB_PUBLIC = "github-public"
    IDIR = "idir"

    def __str__(self) -> str:
        return str(self.value)
