"""How far something is that takes minutes or hours, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scaling.core.units import duration
from scaling.report.text import terminal

_EVERY_SECONDS = 5.0


@contextmanager
def count_shown(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function of how many are done and of how many, to be called as often as one likes.

    Args:
        what: is counted, as `images stored`.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = terminal(stderr=True)
    start = last = time.monotonic()
    first: int | None = None
    columns = (TextColumn(what), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    task = bar.add_task(what, total=None)

    def report(done: int, total: int) -> None:
        nonlocal last, first
        first = done if first is None else first
        bar.update(task, completed=done, total=total)
        now = time.monotonic()
        if console.is_terminal or done == first or (now - last < _EVERY_SECONDS and done < total):
            return
        last = now
        left = (now - start) * (total - done) / (done - first)
        console.print(f"{what}: {done:,} of {total:,}" + (f", {duration(left)} left" if done < total else ""), soft_wrap=True)

    with bar:
        yield report
