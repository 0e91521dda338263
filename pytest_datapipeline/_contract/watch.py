"""Has the rules look at what happens, and keeps what they find."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .._record.callers import user_location
from .evidence import Evidence
from .findings import Finding, Findings
from .rule import END, LATE, LOST, WAITING, Found, Rule
from .rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from .._record.call import Call
    from .._record.callers import Location
    from .._record.secrets import Hide
    from .._service.components.pipeline import Pipeline
    from .._service.instances.instance import Attempt
    from .evidence import Held


class Watch:
    """The judge of one fake's callers. The caller of each method holds the fake's lock.

    Args:
        ignored: the ids of rules that are left out.
        hide: what masks secrets in a text.
        attempt_of: the attempt that a task id stands for; None if for none any more.
        pipelines: the pipelines that exist.
        by_hand: whether somebody other than who holds a task has "moved" the clock by hand, or the
            test had the task "expired".
    """

    def __init__(
        self,
        ignored: Collection[str],
        hide: Callable[[], Hide],
        attempt_of: Callable[[str], Attempt | None],
        pipelines: Callable[[], Iterable[Pipeline]],
        by_hand: Callable[[object], str],
    ) -> None:
        self._by_hand = by_hand
        self.evidence: Evidence = Evidence(pipelines)
        self._hide = hide
        self._attempt_of = attempt_of
        self._found: dict[tuple[str, object], Finding] = {}
        self._by_occasion = _by_occasion(frozenset(ignored))
        # Told of what is found for the first time.
        self.on_found: Callable[[Finding], None] = lambda _: None

    # -- what happens -----------------------------------------------------------------------------

    def waits(self, call: Call, of_this_thread: bool) -> None:
        """The service holds a poll."""
        self._apply(WAITING, call, of_this_thread)
        self.evidence.waits(call)

    def arrives(self, call: Call) -> None:
        """A call was made, which may fail as the test has planned, or be held at a gate."""
        self.evidence.arrives(call)

    def leaves(self, call: Call) -> None:
        """A call is over, or its caller waits no longer."""
        self.evidence.leaves(call)

    def moves(self, target: int, attempts: Iterable[Attempt]) -> None:
        """Somebody moves time by hand, while others have these attempts."""
        self.evidence.moves(target, attempts)

    def put_back(self) -> None:
        """All is as it was at a snapshot."""
        self.evidence.put_back()

    def hung_up(self, call: Call) -> None:
        """The client of a waiting poll has closed its connection."""
        self.evidence.ends_wait(call)
        if call.invocation_id:
            self.evidence.hung_up[call.invocation_id] = call

    def answered(self, call: Call, of_this_thread: bool, task_id: str | None = None) -> None:
        """A call was answered, or has failed.

        Args:
            call: the call.
            of_this_thread: whether the code that made it is on this thread.
            task_id: of the task that it was answered with.
        """
        if call.error == "SerializationException" and not call.injected:
            return  # its parameters can be anything, such as a number for a worker group
        self._apply(call.operation, call, of_this_thread)
        self.evidence.add(call)
        if task_id is not None:
            self.evidence.hand_over(call, task_id, self._attempt_of(task_id))
            runner = self.evidence.runners[call._caller]
            if of_this_thread and runner.location is None:
                runner.location = user_location()

    def taken_back(self, attempt: Attempt, why: str) -> None:
        """The service takes a task from its runner, who is late. `why`: "acknowledgement" or
        "progress"."""
        held = self.evidence.tasks.get(attempt.task_id or "")
        if held is None:
            if attempt.holder is None:  # else its answer is held at a gate
                self._check(LOST, attempt, None)
        elif not held.forgiven:
            held.taken_back = why
            self._excuse(held, attempt.holder)
            if why == "acknowledgement":
                self._check(LATE, held, self.evidence.runner(held.poll).location)

    def _excuse(self, held: Held, holder: object) -> None:
        """See whether a task that is taken back tells anything of its runner."""
        how = self._by_hand(holder)
        # A runner with threads of its own may wait in real time while a test moves the clock.
        held.forgiven = (
            how == "expired"
            or (how == "moved" and holder is not None)
            or held.under_way > 0
            or bool(getattr(holder, "was_canceled", bool)())
        )
        is_alive = getattr(holder, "is_alive", None)
        hung_up = not isinstance(holder, threading.Thread) and is_alive and not is_alive()
        held.excused = held.forgiven or how == "moved" or bool(hung_up)
        kept_waiting = held.tried is not None or held.heard > held.handed_over
        held.at_once = not held.excused and not kept_waiting

    def dies(self, call: Call) -> None:
        """The test has a runner die at a call."""
        self.evidence.ended(call._caller, call)

    def ended(self, caller: int) -> None:
        """The test has ended a runner that it drives."""
        self.evidence.ended(caller)

    def _check(self, occasion: str, seen: Held | Attempt, location: Location | None) -> None:
        for rule in self._by_occasion.get(occasion, ()):
            found = rule.check(self.evidence, seen)
            if found is not None:
                self._keep(rule, found, location)

    def _apply(self, occasion: str, call: Call, of_this_thread: bool) -> None:
        for rule in self._by_occasion.get(occasion, ()):
            found = rule.check(self.evidence, call)
            if found is not None:
                self._keep(rule, found, user_location() if of_this_thread else None)

    def _keep(self, rule: Rule, found: Found, location: Location | None) -> None:
        key = (rule.id, found.about or found.calls[-1].thread)
        known = self._found.get(key)
        if known is None:
            finding = Finding(rule, found.text, found.calls, self._hide, location)
            self._found[key] = finding
            self.on_found(finding)
        else:
            known.times += 1

    # -- what was found ---------------------------------------------------------------------------

    def findings(self) -> Findings:
        """What was found until now, what is seen at the end alone included."""
        found = list(self._found.values())
        for rule in self._by_occasion.get(END, ()):
            seen = rule.check(self.evidence, None)
            if seen is not None:
                found.append(Finding(rule, seen.text, seen.calls, self._hide, None))
        return Findings(found)


def _by_occasion(ignored: frozenset[str]) -> dict[str, tuple[Rule, ...]]:
    known = _SORTED.get(ignored)
    if known is None:
        sorted_: dict[str, tuple[Rule, ...]] = {}
        for rule in RULES.values():
            if rule.id not in ignored:
                for occasion in rule.on:
                    sorted_[occasion] = (*sorted_.get(occasion, ()), rule)
        known = _SORTED[ignored] = sorted_
    return known


# By what is ignored: nearly all fakes of a suite ignore the same.
_SORTED: dict[frozenset[str], dict[str, tuple[Rule, ...]]] = {}
