"""One way to run tasks in parallel and to show how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from joblib import Parallel, delayed

__all__ = ["chunk_slices", "parallel_iter", "parallel_map", "progress"]

T = TypeVar("T")


def progress(items: Iterable[T], *, total: int, label: str, verbose: int) -> Iterable[T]:
    """Show a progress bar on standard error while ``items`` are consumed, where verbose."""
    if not verbose:
        return items
    from tqdm.auto import tqdm

    bar: Iterable[T] = tqdm(items, total=total, desc=label)
    return bar


def parallel_iter(
    function: Callable[..., T],
    tasks: Sequence[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
    prefer: str | None = None,
) -> Iterator[T]:
    """Call ``function(*task)`` for every task; yield the results as they come, in order."""
    if n_jobs == 1 or len(tasks) == 1:  # no worker is asked, nothing is pickled
        return (function(*task) for task in tasks)
    results: Iterator[T] = Parallel(n_jobs=n_jobs, prefer=prefer, return_as="generator")(
        delayed(function)(*task) for task in tasks
    )
    return results


def parallel_map(
    function: Callable[..., T],
    tasks: Sequence[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
    prefer: str | None = None,
    label: str = "",
    verbose: int = 0,
) -> list[T]:
    """Call ``function(*task)`` for every task and return the results in the tasks' order."""
    results = parallel_iter(function, tasks, n_jobs=n_jobs, prefer=prefer)
    return list(progress(results, total=len(tasks), label=label, verbose=verbose))


def chunk_slices(n_items: int, *, chunk_size: int) -> list[slice]:
    """Cut ``range(n_items)`` into consecutive slices of at most ``chunk_size``."""
    return [slice(start, start + chunk_size) for start in range(0, n_items, chunk_size)]
