"""The fake behind HTTP: for child processes, other languages, and by itself as a command.

The server on aiohttp (an extra), who may call it, the command `serve` with its control API, and the
endpoint that the tests of a session share. This floor may import everything below `endpoint.py`; it
is imported by `endpoint.py`, `__main__.py` and the plugin, where it is used and not before.
"""
