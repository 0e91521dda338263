"""The record of calls: what a test reads of it, compares with it, and sees of it in a failure.

Calls and matchers, what differs between them, how both are printed, and which of their values are
secret. This floor may import `_service` and `errors`; it is imported by the fake, the stubber and
the plugin, and knows neither clients nor time.
"""
