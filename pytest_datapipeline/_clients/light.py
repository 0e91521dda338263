"""What botocore makes anew for each call and is always the same: the user agent, the endpoint, and
the container that headers are put into. A third of a call's time goes there.

All steps are botocore's, and so is all that they make. Where somebody else listens to one of them
or has replaced it, nothing is kept for him.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import botocore
from botocore.endpoint import Endpoint

from .hooks import SERVICE_ID, MovedParts, check_parts
from .requests import EVENTS, foreign_handlers, handlers

if TYPE_CHECKING:
    from collections.abc import Callable

_get_context: Callable[[], Any]
try:
    from botocore.context import get_context as _get_context
except ImportError:  # before 1.37
    _get_context = lambda: None  # noqa: E731  # in its place

# The steps in which a request is in others' hands, before it is sent.
_STEPS = ("request-created", "choose-signer", "before-sign", "before-send")


def replacements() -> list[tuple[Any, str, Any]]:
    """What to put into botocore: owner, name and replacement; nothing where it has moved a part.

    What they keep, they keep as long as they are there.
    """
    return [
        (owner, name, make(getattr(owner, name)))
        for owner, name, make in _parts()
        if is_botocores(getattr(owner, name))
    ]


@cache
def _parts() -> tuple[tuple[Any, str, Callable[[Any], Any]], ...]:
    try:
        from botocore.regions import EndpointRulesetResolver
        from botocore.useragent import UserAgentString

        check_parts(
            "botocore",
            botocore.__version__,
            [
                (Endpoint, "create_request", 3),
                (EndpointRulesetResolver, "construct_endpoint", 4),
                (UserAgentString, "to_string", 1),
            ],
        )
    except (ImportError, MovedParts):
        return ()
    return (
        (Endpoint, "create_request", _request_maker),
        (EndpointRulesetResolver, "construct_endpoint", _endpoint_finder),
        (UserAgentString, "to_string", _user_agent_maker),
    )


def is_botocores(handler: Any) -> bool:
    """Whether a function or method is one of botocore's own."""
    function = getattr(handler, "__func__", handler)
    # A wrapper may have the name of what it wraps, but not its surroundings.
    module = getattr(function, "__globals__", {}).get("__name__", "")
    return str(module).startswith("botocore.")


# -- the request ----------------------------------------------------------------------------------


class _Headers(dict[str, Any]):
    """Headers of a request that is being made, as far as botocore's own steps need them. Its own
    class for them is that of an e-mail's, and slow.
    """

    def replace_header(self, name: str, value: Any) -> None:
        self[name] = value


def _request_maker(create_request: Any) -> Any:
    from botocore.awsrequest import create_request_object

    def light(self: Any, params: dict[str, Any], operation_model: Any = None) -> Any:
        is_subclass: bool = type(self) is not Endpoint
        if (
            is_subclass
            or operation_model is None
            or operation_model.service_model.service_id != SERVICE_ID
            or _is_heard_by_others(self._event_emitter, operation_model.name)
        ):
            return create_request(self, params, operation_model)
        request: Any = create_request_object({**params, "headers": None})
        request.headers = _Headers(params["headers"])
        self._event_emitter.emit(
            f"request-created.{EVENTS}.{operation_model.name}",
            request=request,
            operation_name=operation_model.name,
        )
        return self.prepare_request(request)

    return light


def _is_heard_by_others(emitter: Any, operation: str) -> bool:
    """Whether a handler of an operation's steps is neither botocore's nor moto's."""
    # Where botocore keeps who listens to what, until a handler comes or goes.
    kept = getattr(emitter, "_emitter", emitter)._lookup_cache
    key = f"heard by others: {operation}"
    heard: bool | None = kept.get(key)
    if heard is None:
        heard = kept[key] = not all(
            is_botocores(handler)
            for step in _STEPS
            for handler in foreign_handlers(emitter, f"{step}.{EVENTS}.{operation}")
        )
    return heard


# -- the endpoint ---------------------------------------------------------------------------------


def _endpoint_finder(construct_endpoint: Any) -> Any:
    found: WeakKeyDictionary[Any, dict[str, tuple[Any, Any]]] = WeakKeyDictionary()

    def kept(self: Any, operation_model: Any, call_args: Any, request_context: Any) -> Any:
        is_ours = self._service_model.service_id == SERVICE_ID
        if not is_ours or handlers(self._event_emitter, f"before-endpoint-resolution.{EVENTS}"):
            return construct_endpoint(self, operation_model, call_args, request_context)
        of_operations = found.setdefault(self, {})
        known = of_operations.get(operation_model.name)
        if known is not None and known[0] == self._builtins:
            return known[1]._replace(headers={})
        before = set(_features())
        made = construct_endpoint(self, operation_model, call_args, request_context)
        # No operation has a parameter that the endpoint depends on. Should one get some, it has
        # more to it than a URL.
        if not made.headers and not made.properties and _features() == before:
            of_operations[operation_model.name] = dict(self._builtins), made
        return made

    return kept


# -- the user agent -------------------------------------------------------------------------------


def _user_agent_maker(to_string: Callable[[Any], str]) -> Any:
    made: WeakKeyDictionary[Any, tuple[Any, str]] = WeakKeyDictionary()

    def kept(self: Any) -> str:
        config = self._client_config
        of_client: set[str] = self.__dict__.get("_client_features") or set()
        # In botocore's order, which is that of a set.
        features = tuple(of_client.union(_features()))
        settings = {} if config is None else config.__dict__
        state = self.__dict__, settings, settings.get("retries") or {}, features
        known = made.get(self)
        if known is None or known[0] != state:
            text = to_string(self)
            known = made[self] = (tuple(map(_copied, state)), text)
        return known[1]

    return kept


def _copied(held: Any) -> Any:
    return dict(held) if isinstance(held, dict) else held


def _features() -> set[str]:
    """What botocore has noted so far of the features that the call under way uses."""
    context = _get_context()
    return set() if context is None else context.features
