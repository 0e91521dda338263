"""What an activated definition runs: components with their needs, intervals and runs.

A pipeline as the service keeps it, the compiling of its definition, when each component is due,
and in which scope the expressions of a run are evaluated. This floor may import `instances` and
what is below; it is imported by `scheduling` and `operations`.
"""
