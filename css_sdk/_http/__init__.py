"""Send requests and read answers: httpx clients, deadlines, retries, forks, and the journal's writer.

This package may import httpx and anyio, may read and write files, and may import the packages below it, which only
decide. Only this package and the two clients (`_async` and `_sync`) use the generated client. Start reading at
`clients`, then `answers` and `retry`.
"""
