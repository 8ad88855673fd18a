"""`python -m engine.demo.worker`: some of the demo's participants, each with a login of its own, in one process.

They come through the public ports like anybody else. On SIGTERM they cancel their orders, log out and end. Anything
unexpected ends the process with a traceback: who started it starts it again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from openbell import AsyncClient, connect_async, market_data_async
from openbell.errors import OpenBellError

from engine.demo import cast
from engine.demo.cast import Participant
from engine.demo.desk import Strategy
from engine.demo.live import LiveDesk
from engine.demo.roles.casting import strategy
from engine.demo.value import Value

NICENESS = 5  # the engine comes first where processors are few
START_S = 1.0  # over which the participants begin
COUNT_S = 30.0  # between two counts of the positions
FAREWELL_S = 0.6


async def trade(data: Path, part: list[Participant], rate: float, seed: int) -> None:
    """Trade until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one_signal in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one_signal, stop.set)
    values = {one.symbol: Value(seed, one.symbol, one.price, one.volatility) for one in cast.LISTINGS}
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(market_data_async(data, channels="TXS"))
        clients = [
            await stack.enter_async_context(connect_async(data, account=one.account, name=f"demo {one.name}"))
            for one in part
        ]
        async with asyncio.TaskGroup() as group:
            tasks = []
            for number, (one, client) in enumerate(zip(part, clients, strict=True)):
                desk = LiveDesk(client, feed, values)
                await desk.settle()
                mind = strategy(one, seed)
                tasks.append(group.create_task(_act(mind, desk, rate, START_S * number / len(part))))
                tasks.append(group.create_task(_count(desk)))
            await stop.wait()
            for task in tasks:
                task.cancel()
        await asyncio.gather(*(_farewell(client) for client in clients))


async def _act(mind: Strategy, desk: LiveDesk, rate: float, wait_s: float) -> None:
    """One participant's life."""
    await asyncio.sleep(wait_s)
    while True:
        pause_s = mind.wake(desk, time.time())
        await asyncio.sleep(max(0.001, pause_s / rate))


async def _count(desk: LiveDesk) -> None:
    """Count the positions now and then: whoever lost events for good is right again."""
    while True:
        await asyncio.sleep(COUNT_S)
        try:
            await desk.count()
        except TimeoutError:
            pass  # the market is away; the client waits for it


async def _farewell(client: AsyncClient) -> None:
    """Leave nothing in the book."""
    try:
        await client.cancel_all(timeout_s=FAREWELL_S)
    except OpenBellError:
        pass  # the market went first


def _part(text: str) -> list[Participant]:
    number, _, count = text.partition("/")
    return cast.workers(int(count))[int(number) - 1]


def main() -> int:
    """Read the arguments, trade. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m engine.demo.worker", description="Some of the demo's participants."
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="of the market")
    parser.add_argument("--part", type=_part, required=True, metavar="I/N", help="which of N parts of the cast")
    parser.add_argument("--rate", type=float, default=1.0, metavar="X", help="times as busy")
    parser.add_argument("--seed", type=int, default=1, metavar="K")
    args = parser.parse_args()
    os.nice(NICENESS)
    code = 0
    try:
        uvloop.run(trade(args.data, args.part, args.rate, args.seed))
    except* OpenBellError as errors:
        print(f"openbell demo: {errors.exceptions[0]}", file=sys.stderr)
        code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
