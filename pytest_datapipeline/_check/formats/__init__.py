"""Verdicts as people and programs read them: `text` for the first, `machines` for the others.

Imports `verdict` and the rules of `advice`; imported by `command`.
"""
