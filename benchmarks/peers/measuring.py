"""What a sending costs its own process: the same measure for every sender, around its loop and nothing else."""

import contextlib
import json
import resource
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def measured(messages: int) -> Iterator[None]:
    """Print, when the block ends, one line of JSON about it: its time, its CPU time, and the most memory held."""
    before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    yield
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    figures = {"messages": messages, "seconds": seconds, "cpu_seconds": cpu, "memory_kb": _most_memory_kb()}
    print(json.dumps(figures), flush=True)


def _most_memory_kb() -> int:
    """VmHWM of proc(5) status. (getrusage tells what the program that started this one held, if that was more.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
