// A task runner in JavaScript: it runs the command of each task, and knows nothing of tests.
//
//     node runner.js WORKER_GROUP

const { spawn } = require("node:child_process");
const { hostname } = require("node:os");
const { setTimeout: sleep } = require("node:timers/promises");
const {
    DataPipelineClient,
    PollForTaskCommand,
    ReportTaskProgressCommand,
    SetTaskStatusCommand,
} = require("@aws-sdk/client-data-pipeline");

// The service takes no more of a stack trace, and no control characters.
const LONGEST_TEXT = 1024;
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[^\u0020-\ud7ff\ue000-\ufffd\r\n\t]/g;
// The task is not ours any more, so there is nothing to repeat.
const GONE = ["TaskNotFoundException", "PipelineNotFoundException", "PipelineDeletedException"];
const LONGEST_PAUSE = 60_000;
const REPORT_EVERY = 60_000;

class Gone extends Error {}

async function repeat(call) {
    for (let pause = 250; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
        try {
            return await call();
        } catch (error) {
            if (GONE.includes(error.name)) throw new Gone(error.name);
            console.error(`${error.name}: ${error.message}; again in ${pause} ms`);
        }
        await sleep(pause);
    }
}

function run(command) {
    const child = spawn("/bin/sh", ["-c", command], { stdio: ["ignore", "ignore", "pipe"] });
    let printed = "";
    child.stderr.on("data", (data) => (printed = (printed + data).slice(-4 * LONGEST_TEXT)));
    const ended = new Promise((resolve) =>
        child.on("close", (status) => resolve({ status, printed })),
    );
    return { child, ended };
}

async function work(client, { taskId, attemptId, objects }) {
    const report = async () => {
        const answer = await repeat(() => client.send(new ReportTaskProgressCommand({ taskId })));
        if (answer.canceled) throw new Gone("canceled");
    };
    await report();
    const field = objects[attemptId].fields.find(({ key }) => key === "command");
    const { child, ended } = run(field.stringValue);
    const timer = setInterval(() => report().catch(() => child.kill("SIGKILL")), REPORT_EVERY);
    const { status, printed } = await ended;
    clearInterval(timer);
    const failure = {
        errorId: "CommandFailed",
        errorMessage: `The command ended with exit status ${status}.`,
        errorStackTrace: printed.replace(FORBIDDEN, "").slice(-LONGEST_TEXT),
    };
    const outcome = status === 0 ? { taskStatus: "FINISHED" } : { taskStatus: "FAILED", ...failure };
    await repeat(() => client.send(new SetTaskStatusCommand({ taskId, ...outcome })));
}

async function main(workerGroup) {
    // Without a request time-out, this SDK waits as long as an empty poll is held.
    const client = new DataPipelineClient({});
    for (;;) {
        try {
            const poll = new PollForTaskCommand({ workerGroup, hostname: hostname() });
            const { taskObject } = await repeat(() => client.send(poll));
            if (taskObject) await work(client, taskObject);
        } catch (error) {
            if (!(error instanceof Gone)) throw error;
        }
    }
}

main(process.argv[2]);
