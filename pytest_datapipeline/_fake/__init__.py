"""The parts of the fake: how it answers a request, and what a test does with it.

A request's steps, what is enqueued, planned faults, players of task runners, driving of loops; in
`handles`, what a test holds of all that. This floor may import `_clients`, `_time`, `_record`,
`_service`, `settings`, `checks` and `errors`; it is imported by `fake.py` and `stubber.py`, which
put the parts together, and by the server. A part knows the parts that it is given, never the fake.
"""
