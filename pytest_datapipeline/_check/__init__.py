"""`check`: what is wrong with definitions, and what we would advise.

`command` has the arguments, `verdict` asks the service and then `advice`, and `formats` writes what
was found. Imports `_definitions`, `_service`, `checks` and `errors`; imported by `__main__`, and by
what makes tests of files.
"""
