"""The AWS SDK for JavaScript against the endpoint.

Skipped where there is no node, or where JAVASCRIPT_SDK does not name a folder with the SDK: the one
in which `npm install @aws-sdk/client-data-pipeline` was run.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_datapipeline import RunnerContract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_datapipeline import DataPipelineFake
    from pytest_datapipeline.endpoint import DataPipelineEndpoint

SDK = Path(os.environ.get("JAVASCRIPT_SDK", "nowhere"))
NODE = shutil.which("node")
RUNNER = Path(__file__).parents[2] / "examples" / "javascript_runner" / "runner.js"

pytestmark = [
    pytest.mark.datapipeline(patience=60),
    pytest.mark.skipif(
        NODE is None or not (SDK / "node_modules/@aws-sdk/client-data-pipeline").is_dir(),
        reason="needs node, and JAVASCRIPT_SDK",
    ),
]

SCRIPT = """
const { DataPipelineClient, PollForTaskCommand, ReportTaskProgressCommand, SetTaskStatusCommand,
        PipelineDeletedException, DescribePipelinesCommand } =
    require("@aws-sdk/client-data-pipeline");

async function main() {
    const client = new DataPipelineClient({ maxAttempts: 1 });
    const { taskObject } = await client.send(new PollForTaskCommand({ workerGroup: "wg" }));
    const attempt = taskObject.objects[taskObject.attemptId];
    const command = attempt.fields.find((field) => field.key === "command").stringValue;
    const { taskId } = taskObject;
    const { canceled } = await client.send(new ReportTaskProgressCommand({ taskId }));
    await client.send(new SetTaskStatusCommand({ taskId, taskStatus: "FINISHED" }));
    const empty = await client.send(new PollForTaskCommand({ workerGroup: "wg" }));
    let error = null;
    try {
        const pipelineIds = ["df-0123456789ABCDEFGHIJ"];
        await client.send(new DescribePipelinesCommand({ pipelineIds }));
    } catch (caught) {
        error = caught instanceof PipelineDeletedException ? caught.message : String(caught);
    }
    console.log(JSON.stringify({ command, canceled, empty: empty.taskObject ?? null, error }));
}

main();
"""


def test_a_task_runner_in_javascript_does_its_work(
    datapipeline_fake: DataPipelineFake,
    datapipeline_endpoint: DataPipelineEndpoint,
    tmp_path: Path,
) -> None:
    task = datapipeline_fake.enqueue("wg", {"command": "echo hi"})
    script = SDK / f"{tmp_path.name}.cjs"
    script.write_text(SCRIPT)
    assert NODE is not None
    try:
        with subprocess.Popen([NODE, str(script)], stdout=subprocess.PIPE, text=True) as child:
            datapipeline_fake.wait_until(lambda: child.poll() is not None)
            assert child.stdout is not None
            told = json.loads(child.stdout.read())
    finally:
        script.unlink()

    task.assert_finished()
    assert told == {
        "command": "echo hi",
        "canceled": False,
        "empty": None,
        "error": "Pipeline with id: df-0123456789ABCDEFGHIJ does not exist",
    }
    assert datapipeline_endpoint.port


class TestARunnerInJavaScript(RunnerContract):
    """The contract of runners holds for the example in JavaScript."""

    # It waits in real time: what takes more than a moment of that is not for a test.
    claims = frozenset({"failures", "error_texts", "hostname", "output", "restart", "two_runners"})

    @pytest.fixture(autouse=True)
    def _sdk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NODE_PATH", str(SDK / "node_modules"))

    def start(self, fake: DataPipelineFake) -> list[str]:
        return [str(NODE), str(RUNNER), self.worker_group]

    def task(
        self, *, seconds: float = 0, fails: bool = False, prints: str = ""
    ) -> Mapping[str, object] | None:
        if seconds:
            return None
        printed = base64.b64encode(prints.encode()).decode()
        return {"command": f"printf %s '{printed}' | base64 -d >&2; exit {int(fails)}"}
