"""The timeline: what happened in virtual time, in lanes, as text and as pages of HTML.

All of it is derived when somebody looks, from the record of calls, the attempts at tasks, the
findings, and a small log of what is recorded nowhere else. Imports `_report`, `_contract`,
`_record`, `_service` and `errors`, and pytest for the folder of pages; it is imported by the fake
and the plugin.
"""
