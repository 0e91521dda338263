"""Validation, as PutPipelineDefinition, ValidatePipelineDefinition and ActivatePipeline do it.

`walk` applies the tables of rules in `fields` (one field), `objects` (one object) and `whole` (the
definition, with `cycles`); `subject` answers what rules ask, `values` knows the kinds of literals,
`texts` holds every message. Imports `catalog` and `definition`, and the expressions; `walk` is
imported by the operations.
"""
