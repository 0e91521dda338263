"""What task runners work on: components, instances, attempts, and the queues of worker groups.

The life of a task, from its queue to its final status. This floor may import `protocol`, `fields`
and what is below; it is imported by every floor of the service above it. It knows no pipeline and
no definition.
"""
