"""What happens that neither calls nor tasks remember. Nothing here runs when a runner polls."""

from __future__ import annotations

from array import array
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from .._service.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .._contract.findings import Finding
    from .._record.call import Call
    from .._service.clock import VirtualClock
    from .._service.instances.instance import Attempt, Instance


class Note(NamedTuple):
    """Something that happened, and where it belongs among the calls.

    Attributes:
        when: nanoseconds since 1970.
        made: how many calls had been made by then.
        order: among all notes.
    """

    when: int
    made: int
    order: int


class Moved(NamedTuple):
    """The test moves the clock; to an earlier moment if it freezes time there."""

    note: Note
    target: int


class Enqueued(NamedTuple):
    """The test has put tasks into a queue."""

    note: Note
    instances: tuple[Instance, ...]


class TakenBack(NamedTuple):
    """The service has taken a task from its runner. `by_hand`: the test had it do so."""

    note: Note
    attempt: Attempt
    task_id: str
    why: str
    by_hand: bool


class Died(NamedTuple):
    """The test has had a runner die. `planned_at`: the line that planned it, if it is known."""

    note: Note
    runner: str
    planned_at: str | None


class HungUp(NamedTuple):
    """The client of a poll that waits has hung up."""

    note: Note
    call: Call


class Answered(NamedTuple):
    """A poll that was held is answered, at the moment at which it came."""

    note: Note
    call: Call


class Ended(NamedTuple):
    """A task, or another instance of a pipeline, has ended."""

    note: Note
    instance: Instance


class Seen(NamedTuple):
    """A rule has found something."""

    note: Note
    finding: Finding


class Ends:
    """The ends of a world, in little space: there may be a hundred thousand.

    Args:
        kept: how many are kept at least; 0 keeps all.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._numbers = array("q")
        self._instances: list[Instance] = []

    def append(self, note: Note, instance: Instance) -> None:
        """Take one in."""
        self._numbers.extend(note)
        self._instances.append(instance)
        if self._kept and len(self._instances) > 2 * self._kept:
            del self._numbers[: -3 * self._kept]
            del self._instances[: -self._kept]

    def __iter__(self) -> Iterator[Ended]:
        for place, instance in enumerate(self._instances):
            yield Ended(Note(*self._numbers[3 * place : 3 * place + 3]), instance)


class Log:
    """The log of one world.

    Args:
        clock: tells the time of each note.
        made: how many calls were made so far.
        kept: how many notes of a kind are kept; 0 keeps all.
    """

    def __init__(self, clock: VirtualClock, made: Callable[[], int], kept: int = 0) -> None:
        self._clock = clock
        self._made = made
        self.start: int = clock.now
        limit = kept or None
        self.moves: deque[Moved] = deque(maxlen=limit)
        self.enqueued: deque[Enqueued] = deque(maxlen=limit)
        self.taken_back: deque[TakenBack] = deque(maxlen=limit)
        self.seen: deque[Seen] = deque(maxlen=limit)
        self.hung_up: deque[HungUp] = deque(maxlen=limit)
        self.answered: deque[Answered] = deque(maxlen=limit)
        self.deaths: deque[Died] = deque(maxlen=limit)
        self.ends: Ends = Ends(kept)
        self._order = 0

    def _note(self) -> Note:
        self._order += 1
        return Note(self._clock.now, self._made(), self._order)

    def note_move(self, target: int) -> None:
        """The clock is about to be moved."""
        note = self._note()
        last = self.moves[-1] if self.moves else None
        if last is not None and last.target == note.when and abs(target - note.when) < SECOND:
            # freezegun's ticking time moves in very many very small steps.
            self.moves[-1] = Moved(last.note, target)
        elif target != note.when:
            self.moves.append(Moved(note, target))

    def note_enqueued(self, instances: Iterable[Instance]) -> None:
        """Tasks were put into a queue."""
        self.enqueued.append(Enqueued(self._note(), tuple(instances)))

    def note_taken_back(self, attempt: Attempt, why: str, by_hand: bool) -> None:
        """A task is about to be taken from its runner, who is late."""
        self.taken_back.append(
            TakenBack(self._note(), attempt, attempt.task_id or "", why, by_hand)
        )

    def note_finding(self, finding: Finding) -> None:
        """Something is found."""
        self.seen.append(Seen(self._note(), finding))

    def note_death(self, runner: str, planned_at: str | None) -> None:
        """A runner dies."""
        self.deaths.append(Died(self._note(), runner, planned_at))

    def note_hang_up(self, call: Call) -> None:
        """The client of a poll hangs up."""
        self.hung_up.append(HungUp(self._note(), call))

    def note_answer(self, call: Call) -> None:
        """A poll that was held is about to be answered."""
        if call.time_ns == self._clock.now:
            self.answered.append(Answered(self._note(), call))

    def note_end(self, instance: Instance) -> None:
        """An instance has ended."""
        self.ends.append(self._note(), instance)
