"""What stands behind the plugin's hooks and fixtures.

`options` is what a suite sets, `state` what is known of the session and of the test under way,
`reports` what is added to the reports of tests, `asked` what a suite has only if it asks for it.
May import everything below `plugin.py`, which alone imports it; only `options` and `state` are
imported before a test needs them.
"""
