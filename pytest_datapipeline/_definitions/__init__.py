"""Definitions as people keep them, in each form that they have, to the parameters of the API.

`reader` tells the forms apart: the AWS CLI's and the API's (`plain`), and `templates`. `tree` knows
the lines of JSON and `yaml_tree` those of YAML, `reading` is what comes out, `place` says where
something stands, `values` has parameter values. Imports `errors`, `_service.fields` and
`_service.texts`, and PyYAML where it is needed; imported by `_fake`, and by what says something of
a definition without running a test.
"""
