"""Loops of coroutines on the fake's clock: asyncio's, and trio's runs.

Each module is loaded where its library is there. They import the rest of `_time`, asyncio and trio,
and no client; they are imported by the clients, the fake and what drives its runners.
"""
