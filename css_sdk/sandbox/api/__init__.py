"""Answer the calls of the CSS API as the service does.

It may import `login`, `world` and the modules beside the packages. Start reading at `api`, which turns a request
into a call. `routing` lists the calls. `roles`, `members`, `searches`, `logs` and `integrations` answer
them.
"""
