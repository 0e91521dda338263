"""Templates of whole deployments, with pipelines in them that leave some of their values open.

`cloudformation` with its functions in `intrinsics`; `terraform` on what `hcl` has parsed. Imports
the modules beside this folder, `errors` and `_service.texts`, and python-hcl2 where it is needed;
imported by `reader`, when a file is one.
"""
