"""A fake as a decorator: of functions, coroutines and classes of tests, each test with its own."""

from __future__ import annotations

import inspect
import unittest
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Make = Callable[[], AbstractContextManager[Any]]

__tracebackhide__ = told_by_message

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")

# By this name a function or an instance of a class finds its fake, as tests do with the fixture.
NAME = "datapipeline_fake"
# On an instance of a class of tests: that it has got its fake, and None once its test has failed.
_IN_USE = "_datapipeline_in_use"


def decorate(target: Any, make: Make) -> Any:
    """`target` with a fake of its own in each call, or around each test of a class.

    Raises:
        FakeUsageError: it is neither a function nor a class, or it is a generator.
    """
    if inspect.isclass(target):
        if issubclass(target, unittest.TestCase):
            return _of_unittest(target, make)
        return _of_pytest(target, make)
    if not callable(target):
        raise FakeUsageError(
            f"DataPipelineFake() decorates functions and classes of tests, not {target!r}. Its "
            "settings are given by name."
        )
    if inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target):
        raise FakeUsageError(
            f"DataPipelineFake() cannot decorate the generator {target.__name__}: the fake would "
            "be left before the first yield. Use `with DataPipelineFake() as fake:` around it."
        )
    return _of_function(target, make)


def _of_function(function: Any, make: Make) -> Any:
    signature = inspect.signature(function)
    wanted = NAME in signature.parameters
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positions = [held.name for held in signature.parameters.values() if held.kind in by_position]
    place = positions.index(NAME) if NAME in positions else None

    def call(fake: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not wanted:
            return function(*args, **kwargs)
        if place is not None and len(args) > place:
            return function(*args[:place], fake, *args[place:], **kwargs)
        return function(*args, **{**kwargs, NAME: fake})

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with make() as fake:
                return await call(fake, args, kwargs)

    else:

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with make() as fake:
                return call(fake, args, kwargs)

    if wanted:
        # pytest would otherwise look for a fixture of this name.
        others = [held for held in signature.parameters.values() if held.name != NAME]
        wrapper.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]  # functions may have it
    return wrapper


def _of_unittest(cls: Any, make: Make) -> Any:
    set_up = cls.setUp

    @wraps(set_up)
    def wrapper(self: Any) -> None:
        fake = make().__enter__()

        def leave() -> None:
            delattr(self, NAME)
            # A test that has failed needs no second failure.
            fake.__exit__(_Failed if _has_failed(self) else None, None, None)

        # After tearDown, and also where set_up fails.
        self.addCleanup(leave)
        setattr(self, NAME, fake)
        set_up(self)

    cls.setUp = wrapper
    return cls


def _has_failed(case: Any) -> bool:
    """Whether a test has failed, in its cleanups: by unittest's result, or by pytest's."""
    outcome = getattr(case, "_outcome", None)
    result = getattr(outcome, "result", None)
    told = [*getattr(result, "failures", ()), *getattr(result, "errors", ())]
    # Python 3.10 tells its result after the cleanups.
    held_back = [error for _, error in getattr(outcome, "errors", ()) if error is not None]
    return (
        any(held is case for held, _ in told)
        or bool(held_back)
        or bool(getattr(result, "_excinfo", None))
    )


class _Failed(Exception):
    """What stands for the error of a test that has failed."""


def _of_pytest(cls: Any, make: Make) -> Any:
    set_up = getattr(cls, "setup_method", None)
    tear_down = getattr(cls, "teardown_method", None)

    def setup_method(self: Any, method: Any) -> None:
        if _IN_USE in vars(self):
            return  # pytest calls it once for a class, and once for each class around that
        fake = make().__enter__()
        setattr(self, NAME, fake)
        setattr(self, _IN_USE, True)
        try:
            _call(set_up, self, method)
        except BaseException as error:
            fake.__exit__(type(error), error, error.__traceback__)
            raise

    def teardown_method(self: Any, method: Any) -> None:
        if _IN_USE not in vars(self):
            raise FakeUsageError(
                f"{type(self).__name__} has a setup_method of its own, so the fake of the class "
                f"that @DataPipelineFake() decorates, {cls.__name__}, was never made. Call "
                "super().setup_method(method) there."
            )
        fake = vars(self).pop(NAME, None)
        if fake is None:
            return
        try:
            _call(tear_down, self, method)
        except BaseException as error:
            fake.__exit__(type(error), error, error.__traceback__)
            raise
        fake.__exit__(_Failed if getattr(self, _IN_USE) is None else None, None, None)

    def test_failed(self: Any) -> None:
        setattr(self, _IN_USE, None)

    cls.setup_method = setup_method
    cls.teardown_method = teardown_method
    # Called by the plugin: a test that has failed needs no second failure.
    cls._datapipeline_test_failed = test_failed
    for inner in list(vars(cls).values()):
        if inspect.isclass(inner) and not issubclass(inner, unittest.TestCase):
            _of_pytest(inner, make)
    return cls


def _call(function: Any, self: Any, method: Any) -> None:
    """What a class has of pytest's methods; these may leave the argument out."""
    if function is not None:
        function(*(self, method)[: len(inspect.signature(function).parameters)])
