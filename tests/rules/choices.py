"""What we chose where AWS is silent or contradicts itself."""

from __future__ import annotations

from . import Choice

CHOICES: tuple[Choice, ...] = (
    Choice(
        "A task whose acknowledgement is late keeps its attempt and gets a new task id; the old one is not found.",
        "the service assigns `the task` again",
    ),
    Choice(
        "The first ReportTaskProgress makes an attempt RUNNING.",
        "the published task object is handed out WAITING_FOR_RUNNER",
        "running_from",
    ),
    Choice(
        "A task carries the objects that it works with, evaluated, apart from those that only say when it runs.",
        "AWS's own runner had its data nodes at once",
        "task_objects",
    ),
    Choice(
        "References of a task to objects with runs carry the ids of these.",
        "instances of the service refer to each other so",
    ),
    Choice(
        "Ready tasks go out first in, first out.", "AWS speaks of the first newly scheduled task"
    ),
    Choice(
        "A poll that a client of this process abandons for its read time-out keeps its place in the queue; one that is canceled, or whose connection ends over HTTP, leaves it.",
        "the first is what a time-out does to the service, which does not notice",
        "honour_read_timeout",
    ),
    Choice(
        "Silence beyond reportProgressTimeout fails the attempt and counts as a try.",
        "AWS: stalled, and so retried",
    ),
    Choice(
        "A finished, reassigned or unknown task id: TaskNotFoundException, also for the same status twice.",
        "the only error listed that fits",
        "accept_repeated_final_status",
    ),
    Choice(
        "SetTaskStatus on a canceled task is accepted and changes nothing.",
        "AWS: need not be called",
    ),
    Choice(
        "FALSE for an activity counts as failed.",
        "AWS keeps it for preconditions",
    ),
    Choice(
        "errorStackTrace has up to 4,095 characters.",
        "AWS prints 1,024 and 4,095: who was told more must not fail",
    ),
    Choice("attemptTimeout counts from the hand-over.", "AWS: of starting"),
    Choice(
        "A precondition that is not met within its timeout fails without another try.",
        "AWS: marked as failed",
    ),
    Choice(
        "While a retry is waited for the instance is WAITING_FOR_RUNNER.", "that is what follows"
    ),
    Choice(
        "The text of TaskNotFoundException, PipelineNotFoundException and ThrottlingException.",
        "never published",
    ),
    Choice(
        "An id of the service's form that is not known is said to be deleted; any other is not found.",
        "so recorded for ids of long ago",
    ),
    Choice("Reads see writes at once.", "a test that waits for replicas tests them", "consistency"),
    Choice(
        "A runner of a deleted pipeline is told to cancel for eleven seconds, then gets PipelineDeletedException.",
        "both are documented",
    ),
    Choice(
        "Description and tags of a repeated CreatePipeline are ignored; after a deletion the pair makes another pipeline.",
        "AWS: it will not be created again",
    ),
    Choice(
        "Values at the activation replace those stored.",
        "users report that all have to be given",
        "activation_values",
    ),
    Choice(
        "Of the 50 fields of an object a list of strings is one; references are counted by themselves.",
        "the guide allows 255 steps; too many dependencies were refused",
    ),
    Choice(
        "A precondition may inherit an action that is a Terminate from Default.",
        "the error was seen; nothing says of which object it was",
    ),
    Choice(
        "A parameter that nothing uses and that has no value is a warning at Put, an error at Activate.",
        "values may come with the activation; seen is the error for one that is used",
    ),
    Choice(
        "An attempt's name is its id.",
        "seen where the component's name is its id as well",
    ),
    Choice(
        "A resource that is to fail is refused for a quota if it is a machine, for its instance type if it is a cluster.",
        "one reason each was seen; a test says that it fails, not why",
    ),
    Choice(
        "An unknown id in DescribeObjects is left out.",
        "nothing says",
    ),
    Choice(
        "Deactivating what does not run changes nothing.",
        "clients do it",
    ),
    Choice(
        "A deactivation waits up to 15 minutes for runners to learn of their cancellation.",
        "a dead one never will",
    ),
    Choice(
        "Resuming runs what the deactivation canceled again, and makes up for the intervals since.",
        "AWS: from the last completed execution",
    ),
    Choice("PAUSE lets what runs go on.", "AWS: not performing its work; nothing on what runs"),
    Choice("A rerun goes on counting attempts and has all tries again.", "nothing says"),
    Choice(
        "An instance that depends on one of another schedule: on the interval around its beginning if that is longer, else on all that begin in its own.",
        "nothing says",
    ),
    Choice(
        "A node or resource without a schedule follows the first activity that uses it.",
        "a definition in use must not be refused",
    ),
    Choice(
        "A data node's instances come with those of the objects that use it, and not before.",
        "all objects of a run are listed together; years of inputs would come at once",
    ),
    Choice(
        "A precondition of several objects has an instance for each; the ids of the further ones end in the object's.",
        "its field node tells them apart",
    ),
    Choice(
        "Late is measured from the creation of an instance, until it runs.",
        "a backfill would be late from the start",
    ),
    Choice("Objects that do not say are scheduled by cron.", "clients send it", "schedule_type"),
    Choice(
        "Five active instances for an object that does not say.",
        "the limit of an account",
        "active_instances",
    ),
    Choice(
        "No pause between the instances of an object.", "tests must not wait", "creation_interval"
    ),
    Choice(
        "Simulated resources are there at once, and preconditions on S3 and DynamoDB are met.",
        "so that a test says what is special",
        "resource_seconds",
    ),
    Choice("Those preconditions can look into moto.", "a test may have set S3 up", "preconditions"),
    Choice(
        "A resource that is to fail is refused for the reasons that were seen: a machine for the quota, a cluster for its instance type.",
        "the fake has no reason of its own",
    ),
    Choice(
        "What ran on a resource that failed or timed out has failed, without cascade.",
        "nothing says",
    ),
    Choice(
        "Activating on demand beyond the limit is refused.",
        "observed; two pages of AWS say otherwise",
        "on_demand_reactivation",
    ),
    Choice(
        "A start of long ago is activated.",
        "observed",
    ),
    Choice(
        "An expression that cannot be evaluated fails its run, which says why in @error.",
        "@error describes what is ill-formed",
    ),
    Choice(
        "In the texts of an SnsAlarm an expression that cannot be evaluated stays as it is written, and the others are evaluated.",
        "an alarm is worth more so than not sent",
    ),
    Choice("The usual precedence of operators, parentheses, no conditions.", "nothing says"),
    Choice("Several values of an expression in one text are written in brackets.", "nothing says"),
    Choice(
        "Secret values are shown by GetPipelineDefinition, and handed to runners by PollForTask and EvaluateExpression; descriptions, findings and reports mask them.",
        "AWS: masked; a runner has to have them",
        "secrets",
    ),
    Choice(
        "QueryObjects filters before it cuts pages.",
        "the newer documentation dropped the other",
    ),
    Choice("Markers are good for the same call alone.", "nothing says"),
    Choice("A limit above 100 acts as 100; one below 1 is refused.", "nothing says"),
    Choice(
        "Listings and fields are in the order of their making.",
        "the service's is arbitrary",
        "shuffle",
    ),
    Choice(
        "The texts of validation other than the recorded ones.",
        "never published",
    ),
    Choice(
        "A HiveActivity needs neither input nor output, whatever its stage says.",
        "two versions of the guide disagree",
    ),
    Choice(
        "A fault in a definition is an error where a page or an observation says so, or where no run could go well: a reference to nothing, a circle, a malformed expression. Other faults are warnings, among them a type that is not known, of whose object nothing runs.",
        "what works must not be refused; AWS: well formed, and can be run without error",
    ),
    Choice(
        "A task that was enqueued has an interval of one hour, and a pipeline of its own.",
        "everything works on it so",
    ),
    Choice("All clients of a region see all pipelines.", "there are no credentials"),
    Choice("Before the activation a pipeline has no instances.", "nothing has made any"),
    Choice(
        "The texts of InvalidRequestException other than the recorded ones, which all have the form of those: a reason, a colon and a detail.",
        "never published",
    ),
    Choice(
        "SetStatus refuses a rerun of what runs, a cancellation of what has ended, attempts, a verb for the other sphere, and an empty list.",
        "AWS: depends on the object; not a mix of both",
    ),
    Choice(
        "A field of a request with both a string and a reference is refused.",
        "AWS: it has one of them",
    ),
    Choice(
        "ValidatePipelineDefinition tells an empty field as an error of its object.",
        "the refusal of Put says to call it",
    ),
    Choice("The definition that is active before the first activation is empty.", "nothing says"),
    Choice("Removing a tag that is not there changes nothing.", "nothing says"),
    Choice("BETWEEN includes its bounds.", "LE and GE do"),
    Choice(
        "A page of ListPipelines holds 50, the one of DescribeObjects all that were asked for.",
        "nothing says",
    ),
    Choice(
        "The components of a FINISHED or INACTIVE pipeline are FINISHED or INACTIVE.",
        "AWS tells PENDING, SCHEDULED and PAUSED of components",
    ),
    Choice(
        "A deactivation that lets running objects finish cancels those that wait.",
        "AWS: after all running objects finish",
    ),
    Choice(
        "A Schedule of an on-demand pipeline is ignored, with a warning.",
        "such pipelines are in use; AWS: one run for each activation",
    ),
    Choice(
        "Two activations on demand within a second have runs a second apart.",
        "their ids would be the same",
    ),
    Choice(
        "An activation on demand after a deactivation is a new run; the canceled one is not taken up.",
        "AWS: one run for each activation",
    ),
    Choice(
        "A deactivation voids an activation that does not show yet, where consistency is eventual.",
        "the later call counts",
    ),
    Choice(
        "An object that a later definition adds makes up for the intervals since its start.",
        "a schedule says so of any object",
    ),
    Choice(
        "A startTimestamp before what has run already does not run that again.",
        "nothing says",
    ),
    Choice(
        "Without cascade, what waits for a resource that failed waits on, as it does for any other failure.",
        "AWS: waits forever",
    ),
    Choice(
        "The preconditions of what has ended are canceled, also without cascade.",
        "nobody needs them, and the pipeline would never finish",
    ),
    Choice(
        "preconditionTimeout ends a precondition whether or not anybody checks it.",
        "AWS: from start",
    ),
    Choice(
        "An optional parameter without a value is an empty text wherever it is used.",
        "AWS shows it in a list",
    ),
    Choice(
        "The month of a duration, such as a time-out, has 30 days and its year 365.",
        "AWS gives durations the units of periods",
    ),
    Choice(
        "A client without a region anywhere gets one, also before any fake is there, while the plugin is loaded.",
        "botocore refuses to make such a client, and a test needs no region",
        "region",
    ),
)
