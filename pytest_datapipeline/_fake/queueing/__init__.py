"""What a test enqueues: checked, made into instances, taken in by the service.

Its modules may import the handles that they give back, and what `_fake` may; they are imported by
`_fake`, by the server's controls and by the stubber.
"""
