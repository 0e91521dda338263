"""The texts of errors and warnings: the service's, verbatim, and our own."""

from __future__ import annotations

from ...texts import shorten

# The service's own texts, verbatim.
NOT_LITERAL = "INVALID_FIELD_VALUE:  'startDateTime' value must be a literal datetime value."
NO_LOG_URI = (
    "'pipelineLogUri'is missing. It is recommended to set this value on Default object for better "
    "troubleshooting."
)
NO_CASCADE = (
    " It is recommended to set 'failureAndRerunMode'  to 'cascade' on Default object to enable "
    "cascade failure mode for Activity, Datanode, Precondition and Resource objects of a pipeline."
)
NO_TERMINATE_AFTER = (
    "'terminateAfter' is missing. It is recommended to set this to avoid leaving resource running "
    "for long duration."
)
BACKFILL = (
    "{name} has 'failureAndRerunMode' field set to 'cascade' and you are about to create a "
    "backfill with scheduleStartTime {start}. This can result in rapid creation of pipeline "
    "objects in case of failures."
)
# The number after the @ differed each time: it is the hash of a Java object.
FATAL = (
    "Could not save the pipeline definition due to FATAL errors: "
    "[com.amazon.setl.webservice.ValidationError@3f2a1c07] Please call Validate to validate your "
    "pipeline"
)
TOO_MANY_FIELDS = "May only specify up to '{maximum}' fields per object"
TERMINATES = (
    "'{field}' is not allowed to have values of of type 'Terminate'"  # "of of" is the service's
)
NO_SCHEDULE = "'{field}' values must be of type 'Schedule'. Found values of type '{type}'"
NO_PARAMETER_VALUE = "Value is missing for this parameter"
TOO_MANY_OBJECTS = "Exceeded maximum number of objects allowed per pipeline"
# Our own wording, as the service's was never published. A test that compares with one of these
# tests the fake, not AWS.
OWN_TEXTS = {
    "activated object removed": (
        "INVALID_CHANGE:  the object '{id}' cannot be removed after activation."
    ),
    "activated period": "INVALID_CHANGE:  'period' cannot be changed after activation.",
    "activated start": "INVALID_CHANGE:  '{field}' cannot be changed after activation.",
    "activated reference": (
        "INVALID_CHANGE:  the references of '{field}' cannot be changed after activation."
    ),
    "activated output": (
        "INVALID_CHANGE:  'output' of a new object cannot refer to '{value}', which was there at "
        "activation."
    ),
    "bad boolean": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be true or false.",
    "bad datetime": (
        "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be a datetime of the form "
        "YYYY-MM-DDTHH:MM:SS."
    ),
    "bad double": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be a number.",
    "bad integer": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be an integer.",
    "bad period": (
        "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be a period such as '15 minutes' or "
        "'1 day'."
    ),
    "cycle": "CIRCULAR_REFERENCE:  '{field}' goes round in a circle: {cycle}.",
    "duplicate id": "DUPLICATE_ID:  'id' value '{id}' belongs to more than one object.",
    "empty field": "EMPTY_FIELD:  '{field}' has no value.",
    "end before start": (
        "INVALID_FIELD_VALUE:  'endDateTime' value '{value}' must be later than '{start}'."
    ),
    "exclusive": "EXCLUSIVE_FIELDS:  '{field}' and '{other}' cannot both be set.",
    "expression": "INVALID_EXPRESSION:  '{field}' {problem}",
    "field bytes": (
        "LIMIT_EXCEEDED:  '{field}' has a value of {count} bytes; {maximum} are allowed."
    ),
    "key bytes": "LIMIT_EXCEEDED:  '{field}' is a name of {count} bytes; {maximum} are allowed.",
    "id bytes": "LIMIT_EXCEEDED:  'id' value has {count} bytes; {maximum} are allowed.",
    "object bytes": "LIMIT_EXCEEDED:  'fields' has {count} bytes; {maximum} are allowed.",
    "missing field": "MISSING_FIELD:  '{field}' is required on an object of type '{type}'.",
    "missing group": (
        "MISSING_FIELD:  one of {allowed} is required on an object of type '{type}'."
    ),
    "missing schedule": (
        "MISSING_FIELD:  'schedule' is required unless 'scheduleType' is 'ondemand'."
    ),
    "missing type": "MISSING_FIELD:  'type' is required.",
    "missing target": (
        "INVALID_REFERENCE:  '{field}' refers to '{value}', which is not in the definition."
    ),
    "reference wanted": (
        "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be a reference to an object."
    ),
    "string wanted": (
        "INVALID_FIELD_VALUE:  '{field}' must be a string, not a reference to '{value}'."
    ),
    "wrong family": (
        "INVALID_REFERENCE:  '{field}' refers to '{value}', which is {what}; it must refer to "
        "{allowed}."
    ),
    "ondemand elsewhere": (
        "INVALID_FIELD_VALUE:  'scheduleType' value 'ondemand' must be set on the Default object."
    ),
    "ondemand mixed": (
        "INVALID_FIELD_VALUE:  'scheduleType' value '{value}' cannot be used in an on-demand "
        "pipeline."
    ),
    "ondemand missing": (
        "INVALID_FIELD_VALUE:  '{field}' value '{value}' requires 'scheduleType' 'ondemand' on "
        "the Default object."
    ),
    "out of range": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be {range}.",
    "parameter id": "INVALID_PARAMETER:  '{id}' must begin with 'my' or '*my'.",
    "parameter missing": "INVALID_PARAMETER:  '{id}' has neither a value nor a default.",
    "parameter not allowed": (
        "INVALID_PARAMETER:  '{id}' value '{value}' is not among its allowedValues."
    ),
    "parameter type": "INVALID_PARAMETER:  '{id}' value '{value}' is no {type}.",
    "parameter unknown": (
        "UNDEFINED_PARAMETER:  '{field}' uses '{id}', which is neither a parameter nor a field of "
        "the object."
    ),
    "parameters": "LIMIT_EXCEEDED:  '{id}' is one parameter too many; {maximum} are allowed.",
    "period range": (
        "INVALID_FIELD_VALUE:  'period' value '{value}' must be between 15 minutes and 3 years."
    ),
    "reserved": "INVALID_FIELD:  '{field}' is reserved: names with @ are the service's.",
    # Warnings.
    "enumeration": "'{field}' value '{value}' is none of those that are known: {allowed}.",
    "ignored schedule": (
        "The schedule has no effect, as the pipeline is on demand: each activation runs it once."
    ),
    "late action": "'onLateAction' has no effect without 'lateAfterTimeout'.",
    "parameter array": "'{id}' has {count} values, but no 'isArray' that says so.",
    "string for reference": "'{field}' value '{value}' is a text, and refers to no object.",
    "short retry delay": "'retryDelay' value '{value}' is shorter than the minimum of 2 minutes.",
    "undeclared value": "A value is given for '{id}', which is no parameter of the definition.",
    "unknown field": "'{field}' is no field of an object of type '{type}'.",
    "unknown field of any": "'{field}' is no field of any type of object.",
    "unknown type": "'type' value '{value}' is no type that is known: nothing runs of the object.",
}


def own_text(rule: str, **values: object) -> str:
    """One of our own texts, with its values; secrets in these are masked."""
    shown = {name: getattr(value, "shown", value) for name, value in values.items()}
    return OWN_TEXTS[rule].format(
        **{name: shorten(str(value)) if name in _QUOTED else value for name, value in shown.items()}
    )


# Values that are quoted from the definition, and may be long.
_QUOTED = frozenset({"field", "id", "start", "type", "value"})
