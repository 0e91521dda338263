"""The script of a stubber: its answers, what calls they are for, and what botocore makes of them.

Its modules may import the record of calls, the clients' floor and the service's protocol; they are
imported by `stubber.py` alone.
"""
