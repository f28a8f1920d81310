"""Send requests and read answers: httpx clients, deadlines, retries, forks, and the journal's writer.

This package may read and write files. It may import httpx, anyio, and packages of css-sdk that only make decisions.
Only this package and the two clients (`_async` and `_sync`) use the generated client. Start reading at `clients`, then
`answers` and `retry`.
"""
