"""`preview`: what a definition would run, when, with which values, in which order, on what.

`command` has the arguments, `plan` what they ask for, `simulation` runs the definition on the
virtual clock by the service's own scheduler, with `workers` that do what the plan says; `preview`
is what came of it, `graph` how the objects hang together, `diff` what a change changes, and
`formats` writes it. Imports `_definitions`, `_report`, `_service`, `checks` and `errors`; imported
by `__main__`, and by what makes tests of files.
"""
