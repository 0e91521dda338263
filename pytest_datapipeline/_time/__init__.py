"""Virtual time: who waits on the clock, and when it may move.

The keeper's lock guards all of a fake's state, and its threads wait here; so do coroutines, by
their loops, and the frozen clocks of freezegun and time-machine go along. Limits end what gets
nowhere. Here, and nowhere else, are the private parts of asyncio, trio and freezegun. This floor
may import `_service` and `errors`; it is imported by the clients, the fake, the server and the
plugin.
"""
