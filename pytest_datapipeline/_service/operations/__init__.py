"""What the operations on pipelines do: requests in, answers out.

Pipelines from creation to deletion, descriptions of their objects, queries, and tasks that are
enqueued without a schedule. This floor may import everything of the service below it; it is
imported by `service.py` alone.
"""
