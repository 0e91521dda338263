"""When an activated pipeline runs what, and what follows: the scheduler.

Activation and its end, the creation of instances, what lets an instance go on, alarms, and what
the service does by itself, simulated. This floor may import `components` and what is below; it is
imported by `operations` and by `service.py`, which make an `Engine` and know no other part.
"""
