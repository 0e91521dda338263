"""Previews as people and programs read them: `text` and `machines` need nothing, `page` Jinja2.

Imports `preview`, `graph` and `_report`; imported by `command`.
"""
