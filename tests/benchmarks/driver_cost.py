"""What a driver costs a trial: 10,000 made-up trials, written as command lines, then collected from what workers left.

    python tests/benchmarks/driver_cost.py --trials 10000

Prints CPU milliseconds a trial and resident memory, for a quarter, a half and all of the trials.
"""

import argparse
import contextlib
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import made_up_study
from made_up_worker import outcome_of

from scaling.core.errors import Waiting
from scaling.count.cost import cost
from scaling.study.engines.work_folder import WorkFolder
from scaling.study.provenance import provenance
from scaling.study.records import TrainingRecord


def resident():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def leave_records(run, trials):
    """As workers would, one attempt a trial; nothing waits for the disk."""
    attempts, origin = WorkFolder(run).folder / "attempts", provenance("made up")
    for number, trial in enumerate(trials):
        folder = attempts / f"{number:06}"
        folder.mkdir()
        (folder / "asked.json").write_text(json.dumps([trial.id]))
        counted = cost(trial.architecture, trial.num_classes, trial.in_channels)
        record = TrainingRecord(trial, counted, outcome_of(trial), origin)
        (folder / f"{trial.id}.json").write_text(json.dumps(record.to_dict()))
        (folder / f"{trial.id}.safetensors").write_bytes(b"weights")


def measured(count):
    with tempfile.TemporaryDirectory(prefix="driver-") as folder:
        run, trials = Path(folder) / "run", made_up_study.trials(count)
        begun = time.process_time()
        with contextlib.suppress(Waiting):
            made_up_study.drive(run, "commands", count, 0.0)
        asked = time.process_time() - begun
        leave_records(run, trials)
        begun, wall = time.process_time(), time.monotonic()
        made_up_study.drive(run, "commands", count, 0.0)
        collected = time.process_time() - begun
        wall = time.monotonic() - wall
        lines = (run / "trials.jsonl").read_text().count("\n")
        assert lines == count, lines
        return asked, collected, wall


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    count = parser.parse_args().trials
    measured(100)  # imports, and what is made once
    print("trials  asked, ms CPU  collected, ms CPU  collected, ms  resident MiB  highest MiB")
    for number in (count // 4, count // 2, count):
        asked, collected, wall = measured(number)
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        per = [f"{1000 * one / number:.2f}" for one in (asked, collected, wall)]
        print(f"{number:6}  {per[0]:>13}  {per[1]:>17}  {per[2]:>13}  {resident():12.0f}  {highest:11.0f}", flush=True)


if __name__ == "__main__":
    main()
