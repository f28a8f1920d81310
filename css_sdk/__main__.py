"""`python -m css_sdk` is `css`."""

from .cli import main

main()
