"""A client with many connections, in a process of its own: `load.py URL CONNECTIONS REQUESTS`.

Prints the seconds that the requests took. With 0 requests each connection polls until it is handed
a task, and the number of those that were is printed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import aiohttp

HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    # moto tells services and regions by the signature.
    "Authorization": "AWS4-HMAC-SHA256 Credential=any/20240101/us-east-1/datapipeline/aws4_request",
}


async def asked(session: aiohttp.ClientSession, url: str, operation: str, **parameters: str) -> str:
    headers = {**HEADERS, "X-Amz-Target": f"DataPipeline.{operation}"}
    async with session.post(url, data=json.dumps(parameters), headers=headers) as answer:
        return await answer.text()


async def main(url: str, connections: int, requests: int) -> None:
    connector = aiohttp.TCPConnector(limit=connections)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        if not requests:
            polls = [
                asked(session, url, "PollForTask", workerGroup="wg") for _ in range(connections)
            ]
            answers = await asyncio.gather(*polls)
            print(sum("taskObject" in answer for answer in answers), flush=True)
            return

        async def many(times: int) -> None:
            for _ in range(times):
                await asked(session, url, "ListPipelines")

        await asyncio.gather(*(many(1) for _ in range(connections)))
        start = time.perf_counter()
        await asyncio.gather(*(many(requests // connections) for _ in range(connections)))
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
