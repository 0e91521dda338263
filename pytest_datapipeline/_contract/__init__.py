"""Whether a task runner does what AWS asks of it: rules over what was called, and their findings.

Imports the record of calls and the service. It is imported by the fake, its settings and the
plugin.
"""
