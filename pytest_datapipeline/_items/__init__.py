"""Definition files as tests: pytest collects each as a file with items.

`collect` finds the files and makes the items, `trials` are what the items try, `snapshots` keeps
previews beside the files. Imports `_check`, `_preview`, `_definitions`, `_service`, `errors` and
pytest; imported by `plugin`, when a suite names definition files.
"""
