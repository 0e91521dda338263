"""The service's protocol, AWS JSON 1.1, and the names and shapes that it carries.

`aws_json` reads requests and writes answers; `model` is botocore's model of the operations;
`task_object` is the answer to PollForTask; `ids` makes identifiers. Imports `fields`, `texts`,
`errors` and `clock`, and botocore's models; any floor above may use it.
"""
