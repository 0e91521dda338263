"""Advice of our own on definitions: what AWS lets pass, and what is seldom meant.

`rules` is the table, with the reason of each rule; `structure`, `times` and `values` find what they
are about; `matter` is what they look at. Imports `_service`; imported by `verdict`, and by the page
that lists the rules.
"""
