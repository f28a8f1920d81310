"""Read groups from CERN's Authorization Service, with the credentials of an application.

The credentials come from CERN_CLIENT_ID and CERN_CLIENT_SECRET, or from the file that CERN_CREDENTIALS_FILE names. To
use a sandbox, set CERN_TOKEN_URL and CERN_API_URL to its addresses.
"""

from __future__ import annotations

import sys

import httpx

from css_sdk import CssError, systems


def main() -> None:
    """Print a line for each group."""
    with systems.cern().client() as client:
        answer = client.get("Group", params={"field": ["groupIdentifier", "displayName"]})
        for group in answer.raise_for_status().json()["data"]:
            print(group["groupIdentifier"], group["displayName"], sep="\t")  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except CssError as error:  # credentials are missing, or are refused
        sys.exit(f"cern: {error}")
    except (httpx.HTTPError, ValueError) as error:  # there is no answer, or the answer is not as expected
        sys.exit(f"cern: {str(error).partition(chr(10))[0]}")
