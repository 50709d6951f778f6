"""The default grid end to end beside the same trials as people run them today: Optuna's GridSampler over timm's networks.

    pip install -e '.[bench]'
    python tests/benchmarks/search.py
    python tests/benchmarks/search.py --spec quick --networks 2

Ours is the real command, `python -m scaling.grid`, in a temporary folder with an empty cache of compiled programs; then a
process that runs Optuna. Wall-clock seconds include both starts, and on our side recording, ranking, the test images and
the figures. Both train the same networks layer by layer on the same images, with the same batches, epochs, schedule,
optimizer and seeds, in float32. Theirs keeps the images of a resolution in memory as channels-last tensors and draws its
batches with a DataLoader, as most do; --lean indexes the tensors instead, which is faster. A ratio above 1 means that ours is
faster; the mean accuracies, on the validation images, should agree.

With --networks ours trains that part of the study by the library: no test images, no ranking, no figures. The default
study takes about twenty minutes on two cores.
"""

import dataclasses
import json
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import mean

from sides import in_fresh_process, origin, parser, print_table, require, run, say, told, whole, with_cache

from scaling.core.errors import SpecError
from scaling.data import DataError
from scaling.grid.spec import read_spec
from scaling.grid.study import load_dataset, make_study
from scaling.study.records import RecordFile, TrainingRecord
from scaling.study.study import AllAtOnce, train_proposed

PARTS = ("compile", "train", "evaluate")


def make(spec, networks):
    """The study that a specification describes, or the part of it with `networks` networks."""
    named = read_spec(spec)
    study = make_study(named, load_dataset(named), "float32")
    if networks is None:
        return study
    return dataclasses.replace(study, space=study.space._replace(candidates=spread(study.space.candidates, networks)))


def spread(candidates, count):
    """`count` of the candidates, evenly over their order by MACs; one alone is the middle one."""
    ordered = sorted(candidates, key=lambda one: one.cost.macs)
    count = min(count, len(ordered))
    return tuple(ordered[(2 * place + 1) * len(ordered) // (2 * count)] for place in range(count))


def measure(side, spec, networks, folder=None, jobs=None, lean=None):
    """In a fresh process: all trials of theirs, or those of a part of the study by ours, recorded in `folder`."""
    study = make(spec, networks)
    if side == "theirs":
        from search_peer import search

        return search(study, jobs, lean)
    from rich.console import Console

    from scaling.study.engines.local import LocalEngine
    from scaling.study.estimate import pace
    from scaling.study.run import Run

    made = Run(Path(folder))
    engine = LocalEngine(study.dataset, made.weights)
    with made.opened(study.config()):
        train_proposed(AllAtOnce(study), study, made, engine, pace(made.folder), Console(stderr=True))
    return None


def ours(spec, networks):
    """(wall-clock seconds, records of the trials) of ours."""
    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place, "runs", "search"), with_cache(Path(place, "cache"))
        start = time.perf_counter()
        if networks is None:
            phi = f"{read_spec(spec).phi:g}"
            run([sys.executable, "-m", "scaling.grid", "--spec", spec, "--phi", phi, "--run", str(folder)], cache)
        else:
            settings = {"side": "ours", "spec": spec, "networks": networks, "folder": str(folder)}
            in_fresh_process(__file__, settings, cache)
        seconds = time.perf_counter() - start
        return seconds, [one for one in RecordFile(folder / "trials.jsonl").read() if isinstance(one, TrainingRecord)]


def theirs(spec, networks, jobs, lean):
    """(wall-clock seconds, trials) of theirs."""
    start = time.perf_counter()
    trials = in_fresh_process(__file__, {"side": "theirs", "spec": spec, "networks": networks, "jobs": jobs, "lean": lean})
    return time.perf_counter() - start, trials


def breakdown(records, wall):
    """Seconds of our parts, summed over trials, and the share of the wall-clock in which at least one was training.

    A trial's record has the second in which it was written; training ended as long before as evaluating took.
    """
    summed = {part: sum(getattr(one.outcome.seconds, part) for one in records) for part in PARTS}
    spans = []
    for one in records:
        seconds = one.outcome.seconds
        end = datetime.fromisoformat(one.provenance["time"]).timestamp() - seconds.evaluate
        spans.append((end - seconds.train, end))
    return {**summed, "training_share": _covered(spans) / wall}


def _covered(spans):
    """Length of the union of spans."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _side(seconds, images, accuracies):
    complete = [one for one in accuracies if one is not None]
    return {
        "wall_seconds": seconds,
        "images_per_second": images / seconds,
        "complete": len(complete),
        "mean_accuracy": mean(complete) if complete else None,
    }


def compare(spec, networks, jobs, lean):
    """Both sides, ours first."""
    study = make(spec, networks)
    trials, recipe = study.all_trials(), study.recipe
    images = len(trials) * recipe.epochs * (len(study.dataset.train) // recipe.batch) * recipe.batch
    seconds, records = ours(spec, networks)
    say(f"ours: {seconds:.1f} s; now Optuna and timm")
    our_side = _side(seconds, images, [one.outcome.accuracy for one in records])
    peer_seconds, peer_trials = theirs(spec, networks, jobs, lean)
    return {
        "networks": len(study.space.candidates),
        "trials": len(trials),
        "epochs": recipe.epochs,
        "trained_images": images,
        "ours": {**our_side, "seconds": breakdown(records, seconds)},
        "theirs": _side(peer_seconds, images, [one["accuracy"] for one in peer_trials]),
        "ratio": peer_seconds / seconds,
    }


def _print(found):
    print("{networks} networks, {trials} trials of {epochs} epochs, {trained_images} images trained".format(**found))
    sides = (("ours", found["ours"]), ("Optuna + timm", found["theirs"]))
    names = ("wall_seconds", "images_per_second", "complete", "mean_accuracy")
    rows = [[name, *(side[one] for one in names[:3]), _percent(side["mean_accuracy"])] for name, side in sides]
    print_table(["", "wall s", "img/s", "complete", "accuracy %"], rows)
    print(f"ours is x{found['ratio']:.2f} as fast")
    parts = found["ours"]["seconds"]
    told_parts = ", ".join(f"{part} {parts[part]:.1f} s" for part in PARTS)
    print(f"ours, summed over trials: {told_parts}")
    print(f"at least one training ran in {100 * parts['training_share']:.0f} % of its wall-clock (ends known to a second)")


def _percent(share):
    return "none" if share is None else 100 * share


def main():
    """Measure and print."""
    made = parser(__doc__)
    made.add_argument("--spec", default="default", metavar="NAME|FILE", help="the study (default: default)")
    made.add_argument(
        "--networks", type=whole(), metavar="N", help="train N of its networks only, spread evenly over their cost"
    )
    made.add_argument("--jobs", type=whole(), default=1, help="trials that Optuna runs at a time (default: 1)")
    made.add_argument("--lean", action="store_true", help="give theirs batches by indexing tensors, without a DataLoader")
    options = made.parse_args()
    if options.measure:
        print(json.dumps(measure(**json.loads(options.measure))))
        return
    require("torch", "timm", "optuna")
    try:
        found = compare(options.spec, options.networks, options.jobs, options.lean)
    except (SpecError, DataError) as error:
        made.error(str(error))
    where = origin("jax", "torch", "timm", "optuna")
    if options.json:
        print(json.dumps({**where, "spec": options.spec, "jobs": options.jobs, "lean": options.lean, **found}))
        return
    print(told(where))
    _print(found)


if __name__ == "__main__":
    main()
