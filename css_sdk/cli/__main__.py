"""`python -m css_sdk.cli` is `css`."""

from . import main

main()
