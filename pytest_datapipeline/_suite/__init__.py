"""Tests that a task runner's author takes over by subclassing `RunnerContract`.

Imports the fake, explorations and the endpoint. It is imported by nothing but the package's root.
"""
