"""Those who make calls: where each of them is, and whom time waits for.

Threads, coroutines and connections are alike here. The modules import the service and the limits;
they are imported by the keeper of time, which asks them before it moves, and by the loops, the fake
and the clients.
"""
