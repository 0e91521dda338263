"""What a user can set: as arguments of `DataPipelineFake`, of the marker, and as ini options."""

# Annotations are looked up by every run of pytest: no future import, which makes texts of them.
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

from ._service.settings import ServiceSettings
from .errors import FakeUsageError, explained, parted, told_by_message

if TYPE_CHECKING:
    from typing_extensions import TypedDict

    class ExploreOptions(TypedDict, total=False):
        """The settings that `explore` takes: what it calls `seed` is something else."""

        start: datetime | str | None
        freeze: bool
        virtual_sleep: bool
        asyncio_timers: Literal["virtual", "real"]
        patience: float
        settle: float
        idle_limit: float
        region: str
        honour_read_timeout: bool
        kept_calls: int
        contract: Literal["off", "report", "warn", "fail"]
        ignored_rules: str
        unmet_faults_fail: bool
        running_from: Literal["report", "hand-over"]
        task_objects: Literal["reachable", "attempt"]
        accept_repeated_final_status: bool
        schedule_type: Literal["cron", "timeseries"]
        on_demand_reactivation: Literal["refuse", "cancel", "ignore"]
        activation_values: Literal["replace", "merge"]
        shuffle: bool
        consistency: Literal["immediate", "eventual"]
        creation_interval: float
        resource_seconds: float
        secrets: Literal["mask", "show"]
        preconditions: Literal["succeed", "look"]
        active_instances: int
        maximum_pipelines: int
        maximum_objects: int

    class FakeOptions(ExploreOptions, total=False):
        """All settings, as `DataPipelineFake` takes them."""

        seed: int


__tracebackhide__ = told_by_message


class Settings(ServiceSettings):
    """The settings of a fake. Defaults are the service as it is documented or was observed."""

    # Time.

    start: Annotated[
        datetime | str | None,
        "when the clock starts, as 2012-12-12T00:00:00 (UTC), unless the test freezes time itself; "
        "default: that frozen time, else the present second",
    ] = None
    freeze: Annotated[bool, "freeze the test's own clocks along with the fake's (freezegun)"] = (
        False
    )
    virtual_sleep: Annotated[
        bool, "time.sleep takes virtual time; code that looks at time.time() as well needs freeze"
    ] = False
    # Real: the fake's time waits for them.
    asyncio_timers: Annotated[
        Literal["virtual", "real"],
        "sleep and time-outs of asyncio and trio, in loops on the test's thread that call the fake",
    ] = "virtual"
    patience: Annotated[
        float, "real seconds without progress after which a wait is stopped with an error"
    ] = 10.0
    settle: Annotated[
        float,
        "how long, in real seconds, the virtual clock waits for a thread's next call after an "
        "answer; 20 times as long if moving on would take a task from another thread",
    ] = 0.25
    idle_limit: Annotated[
        float, "virtual seconds of nothing but empty polls after which a loop is stopped"
    ] = 86_400.0

    # Clients and the test.

    region: Annotated[str, "the region of clients that are made without one"] = "us-east-1"
    # As in production.
    honour_read_timeout: Annotated[
        bool,
        "a client's read time-out under 90 seconds ends an empty poll with botocore's "
        "ReadTimeoutError; false lets such a client wait for the answer",
    ] = True
    # A test that runs for long makes many: an empty poll takes 600 bytes.
    kept_calls: Annotated[
        int, "how many calls the record keeps, the oldest being dropped; 0 keeps all"
    ] = 0
    contract: Annotated[
        Literal["off", "report", "warn", "fail"],
        "what follows where a task runner breaks AWS's rules: off, nothing is checked; report, "
        "findings appear in the reports of failed tests and in the summary; warn, there is a "
        "warning too; fail, the test fails",
    ] = "warn"
    ignored_rules: Annotated[
        str, "the ids of rules whose findings are left out, with commas between them"
    ] = ""
    unmet_faults_fail: Annotated[bool, "a planned fault that was not met fails the test"] = True


# What botocore takes for one, as a part of a host's name.
_REGION = r"(?![0-9]+$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Beyond this, a number of seconds can only be a mistake.
_MAXIMUM_SECONDS = 1e12


class Option(NamedTuple):
    """One setting, as the plugin offers it."""

    name: str
    default: Any
    choices: tuple[str, ...]
    kind: type
    help: str


# What surrounds fakes: not arguments of `DataPipelineFake`.
ALLOW = Option(
    "allow_real_calls", False, (), bool, "let Data Pipeline calls that no fake answers go to AWS"
)
GUARD = Option(
    "guard",
    "aws",
    ("strict", "aws", "off"),
    str,
    "which Data Pipeline calls are refused while no fake is active: strict, also those that other "
    "mocks or local servers would answer; aws, those that would reach AWS; off, none",
)
SHARED = Option(
    "shared_endpoint",
    False,
    (),
    bool,
    "one endpoint for the session, which leads each test's clients to its fake",
)
REPORT = Option(
    "report", "", (), str, "folder for a page of HTML with the timeline of each test that failed"
)
OF_SESSION = (ALLOW, GUARD, SHARED, REPORT)
# Settings that one changes for a single run of a suite: these are on the command line as well.
ON_COMMAND_LINE = frozenset(
    {
        *("allow_real_calls", "guard", "shared_endpoint", "report"),
        *("start", "shuffle", "seed", "patience", "idle_limit", "contract"),
    }
)


