"""All messages with an explanation, in the order of their page (`python docs/messages.py`).

In the code, `explained(..., about=ID)` gives a message the line that leads here.
"""

from __future__ import annotations

from typing import NamedTuple


class Message(NamedTuple):
    """A message that users meet.

    Attributes:
        id: what users ask for it by, and its anchor in the page. It does not change once released.
        kind: the error or the warning.
        texts: what the message says, in one or several forms; `...` stands for what differs.
        cause: what brings it about.
        remedy: what to do.
        pages: where to read on, in the documentation.
    """

    id: str
    kind: str
    texts: tuple[str, ...]
    cause: str
    remedy: str
    pages: tuple[str, ...]


_USAGE = "FakeUsageError"
_STUCK = "Stuck"
_CALL = "UnexpectedCall"
_UNMET = "UnmetExpectations"

SECTIONS: dict[str, tuple[Message, ...]] = {
    "No fake is active": (
        Message(
            "no-fake-active",
            _CALL,
            (
                "... was called on AWS Data Pipeline, but no fake is active..., and the call was "
                "kept from the network",
            ),
            "A test that requests no fake called the service: at import, in a fixture of a wider "
            "scope, or in a thread of an earlier test; or a fixture did that cleans up after the "
            "fake has ended; or a thread, while one fake gave way to another.",
            "Request `datapipeline_fake` in the test, or in the fixture that makes the call. If "
            "the call is to reach AWS, allow it: `allow_real_calls`.",
            ("how-to/scopes.md", "how-to/moto.md", "reference/settings.md#allow_real_calls"),
        ),
        Message(
            "guard-is-strict",
            _CALL,
            (
                "The guard is strict: other mocks and local servers may answer with the ini option "
                "datapipeline_guard = aws",
            ),
            "The guard is strict, and a call came that another mock or a local server would have "
            "answered.",
            "Set `guard` to `aws` for that test.",
            ("reference/settings.md#guard", "how-to/moto.md"),
        ),
        Message(
            "refusals-swallowed",
            _STUCK,
            ("... calls were refused, and still they come.",),
            "A loop catches the errors by which the guard or a stubber refuses its calls, and goes "
            "on.",
            "Request a fake, or give the stubber what the loop asks for; let the loop end where it "
            "is refused.",
            ("how-to/endless_loops.md", "how-to/stubber.md"),
        ),
        Message(
            "fake-of-another-thread",
            _USAGE,
            ("They nest in one thread alone: have all threads use one.",),
            "A fake is entered in a thread while one of another thread is active.",
            "Enter one fake on the test's thread; clients in all threads use it.",
            ("how-to/threads.md", "how-to/scopes.md"),
        ),
    ),
    "Waits and loops that nobody ends": (
        Message(
            "nobody-moves-time",
            _STUCK,
            ("Nobody has moved time for ... real seconds, and these wait for it:",),
            "Threads poll, and the test neither moves time nor waits for them.",
            "`wait_until(task)` on the test's thread, which moves time while all runners wait; or "
            "`clock.advance(seconds)`.",
            ("how-to/threads.md", "explanation/time.md"),
        ),
        Message(
            "nothing-happens",
            _STUCK,
            ("Nothing happened for ... real seconds:",),
            "`wait_until` waits for something that does not come: the message says for what, and "
            "who holds it up.",
            "Have that runner go on. If it is only slow, raise `patience`.",
            (
                "how-to/debugging.md#a-test-that-hangs",
                "how-to/threads.md",
                "reference/settings.md#patience",
            ),
        ),
        Message(
            "nothing-will-change",
            _STUCK,
            ("Nothing is going to change:",),
            "The test waits, and there is no poll, no deadline and no runner from which anything "
            "could come. A runner's thread that has died is named.",
            "Start a runner, drive one with `run(...)`, or have `work(...)` play one.",
            ("how-to/endless_loops.md", "how-to/pipelines.md"),
        ),
        Message(
            "runner-still-works",
            _STUCK,
            (
                "... still works on ..., which would be taken from it at",
                "Nothing happened for ... real seconds:",
                "Time has stood still for ... real seconds",
            ),
            "Time would have to pass the deadline of a task that a live thread is working on.",
            "Let that thread report or end; or move time yourself with `clock.advance(seconds)`, "
            "if the deadline is to pass.",
            ("how-to/debugging.md#a-test-that-hangs", "how-to/threads.md", "explanation/time.md"),
        ),
        Message(
            "sleeps-in-real-time",
            _STUCK,
            ("The loop has slept for ... real seconds in run()",),
            "A loop that `run` drives calls `time.sleep`, which takes real time: what is to come "
            "with the fake's time, such as a cancellation, never comes.",
            "Set `virtual_sleep=True`: a sleep then moves the clock and takes no time. Raise "
            "`patience` if the loop waits for real work, such as a child process.",
            ("reference/settings.md#virtual_sleep", "how-to/time.md"),
        ),
        Message(
            "sleeps-without-calls",
            _STUCK,
            ("The code slept ... times in a row without a call,",),
            "With `virtual_sleep` a loop sleeps until `time.time()` or `time.monotonic()` has "
            "come to a moment, and these stand still.",
            "Set `freeze=True` as well: they go with the fake's clock then. Raise `idle_limit` if "
            "the loop ends by itself.",
            ("reference/settings.md#freeze", "how-to/time.md"),
        ),
        Message(
            "only-empty-polls",
            _STUCK,
            ("Nothing but empty polls for ... of virtual time: this would go on forever.",),
            "A loop polls a queue into which nothing comes, for a virtual day. The message says "
            "where tasks wait instead, or that all have ended.",
            "Enqueue into the worker group that it polls. Where all tasks have ended, drive it "
            "with `run(...)` or `await run(...)`, which ends it then. If something comes later, "
            "raise `idle_limit`.",
            ("how-to/endless_loops.md", "reference/settings.md#idle_limit"),
        ),
        Message(
            "nothing-comes-of-calls",
            _STUCK,
            ("Nothing came of ... calls in a row: this would go on forever.",),
            "A loop calls without time moving: it swallows an error, or looks for something that "
            "comes with time.",
            "Fix the error; have the loop sleep, with `virtual_sleep`.",
            ("how-to/endless_loops.md", "reference/settings.md#virtual_sleep"),
        ),
        Message(
            "max-calls-reached",
            _STUCK,
            ("The loop made ... calls (max_calls) in run().",),
            "The driven loop does not end.",
            "Give it work that ends, an `until=` that comes true, or a higher `max_calls`.",
            ("how-to/endless_loops.md",),
        ),
        Message(
            "max-time-reached",
            _STUCK,
            (
                "The loop ran into max_time, the limit of virtual time",
                "... waits for ..., and ran into max_time, the limit of virtual time",
            ),
            "The driven loop does not end within the virtual time that it may take; or what a test "
            "waits for does not come, while a thread or a coroutine goes on and on, such as one "
            "that sends heartbeats.",
            "Give the loop work that ends, or an `until=` that comes true; see why the runner does "
            "not get to what the test waits for; or give a higher `max_time`.",
            ("how-to/endless_loops.md",),
        ),
        Message(
            "pipeline-max-time",
            _STUCK,
            ("max_time has passed in virtual time.",),
            "`pipeline.run` went on for so long; the table below the message says which runs are "
            "left.",
            "Give a nearer `until=`, have the runs succeed, or give a higher `max_time`.",
            ("how-to/pipelines.md",),
        ),
        Message(
            "wait-off-the-test-thread",
            _USAGE,
            ("wait_until() is for the thread that entered the fake,",),
            "`wait_until` is called in another thread, such as a runner's.",
            "Call it on the test's thread.",
            ("how-to/threads.md",),
        ),
        Message(
            "wait-in-a-coroutine",
            _USAGE,
            ("wait_until() would block the event loop",),
            "A coroutine calls `wait_until`, which blocks its loop: the loop's other coroutines, "
            "your runner above all, cannot go on.",
            "Use `await datapipeline_fake.until(...)`.",
            ("how-to/coroutines.md",),
        ),
        Message(
            "never-awaited",
            _UNMET,
            ("... was never awaited, so nothing of it has run.",),
            "The test of a runner that is a coroutine calls `run` or `until` without `await`: what "
            "they return runs only when it is awaited. Where the test fails by something else, its "
            "report has a section that says so.",
            "Write `await datapipeline_fake.run(...)` in a coroutine, or "
            "`asyncio.run(datapipeline_fake.run(...))` in a function.",
            ("how-to/coroutines.md",),
        ),
        Message(
            "needs-asyncios-loop",
            _USAGE,
            (
                "... in a coroutine needs a loop of asyncio's own (not uvloop's) or trio, on the "
                "thread that entered the fake.",
            ),
            "`run` or `until` is awaited in a loop of uvloop's, or in a loop on another thread: "
            "the fake cannot move its time.",
            "Use asyncio's loop or trio in tests, on the test's thread.",
            ("how-to/coroutines.md",),
        ),
        Message(
            "foreign-event-loop",
            _STUCK,
            (
                "The loop that runs here is not one of asyncio's own, such as uvloop's, and "
                "cannot move time:",
            ),
            "A loop of uvloop's waits for virtual time.",
            "Use asyncio's loop in tests, or `clock.advance(seconds)`.",
            ("how-to/coroutines.md",),
        ),
        Message(
            "aiohttp-under-trio",
            _USAGE,
            ("This client of aiobotocore sends by aiohttp, which fails under trio.",),
            "A client with aiobotocore's default session, in a task of trio's.",
            "Make it with `AioConfig(http_session_cls=HttpxSession)`.",
            ("how-to/coroutines.md#under-trio",),
        ),
        Message(
            "trio-as-a-guest",
            _USAGE,
            ("aiobotocore was called under trio as a guest of asyncio's loop,",),
            "`trio.lowlevel.start_guest_run` in asyncio.",
            "Use `trio.run(...)`, or asyncio alone.",
            ("how-to/coroutines.md#under-trio",),
        ),
        Message(
            "call-outlives-fake",
            _STUCK,
            ("A call of task ... still waited when the fake was left,",),
            "Under trio the fake is left within a nursery whose tasks poll, and nothing cancels "
            "them.",
            "Cancel the nursery, or have the fake around it.",
            ("how-to/coroutines.md#under-trio",),
        ),
    ),
    "Driving a runner": (
        Message(
            "nothing-to-run",
            _USAGE,
            ("run() ends the loop when every task has ended, but ...: it would end at once.",),
            "There is nothing for the runner to do: no task was enqueued, or all have ended, as "
            "in a first `run`.",
            "Enqueue a task, or give `until=`: a predicate, a moment or a span of time.",
            ("how-to/endless_loops.md", "how-to/empty_queue.md"),
        ),
        Message(
            "not-a-runner",
            _USAGE,
            ("run() takes the function of a runner, not ...",),
            "The runner is called where it is given, as in `run(once())`: `run` gets what it has "
            "returned, most often None.",
            "Give the function, `run(once)`, or a lambda that calls it with its arguments.",
            ("how-to/endless_loops.md",),
        ),
        Message(
            "nothing-to-wait-for",
            _USAGE,
            ("... is nothing to wait for:",),
            "`until=` is something that is neither true one day nor a time, such as a number of "
            "seconds or a text.",
            "Give a task, a predicate, a datetime, or a span as `timedelta(seconds=90)`.",
            ("how-to/endless_loops.md", "how-to/threads.md"),
        ),
        Message(
            "runner-is-a-coroutine",
            _USAGE,
            (
                "run() takes the function of a runner, not its coroutine: leave out the "
                "parentheses, or use a lambda.",
            ),
            "The runner is called where it is given: `run(runner())`.",
            "Give the function: `run(runner)`.",
            ("how-to/coroutines.md",),
        ),
        Message(
            "runner-is-a-generator",
            _USAGE,
            ("run() was given ..., which is a generator: calling it runs none of it.",),
            "The function has a `yield`.",
            "Give a function that goes through it: `lambda: list(...)`.",
            ("how-to/endless_loops.md",),
        ),
        Message(
            "run-within-run",
            _USAGE,
            ("run() cannot be called from within run().",),
            "A runner that `run` drives calls `run` itself.",
            "Drive one loop at a time; several runners are threads.",
            ("how-to/threads.md",),
        ),
        Message(
            "die-at-takes-a-matcher",
            _USAGE,
            ("die_at must be an operation's name or a matcher, not",),
            "`die_at=set_task_status`, without its parentheses.",
            'Call the matcher, `die_at=set_task_status()`, or name it, `die_at="set_task_status"`.',
            ("how-to/endless_loops.md",),
        ),
        Message(
            "runner-did-not-die",
            _UNMET,
            ("The runner did not die: no call of its was ..., at which it was to.",),
            "No call met `die_at`; the message counts those that were made.",
            "Correct the matcher, or give the runner what leads to that call.",
            ("how-to/endless_loops.md",),
        ),
    ),
    "Planned faults and tasks": (
        Message(
            "fault-not-met",
            _UNMET,
            ("A planned fault was not met:",),
            "`fail(...)` planned what no call met.",
            "The message says which calls came. Correct the operation, `after=` or `times=`; plan "
            "it with `optional=True` if it need not come.",
            ("how-to/errors.md",),
        ),
        Message(
            "not-an-operation",
            _USAGE,
            ("... takes an operation's name or a matcher, not",),
            "`fail` or `hold` was given the function of a matcher without its parentheses, or "
            "something else.",
            '`fail("poll_for_task", ...)` or `fail(poll_for_task(workerGroup="a"), ...)`.',
            ("how-to/errors.md", "how-to/races.md"),
        ),
        Message(
            "unknown-operation",
            _USAGE,
            ("AWS Data Pipeline has no operation",),
            "A misspelt operation. It is named as boto3's method, or as AWS has it.",
            "Take the one that the message suggests, or one of those that it lists.",
            ("how-to/errors.md", "how-to/calls.md"),
        ),
        Message(
            "unknown-error",
            _USAGE,
            ("... is no error of AWS Data Pipeline", "... does not raise ... in AWS's model"),
            "An error of the service that is misspelt, or that AWS's model does not give that "
            "operation.",
            "Take one of those that the message lists.",
            ("how-to/errors.md",),
        ),
        Message(
            "unknown-fault",
            _USAGE,
            ("... is nothing that a call can meet. Give an error of the service by name,",),
            "`fail` was given something that is no error, such as None, or an exception that "
            "neither the service nor botocore raises.",
            "Take one of those that the message lists.",
            ("how-to/errors.md",),
        ),
        Message(
            "not-a-failure-status",
            _USAGE,
            ("... is no HTTP status of a failure:",),
            "A status such as 200 or 302.",
            'Take one from 400 to 599. For an answer that is no JSON take `"not_json"`.',
            ("how-to/errors.md",),
        ),
        Message(
            "worker-group-first",
            _USAGE,
            ("it must be a string, and comes before the task:",),
            "`enqueue` was given the task before the worker group.",
            '`enqueue("reports", {"command": "echo hi"})`.',
            ("how-to/tasks.md",),
        ),
        Message(
            "task-has-ended",
            _USAGE,
            ("... has ended and cannot be canceled.",),
            "`task.cancel()` after the task's end.",
            "Cancel it while it waits or is worked on.",
            ("how-to/canceled_tasks.md",),
        ),
        Message(
            "no-deadline",
            _USAGE,
            ("... has no deadline that could expire:",),
            "`task.expire()` of a task that nobody holds.",
            "Have a runner poll it first.",
            ("how-to/time.md",),
        ),
        Message(
            "not-a-task",
            _USAGE,
            (
                "it must be a mapping of fields, as in {'command': 'echo hi'}, or a task object as "
                "poll_for_task returns it.",
            ),
            "`enqueue` was given something else as a task.",
            "Give a mapping, or a whole task object.",
            ("how-to/tasks.md",),
        ),
        Message(
            "service-sets-field",
            _USAGE,
            ("the service sets this field by itself.",),
            "A field with `@` that only the service writes.",
            "Leave it out.",
            ("how-to/tasks.md",),
        ),
        Message(
            "time-goes-back",
            _USAGE,
            ("The clock cannot move backwards:",),
            "`move_to` or frozen time names an earlier moment.",
            "Take a later one, or start earlier: `start`.",
            ("how-to/time.md", "reference/settings.md#start"),
        ),
        Message(
            "holds-its-own-thread",
            _USAGE,
            ("... would hold a call of the test's own thread, which nobody could release.",),
            "`hold` is met by the thread that would release it.",
            "Make the call in a thread or a coroutine.",
            ("how-to/races.md",),
        ),
    ),
    "Settings and matchers": (
        Message(
            "unknown-setting",
            _USAGE,
            ("... has no setting ...",),
            "A misspelt setting of `DataPipelineFake`, of `serve`, or of the marker, whose test "
            "fails with the text alone.",
            "Take the one that the message suggests, or one of those that it lists.",
            ("reference/settings.md",),
        ),
        Message(
            "wrong-setting",
            _USAGE,
            (
                "... is ...; it can be ...",
                "... is ...; it must be a number of seconds ...",
                "...: there is no rule ...",
            ),
            "A setting has a value that it cannot have, in the marker, an ini file, an option or "
            "the arguments of `DataPipelineFake`.",
            "Take one that the message names. `pytest-datapipeline explain` tells of each setting.",
            ("reference/settings.md",),
        ),
        Message(
            "not-a-duration",
            _USAGE,
            ("it must be seconds or a timedelta.",),
            "A duration, such as `delay=`, is a text, a datetime or None.",
            "Give seconds as a number, or a timedelta.",
            ("how-to/time.md",),
        ),
        Message(
            "setting-without-name",
            _USAGE,
            ("takes settings by name, not",),
            'A setting has no name, as in `@pytest.mark.datapipeline("2024-01-01")`.',
            'Name it: `@pytest.mark.datapipeline(start="2024-01-01T00:00:00")`.',
            ("reference/settings.md",),
        ),
        Message(
            "marker-too-late",
            _USAGE,
            ("... comes too late: the test's fake is that of",),
            "A test is marked with settings, and the only fake that it has is of a wider scope: "
            "that was made before, with the settings of its scope.",
            "Mark the class, or the module with `pytestmark`, or set the ini option; or request "
            "`datapipeline_fake`, which is the test's own.",
            ("how-to/scopes.md",),
        ),
        Message(
            "not-a-moment",
            _USAGE,
            ("it must be a datetime or a text as in '2012-12-12T00:00:00'.",),
            "A moment was given in another form.",
            "Give it in ISO 8601; it is UTC if it has no zone.",
            ("how-to/time.md",),
        ),
        Message(
            "unknown-parameter",
            _USAGE,
            ("... has no parameter ...",),
            "A matcher with a parameter that the operation has not.",
            "Its parameters are named as boto3's; the message lists them.",
            ("how-to/calls.md",),
        ),
        Message(
            "not-a-matcher",
            _USAGE,
            (
                "Calls are compared to matchers, not",
                "in_order() takes matchers, not",
                "... takes a matcher, a call or an operation's name, not",
            ),
            "The calls are compared to something else, often to a matcher without its parentheses.",
            "Call the matcher: `poll_for_task()`.",
            ("how-to/calls.md",),
        ),
        Message(
            "predicate-fails",
            _USAGE,
            ("The predicate ... fails with",),
            "A function in a matcher raises for the value that it is given.",
            "The message has the value; have the function take it.",
            ("how-to/calls.md",),
        ),
    ),
    "Pipelines and definitions": (
        Message(
            "unknown-definition-parameter",
            _USAGE,
            (
                "... is given, which is no ... here.",
                "a value is given for ..., which is no parameter of the definition.",
            ),
            "A misspelt name; or a parameter of a template among the values, or the other way "
            "round; or a name that the template settles itself, as that of a bucket.",
            "Take the one that the message suggests, or one of those that it lists. Parameters of "
            "the definition, whose names begin with `my`, are `values`; those of a template are "
            "`template_parameters`.",
            ("how-to/templates.md", "definitions.md"),
        ),
        Message(
            "no-such-instance",
            _USAGE,
            ("... has ... instances, none of number ...", "The definition has no object ..."),
            "`pipeline.instance(...)` names an object that the definition has none of; or its run "
            "is not due yet, as where the clock stands at today and the schedule begins in 2030.",
            "Take the id that the message suggests. Have the fake begin when the schedule does, by "
            "the setting `start`, or let time pass, by `pipeline.run(...)` or "
            "`clock.move_to(...)`.",
            ("how-to/pipelines.md", "reference/settings.md#start"),
        ),
        Message(
            "definition-has-errors",
            _USAGE,
            ("The definition has errors:",),
            "AWS's validation refuses the definition; the message has all errors.",
            "`pytest-datapipeline check` tells them with their lines.",
            ("definitions.md#check", "how-to/pipelines.md"),
        ),
        Message(
            "schedule-never-ends",
            _USAGE,
            ("The schedule of ... has no end: ... never finishes.",),
            "`pipeline.run()` runs to the end, and the schedule has none. Likewise "
            "`datapipeline_fake.run(loop)`, `wait_until()` and `until()`, for every task.",
            "Say until when: `until=timedelta(days=7)`, or a moment, a state or a predicate.",
            ("how-to/pipelines.md",),
        ),
        Message(
            "never-activated",
            _USAGE,
            ("... was never activated: it would never finish.",),
            "`pipelines.create` makes a pipeline and does not activate it.",
            "Call `pipeline.activate()`, or make it with `pipelines.activate(...)`.",
            ("how-to/pipelines.md",),
        ),
        Message(
            "unknown-pipeline",
            _USAGE,
            ("There is no pipeline",),
            "No pipeline has that name or id.",
            "Take one of those that the message lists.",
            ("how-to/pipelines.md",),
        ),
        Message(
            "player-returns-a-value",
            _USAGE,
            (
                "The function that plays the runner of ... returned ...; it can return None or "
                "True (FINISHED), 'FAILED', 'FALSE', or raise an exception (FAILED).",
            ),
            "`work` or `pipeline.run` was given a function that returns something else.",
            "Often a lambda that returns what its call returned: wrap it in a function that "
            "returns nothing.",
            ("how-to/pipelines.md",),
        ),
        Message(
            "moto-not-active",
            _USAGE,
            ("is to be looked up (the setting preconditions='look'), but moto is not active:",),
            "A precondition on S3 or DynamoDB has nowhere to look.",
            "Use `mock_aws` in the test, or say what comes of it with `pipelines.outcome(...)`.",
            ("how-to/moto.md", "how-to/pipelines.md"),
        ),
        Message(
            "template-needs-values",
            _USAGE,
            ("What only a deployment of the ... would tell has to be given:",),
            "A template needs the value of a parameter without a default, an ARN or an export.",
            'Give each by name: to `pipelines.create`, `template_parameters={"Stage": "prod"}`; '
            "to `check` and `preview`, `--template-parameter 'Stage=prod'`. For templates that are "
            "tests, and for both commands too, `templates/reports.values.json` beside "
            '`templates/reports.yaml` has `{"templateParameters": {"Stage": "prod"}}`.',
            ("how-to/templates.md#give-a-parameter-that-a-template-leaves-open",),
        ),
    ),
    "Scripts, explorations, extras": (
        Message(
            "no-response-left",
            _CALL,
            (
                "... was called, but the stubber has no response left:",
                "... was called, but no response for it is left.",
            ),
            "More calls than answers.",
            "Add one, or look why it was called again.",
            ("how-to/stubber.md",),
        ),
        Message(
            "another-response-next",
            _CALL,
            ("... was called, but the next response is:",),
            "Calls come in another order than their answers were added.",
            "Correct the order, or call `any_order()`.",
            ("how-to/stubber.md",),
        ),
        Message(
            "other-parameters",
            _CALL,
            ("... was called with other parameters than expected.",),
            "`expected_params` differ; the message says where.",
            "Correct the code, or what is expected.",
            ("how-to/stubber.md",),
        ),
        Message(
            "response-not-used",
            _UNMET,
            ("A response was added and not used:",),
            "Fewer calls than answers: the code under test took another way, or ended early.",
            "Take the response out, or look why its call did not come.",
            ("how-to/stubber.md",),
        ),
        Message(
            "scenario-differs",
            _USAGE,
            ("The scenario is not the same each time: its call ... was",),
            "An exploration compares runs, and these differ: real time, random numbers, what an "
            "earlier run left.",
            "Take from the scenario what differs; a runner's waits are to be `time.sleep` or "
            "asyncio's.",
            ("explore.md#a-scenario-that-is-the-same-each-time",),
        ),
        Message(
            "replay-outdated",
            _USAGE,
            ("... is of another state of the code: ... did not come. Explore again.",),
            "The replay names calls that the code no longer makes.",
            "Run the exploration anew.",
            ("explore.md",),
        ),
        Message(
            "task-is-lost",
            _UNMET,
            (
                "The task ... is lost: it is ..., waits in no queue, and has no deadline after "
                "which the service would act.",
            ),
            "In a run of an exploration, a task was left in nobody's hands.",
            "The replay in the table shows the call that led to it.",
            ("explore.md",),
        ),
        Message(
            "extra-not-installed",
            _USAGE,
            (
                "... needs aiohttp, which is not installed: pip install",
                "... seems to be YAML, which needs PyYAML: pip install",
                "... seems to be Terraform's, which needs python-hcl2 8: pip install",
                "... needs Jinja2",
            ),
            "It needs a library that only some users need, and which is not installed.",
            "Install the extra that the message names: `endpoint`, `definitions` or `report`.",
            ("index.md",),
        ),
    ),
    "Warnings": (
        Message(
            "worker-group-spelling",
            "WorkerGroupWarning",
            ("PollForTask on ... ended empty while tasks wait in ...; names are compared exactly",),
            "Tasks wait in a worker group whose name differs by case, a blank or a letter.",
            "Correct the name, in the runner or in the task.",
            ("contract.md#worker-group-spelling",),
        ),
        Message(
            "wrong-region",
            "WorkerGroupWarning",
            (
                "PollForTask on ... ended empty while tasks wait in this worker group, but for "
                "clients of another region than",
            ),
            "Pipelines and their tasks are of a region, and the client that polls is of another.",
            "Correct the client's region, or that of the task.",
            ("contract.md#wrong-region", "reference/settings.md#region"),
        ),
        Message(
            "short-read-timeout",
            "ContractWarning",
            ("... polls ... with a read time-out of ... seconds.",),
            "boto3's default read time-out is 60 seconds, and the service holds a poll for 90.",
            "Make the client with `Config(read_timeout=100)`.",
            ("contract.md#short-read-timeout",),
        ),
        Message(
            "late-acknowledgement",
            "ContractWarning",
            ("and did not acknowledge it within",),
            "The first `report_task_progress` came later than two minutes after the task, "
            "or not at all.",
            "Report before the work begins.",
            ("contract.md#late-acknowledgement",),
        ),
    ),
}
