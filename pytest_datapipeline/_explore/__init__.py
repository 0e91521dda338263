"""Runs a scenario again and again, with something else going wrong each time.

Imports the fake and what is below it. It is imported by the plugin.
"""
