"""Loops and threads of simulated processes: asyncio as it is, time that jumps, threads that give way."""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from engine.simulate.world.timeline import SECOND, START_NS
from engine.world import here
from tests.simulate.worlds import World


def test_time_passes_without_waiting() -> None:
    world = World()
    process = world.process()

    async def work() -> list[float]:
        times = [here.clock.monotonic()]
        await asyncio.sleep(3600)
        times.append(here.clock.monotonic())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 10)
        times.append(here.clock.monotonic())
        results = await asyncio.gather(asyncio.sleep(2, "a"), asyncio.sleep(1, "b"))
        assert list(results) == ["a", "b"]
        return times

    began, after_sleep, after_wait = world.do(process, work())
    assert after_sleep - began == pytest.approx(3600, abs=0.01)
    assert after_wait - after_sleep == pytest.approx(10, abs=0.01)
    assert world.timeline.now_ns / SECOND == pytest.approx(3612, abs=0.1)


def test_a_clock_may_be_wrong_and_the_other_is_not() -> None:
    world = World()
    process = world.process()
    assert world.call(process, lambda: here.clock.time_ns()) == START_NS
    world.machine.skew_ns = -5
    assert world.call(process, lambda: here.clock.time_ns()) == START_NS - 5
    assert world.call(process, lambda: here.clock.monotonic()) == 0


def test_threads_give_way_where_they_wait() -> None:
    world = World()
    process = world.process()
    said: list[str] = []

    async def work() -> None:
        queue = here.threads.queue()
        lock = here.threads.lock()

        def run() -> None:
            while (item := queue.get()) is not None:
                with lock:
                    descriptor = here.system.open(f"/{item}", os.O_RDWR | os.O_CREAT)
                    here.system.pwrite(descriptor, b"x", 0)
                    here.system.fsync(descriptor)  # the loop goes on meanwhile
                    said.append(item)

        threads = [here.threads.thread(run, f"t{number}") for number in range(2)]
        for thread in threads:
            thread.start()
        for item in "abcd":
            queue.put(item)
        said.append("put")
        await asyncio.sleep(0.1)
        said.append("slept")
        assert await asyncio.to_thread(lambda: sum(range(10))) == 45
        for _ in threads:
            queue.put(None)
        for thread in threads:
            thread.join()
            assert not thread.is_alive()
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)

    world.do(process, work())
    assert (said[0], sorted(said[1:-1]), said[-1]) == ("put", ["a", "b", "c", "d"], "slept")


def test_nothing_of_a_killed_process_runs() -> None:
    world = World()
    process, other = world.process(), world.process("b")
    said: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(1)
            said.append("woke")
        finally:
            said.append("finally")

    process.start(work())
    world.timeline.after(SECOND // 2, lambda: world.office.end(process))

    async def wait() -> None:
        await asyncio.sleep(5)

    world.do(other, wait())
    assert said == []


def test_a_power_cut_ends_all_processes_of_a_machine() -> None:
    world = World()
    processes = [world.process(name) for name in "abc"]
    world.office.cut_power(world.machine, random.Random(1))
    assert all(process.is_dead for process in processes)
    assert world.machine.processes == []
