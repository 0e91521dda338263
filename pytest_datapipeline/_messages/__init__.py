"""What messages mean: a catalog with cause and remedy, and the command that explains them.

`catalog` has the messages, `explanations` adds the rules for task runners and of advice, `command`
is `explain`. Who raises a message names its id and no more. Imports `_check`, `_contract`,
`_definitions`, `_service` and `errors`; imported by `__main__`, for that command alone.
"""
