"""Pipeline definitions: what PutPipelineDefinition stores, and whether it is valid.

`definition` holds objects, parameters and values, with inheritance resolved; `catalog` knows the
types of objects and their fields; `validation` finds errors and warnings. Imports expressions,
`fields`, `texts`, `errors` and `clock`; `components` and the floors above it may use it.
"""
