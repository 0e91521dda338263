"""What a test holds in its hands: tasks, pipelines, the clock, what runners do.

Handles keep no state: each reads and changes what the service has, under the fake's lock. They may
import what `_fake` may, and are imported by its other parts and by `fake.py`.
"""
