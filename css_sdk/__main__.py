"""Run the command `css` for `python -m css_sdk`."""

from .cli import main

if __name__ == "__main__":
    main()
