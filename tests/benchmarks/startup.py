"""The start of one training: seconds from the imports to the first steps, compiled for the first time and from the cache.

    python tests/benchmarks/startup.py

Cases: B0 on 64 px, batch 32 (b0-64); half of B0's width and depth on 32 px, batch 64 (half-32). Each start has a fresh
process, with the images already on the device: once with an empty cache of compiled programs, then with the cache that
it has filled. "lower" is building, tracing and lowering the network, or reading the traced program; "compile" what follows,
or reading what was compiled;
"state" draws the parameters; "first steps" is the first call of the program, two steps: one alone would not be a loop. The
imports before take some seconds more. Medians over rounds. About two minutes on two cores.
"""

import itertools
import json
import statistics
import tempfile
import time

from cases import CASES, random_images, task
from sides import in_fresh_process, origin, parser, print_table, say, told, whole, with_cache

PARTS = ("lower", "compile", "state", "first_steps", "total")
STEPS = 2
COMPILING = "/jax/core/compile/backend_compile_duration"
HIT = "/jax/compilation_cache/cache_hits"


def measure(case):
    """In a fresh process: seconds of each part, and how many programs came from the cache."""
    import jax

    from scaling.train.feed import epoch_order
    from scaling.train.loop import compile_training, initial_state

    compiling, events = [], []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiling.append(seconds) if event == COMPILING else None
    )
    jax.monitoring.register_event_listener(lambda event, **_: events.append(event))
    work = task(CASES[case], STEPS)
    images, chosen = random_images(work), epoch_order(work, 0, 0)
    marks = [time.perf_counter()]
    program = compile_training(work)
    marks.append(time.perf_counter())
    compiled = sum(compiling)
    state = jax.block_until_ready(initial_state(work, 0))
    marks.append(time.perf_counter())
    jax.block_until_ready(program(state, *images, *chosen))
    marks.append(time.perf_counter())
    preparing, drawing, stepping = (after - before for before, after in itertools.pairwise(marks))
    seconds = (preparing - compiled, compiled, drawing, stepping, marks[-1] - marks[0])
    return {**dict(zip(PARTS, seconds, strict=True)), "cache_hits": events.count(HIT)}


def starts(case, rounds):
    """Starts of a case with an empty and with a filled cache: the median of each part."""
    found = {"empty": [], "filled": []}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for cache, ones in found.items():
                ones.append(in_fresh_process(__file__, {"case": case}, with_cache(folder)))
                say(f"{case} round {number + 1}: {cache} cache {ones[-1]['total']:.2f} s")
    return [
        {
            "case": case,
            "cache": cache,
            **{part: statistics.median(one[part] for one in ones) for part in (*PARTS, "cache_hits")},
        }
        for cache, ones in found.items()
    ]


def main():
    """Measure and print."""
    made = parser(__doc__)
    made.add_argument("--cases", nargs="+", choices=CASES, default=["b0-64", "half-32"], help="default: b0-64 half-32")
    made.add_argument("--rounds", type=whole(), default=3, help="starts with each cache (default: 3)")
    options = made.parse_args()
    if options.measure:
        print(json.dumps(measure(**json.loads(options.measure))))
        return
    results = [one for case in options.cases for one in starts(case, options.rounds)]
    where = origin("jax", "flax")
    if options.json:
        print(json.dumps({**where, "rounds": options.rounds, "results": results}))
        return
    print(f"{told(where)}; seconds, median of {options.rounds} rounds")
    headers = ["case", "cache", *(part.replace("_", " ") for part in PARTS), "cache hits"]
    print_table(headers, [list(one.values()) for one in results])


if __name__ == "__main__":
    main()
