"""The version of css-sdk. The build and the `User-Agent` header of requests read it here."""

__version__ = "0.1.0"
