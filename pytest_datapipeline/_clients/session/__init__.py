"""What holds for clients through a whole session of pytest, whether a fake is active or not.

The guard before AWS, a region for clients that have none, and the clients that the fixture hands
out again. It imports the rest of `_clients` and `_time`; it is imported by the plugin alone. Guard
and regions are loaded by every run of pytest, so they import next to nothing.
"""
