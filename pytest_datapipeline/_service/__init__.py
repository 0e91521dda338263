"""AWS Data Pipeline itself, as plain Python: no pytest, client, thread, coroutine or socket.

`service.py` takes a request and returns an answer, or a ticket for one; whoever waits for it,
waits elsewhere. Its floors, from the ground: `settings`, `errors` and the clock, fields, the
protocol, expressions, definitions, instances, components, scheduling, operations. This package
may import nothing else of ours; every floor above may import it.
"""
