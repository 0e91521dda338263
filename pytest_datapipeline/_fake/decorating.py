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

    def given(arguments: dict[str, Any], fake: Any) -> dict[str, Any]:
        return {**arguments, NAME: fake} if wanted else arguments

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with make() as fake:
                return await function(*args, **given(kwargs, fake))

    else:

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with make() as fake:
                return function(*args, **given(kwargs, fake))

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
        # After tearDown, and also where set_up fails.
        self.addCleanup(fake.__exit__, None, None, None)
        setattr(self, NAME, fake)
        set_up(self)

    cls.setUp = wrapper
    return cls


def _of_pytest(cls: Any, make: Make) -> Any:
    set_up = getattr(cls, "setup_method", None)
    tear_down = getattr(cls, "teardown_method", None)

    def setup_method(self: Any, method: Any) -> None:
        fake = make().__enter__()
        setattr(self, NAME, fake)
        try:
            _call(set_up, self, method)
        except BaseException as error:
            fake.__exit__(type(error), error, error.__traceback__)
            raise

    def teardown_method(self: Any, method: Any) -> None:
        fake = getattr(self, NAME)
        try:
            _call(tear_down, self, method)
        except BaseException as error:
            fake.__exit__(type(error), error, error.__traceback__)
            raise
        fake.__exit__(None, None, None)

    cls.setup_method = setup_method
    cls.teardown_method = teardown_method
    return cls


def _call(function: Any, self: Any, method: Any) -> None:
    """What a class has of pytest's methods; these may leave the argument out."""
    if function is not None:
        function(*(self, method)[: len(inspect.signature(function).parameters)])
