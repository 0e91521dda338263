"""AWS Data Pipeline itself, as plain Python: no pytest, client, thread, coroutine or socket.

`service.py` takes a request and returns an answer, or a ticket for an answer to come. Its floors,
from the top: operations, scheduling, components, instances, definitions, expressions, the protocol,
fields, and what all share: `settings`, `errors`, `texts` and the clock. Each imports only what is
below it, and nothing of the rest of the package, all of which may import it.
"""
