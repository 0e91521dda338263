"""What a user can set: as arguments of `DataPipelineFake`, of the marker, and as ini options."""

from __future__ import annotations

import re
from datetime import datetime  # noqa: TC003  # looked up for the kinds of the settings
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_type_hints

from ._service.settings import ServiceSettings
from ._service.texts import did_you_mean
from .errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Mapping

__tracebackhide__ = told_by_message


class Settings(ServiceSettings):
    """The settings of a fake. Defaults are the service as it is documented or was observed."""

    #: When the clock starts: a datetime (UTC if it has no zone) or an ISO text. Default: the
    #: frozen time if time is frozen, else the present second.
    start: datetime | str | None = None
    #: The region of clients that are made without one.
    region: str = "us-east-1"
    #: Whether a client whose read time-out is under 90 seconds gets ReadTimeoutError from an
    #: empty poll, as it does in production.
    honour_read_timeout: bool = True
    #: Whether a fault that was planned and not met fails the test.
    unmet_faults_fail: bool = True
    #: Whether user code's clocks are frozen along with the fake's clock (needs freezegun).
    freeze: bool = False
    #: Whether time.sleep takes virtual time instead of real time.
    virtual_sleep: bool = False
    #: The timers (sleep, timeout) of an event loop of asyncio on the test's own thread that calls
    #: the fake: "virtual" on the fake's clock, or "real", and then time waits for them.
    asyncio_timers: Literal["virtual", "real"] = "virtual"
    #: Real seconds after which a wait that nobody ends becomes an error.
    patience: float = 10.0
    #: Real seconds that a thread which was let go gets to come back before time moves on.
    settle: float = 0.25
    #: Virtual seconds of nothing but empty polls after which the loop that makes them is stopped.
    idle_limit: float = 86_400.0


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


@cache
def options() -> list[Option]:
    """All settings with their defaults, kinds and, if they have them, choices."""
    found = []
    for name, hint in get_type_hints(Settings).items():
        default = getattr(Settings, name)
        choices = get_args(hint) if isinstance(default, str) else ()
        strings = tuple(choice for choice in choices if isinstance(choice, str))
        kind = str if default is None else type(default)
        found.append(Option(name, default, strings, kind))
    return found


def checked(given: Mapping[str, Any], source: str) -> Settings:
    """Settings from keyword arguments, marker arguments or texts.

    Raises:
        FakeUsageError: an unknown name, or a value that the setting can not have; `source` says
            where it stands.
    """
    known = {option.name: option for option in options()}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise FakeUsageError(
                f"{source} has no setting {name!r}.{did_you_mean(name, known)} "
                f"Settings are: {', '.join(known)}."
            )
        values[name] = _checked(known[name], value, source)
    return Settings(**values)


def _checked(option: Option, value: Any, source: str) -> Any:
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


def parse_text(option: Option, text: str, source: str) -> Any:
    """The value that an ini file or a command line gives as a text."""
    if option.kind is bool:
        lowered = text.strip().lower()
        if lowered in {"true", "yes", "on", "1"}:
            return True
        if lowered in {"false", "no", "off", "0"}:
            return False
        raise FakeUsageError(f"{source}: {option.name} is {text!r}; it can be true or false.")
    if option.kind in (int, float):
        try:
            return option.kind(text)
        except ValueError:
            raise FakeUsageError(
                f"{source}: {option.name} is {text!r}; it must be a number."
            ) from None
    return text
