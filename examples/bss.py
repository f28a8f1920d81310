"""Read an account from the interworks BSS and Billing API. Pass its id as an argument; the default is 1.

Address and credentials come from BSS_HOST, BSS_CLIENT_KEY, BSS_CLIENT_SECRET, BSS_USERNAME and BSS_PASSWORD, or from
the file that BSS_CREDENTIALS_FILE names.
"""

from __future__ import annotations

import sys

import httpx

from css_sdk import CssError, systems


def main(account: str = "1") -> None:
    """Print the fields of the account."""
    with systems.bss().client() as client:
        for name, value in client.get(f"api/accounts/{int(account)}").raise_for_status().json().items():
            print(name, value, sep="\t")  # noqa: T201


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2])
    except CssError as error:  # credentials are missing, or are refused
        sys.exit(f"bss: {error}")
    except (httpx.HTTPError, ValueError) as error:  # there is no answer, or the answer is not as expected
        sys.exit(f"bss: {str(error).partition(chr(10))[0]}")
