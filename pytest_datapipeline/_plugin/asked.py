"""What a suite has only if it asks for it: pages, definition files as tests, a shared endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..errors import FakeUsageError, explained

if TYPE_CHECKING:
    from .._items.collect import Definitions
    from .state import State

# The key under which workers of pytest-xdist get its URL.
SHARED_URL = "datapipeline_shared_endpoint"


def write_pages(config: pytest.Config, state: State) -> None:
    """Have pages written of tests that fail, or ask for one."""
    from .._timeline.pages import Pages, folder_of

    state.pages = Pages(config, folder_of(config, state.report_folder))
    config.pluginmanager.register(state.pages, "datapipeline-pages")


def collect_definitions(config: pytest.Config, state: State) -> None:
    """Have definition files be collected, outside of the ini option testpaths as well."""
    from .._items.collect import Definitions

    try:
        state.definitions = Definitions(config)
    except FakeUsageError as error:
        raise pytest.UsageError(str(error)) from None
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        config.args += [name for name in state.definitions.all() if name not in config.args]


def refuse_unmatched(config: pytest.Config, definitions: Definitions) -> None:
    """Tell of patterns that no definition file matches: what is misspelt would never fail."""
    try:
        unmatched = definitions.unmatched()
        if unmatched:
            warning = pytest.PytestConfigWarning(definitions.told(unmatched))
            config.issue_config_time_warning(warning, stacklevel=2)
    except (FakeUsageError, pytest.PytestConfigWarning) as error:
        raise pytest.UsageError(str(error)) from None


def share_endpoint(config: pytest.Config, state: State) -> None:
    """Start the endpoint of the session; workers of pytest-xdist are given its URL."""
    given = getattr(config, "workerinput", {}).get(SHARED_URL)
    if given is None:
        try:
            from .._http.router import Router
        except ImportError:
            raise pytest.UsageError(
                explained(
                    "datapipeline_shared_endpoint needs aiohttp, which is not installed: "
                    "pip install 'pytest-datapipeline[endpoint]'.",
                    about="extra-not-installed",
                )
            ) from None
        state.router = Router()
        state.router.start()
        given = state.router.url
    state.shared_url = given
    from ..endpoint import Variables, leading_to

    # So that processes that are started once for all tests find it.
    state.variables = Variables()
    state.variables.change(leading_to(given))