@cache
def options() -> list[Option]:
    """All settings with their defaults, kinds and, if they have them, choices."""
    found = []
    hints = get_type_hints(Settings, include_extras=True)
    # What a user meets first comes first, not what the class inherits.
    of_service = ServiceSettings.__annotations__
    for name in sorted(hints, key=of_service.__contains__):
        hint = hints[name]
        default = getattr(Settings, name)
        # An alias of typing keeps what it annotates.
        choices = get_args(hint.__origin__) if isinstance(default, str) else ()
        kind = str if default is None else type(default)
        found.append(Option(name, default, choices, kind, hint.__metadata__[0]))
    return found


def checked(given: Mapping[str, Any], source: str, also: Iterable[str] = ()) -> Settings:
    """Settings from keyword arguments, marker arguments or texts.

    Args:
        given: them, by name.
        source: where they stand.
        also: what else can be set there, which is none of a fake's.

    Raises:
        FakeUsageError: an unknown name, or a value that the setting cannot have; `source` says
            where it stands.
    """
    known = {option.name: option for option in options()}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            from ._service.texts import did_you_mean  # every run of pytest loads this module

            names = [*known, *also]
            more = did_you_mean(name, names) or f" Settings are: {', '.join(names)}."
            raise FakeUsageError(
                explained(f"{source} has no setting {name!r}.{more}", about="unknown-setting")
            )
        values[name] = check_value(known[name], value, source)
    return Settings(**values)


def check_value(option: Option, value: Any, source: str) -> Any:
    """The value for a setting, once it is seen that the setting can have it.

    Raises:
        FakeUsageError: it cannot.
    """
    try:
        return _checked_value(option, value, source)
    except FakeUsageError as error:
        text, ids = parted(str(error))
        raise _wrong(text, ids) from None


def _checked_value(option: Option, value: Any, source: str) -> Any:
    where = f"{source}: {option.name}"
    if option.choices:
        if value not in option.choices:
            allowed = " or ".join(repr(choice) for choice in option.choices)
            raise FakeUsageError(f"{where} is {value!r}; it can be {allowed}.")
        return value
    if option.name == "start":
        if value is not None:
            from . import checks

            checks.moment(where, value)
        return value
    if option.name == "ignored_rules" and value:
        return _ignored_rules(where, value)
    if option.kind is float:
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not 0 <= value <= _MAXIMUM_SECONDS
            or (value == 0 and option.default > 0)
        ):
            least = "above 0" if option.default > 0 else "that is not negative"
            raise FakeUsageError(f"{where} is {value!r}; it must be a number of seconds {least}.")
        return float(value)
    if option.kind is int and option.name != "seed" and isinstance(value, int) and value < 0:
        raise FakeUsageError(f"{where} is {value!r}; it must not be negative.")
    if not isinstance(value, option.kind) or (option.kind is int and isinstance(value, bool)):
        raise FakeUsageError(f"{where} is {value!r}; it must be of type {option.kind.__name__}.")
    # Most give the default, or nothing: a pattern takes a millisecond to be compiled.
    if (
        option.name == "region"
        and value != option.default
        and not re.fullmatch(_REGION, str(value))
    ):
        told = repr(value) if value else "empty"
        raise FakeUsageError(f"{where} is {told}; name a region, as in 'us-east-1'.")
    return value


def _ignored_rules(where: str, value: Any) -> str:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not all(isinstance(held, str) for held in given):
        raise FakeUsageError(f"{where} is {value!r}; it can be ids of rules, with commas between.")
    ids = [held.strip() for held in given]
    from ._contract.findings import check_ids

    check_ids(ids, where)
    return ",".join(ids)


def parse_text(option: Option, text: str, source: str) -> Any:
    """The value that an ini file or a command line gives as a text."""
    if option.kind is bool:
        lowered = text.strip().lower()
        if lowered in {"true", "yes", "on", "1"}:
            return True
        if lowered in {"false", "no", "off", "0"}:
            return False
        raise _wrong(f"{source}: {option.name} is {text!r}; it can be true or false.")
    if option.kind in (int, float):
        try:
            return option.kind(text)
        except ValueError:
            what = "a whole number" if option.kind is int else "a number"
            raise _wrong(f"{source}: {option.name} is {text!r}; it must be {what}.") from None
    return text


def _wrong(text: str, ids: Sequence[str] = ()) -> FakeUsageError:
    return FakeUsageError(explained(text, about=ids[0] if ids else "wrong-setting"))
