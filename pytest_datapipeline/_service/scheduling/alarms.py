"""What an SnsAlarm publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..components.scope import Context, ObjectScope
from ..expressions.parser import parse
from ..expressions.template import ExpressionError

if TYPE_CHECKING:
    from ..components.component import Run


@dataclass(frozen=True)
class Notification:
    """What was published. `at` is in nanoseconds since 1970."""

    at: int
    pipeline_id: str
    action_id: str
    node_id: str
    topic: str
    subject: str
    message: str


def publish(action_id: str, run: Run, now: int) -> Notification:
    """What an SnsAlarm sends on behalf of an instance."""
    component = run.origin
    context = Context(
        component.definition,
        lambda object_id: component.run_of(object_id, run),
        run.scheduled_start,
        run.scheduled_end,
    )
    scope = ObjectScope(context, action_id, node=component.id)
    fields = component.definition.resolved(action_id)

    def text(key: str) -> str:
        given = fields.first(key) or ""
        # Our choice: an alarm is worth more with a raw expression in it than not sent.
        try:
            return parse(given).value(scope, lenient=True)
        except ExpressionError:
            return given

    return Notification(
        now,
        component.pipeline_id,
        action_id,
        run.id,
        text("topicArn"),
        text("subject"),
        text("message"),
    )
