"""`python -m css_sdk` is `css`."""

from .cli import main

if __name__ == "__main__":
    main()
