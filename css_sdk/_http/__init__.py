"""Send requests and read answers: httpx clients, deadlines, retries, forks, and the journal's writer.

It may import httpx, anyio, files, and the packages of decisions below it. Only here and in the two clients is the
generated client used. Start reading at `clients`, then `answers` and `retry`.
"""
