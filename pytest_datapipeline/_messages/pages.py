"""What the pages of the documentation are called in its navigation, for a terminal."""

from __future__ import annotations

TITLES: dict[str, str] = {
    "advice.md": "Advice on definitions",
    "conformance.md": "Conformance",
    "contract.md": "Rules for runners",
    "definitions.md": "Check, preview and test definition files",
    "explanation/time.md": "How time moves",
    "explore.md": "Every fault at every call",
    "how-to/calls.md": "Look at the calls",
    "how-to/canceled_tasks.md": "Cancel a task, let one time out",
    "how-to/coroutines.md": "Test an asyncio runner, or one on trio",
    "how-to/debugging.md": "Debug a failed test, or one that hangs",
    "how-to/empty_queue.md": "Test an empty poll",
    "how-to/endless_loops.md": "Drive an endless loop; have a runner die and another take over",
    "how-to/errors.md": "Make calls fail, or lose an answer",
    "how-to/findings.md": "See whether a runner does what AWS asks, or turn a rule off",
    "how-to/moto.md": "Keep moto, unittest and xdist",
    "how-to/pipelines.md": "Run a pipeline",
    "how-to/races.md": "Pin down a race",
    "how-to/scopes.md": "Share a fake, or start each test from the same state",
    "how-to/stubber.md": "Give scripted answers",
    "how-to/tasks.md": "Give a runner tasks",
    "how-to/templates.md": "Test a CloudFormation or Terraform template",
    "how-to/threads.md": "Test a runner in threads",
    "how-to/time.md": "Move time",
    "index.md": "Start",
    "messages.md": "Messages",
    "reference/settings.md": "Settings",
}
# Of the places that are sections: the anchors of other places are ids and names of settings.
HEADINGS: dict[str, str] = {
    "definitions.md#check": "Check",
    "explore.md#a-scenario-that-is-the-same-each-time": "A scenario that is the same each time",
    "how-to/coroutines.md#under-trio": "Under trio",
    "how-to/debugging.md#a-test-that-hangs": "A test that hangs",
    "how-to/findings.md#a-finding-that-is-wrong-for-my-test": (
        "A finding that is wrong for my test"
    ),
    "how-to/templates.md#give-a-parameter-that-a-template-leaves-open": (
        "Give a parameter that a template leaves open"
    ),
}


def title_of(place: str) -> str:
    """The title of a page below `docs`, with the place in it that an anchor names."""
    name, _, anchor = place.partition("#")
    title = f"How to: {TITLES[name]}" if name.startswith("how-to/") else TITLES[name]
    if place in HEADINGS:
        return f'{title}, "{HEADINGS[place]}"'
    return f"{title}, {anchor}" if anchor else title
