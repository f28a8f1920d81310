"""Request tokens and verify tokens: credentials, the token endpoint, renewal by single flight, signatures.

This package may import httpx, anyio, PyJWT and `_http`. Start reading at `credentials`.
"""
