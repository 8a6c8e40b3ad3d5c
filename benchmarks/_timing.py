"""What the scripts time with: one call, ratios of rounds, and processes of their own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def ratio(times: list[float], others: list[float]) -> str:
    """Median of the rounds' ratios: what disturbs a round disturbs both."""
    return f"{statistics.median(a / b for a, b in zip(times, others, strict=True)):.2f}"


def alone(work: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a process of its own, which may start workers."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()
