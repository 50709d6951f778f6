"""Kill workers, nodes and drivers of a made-up study at random; nothing may be lost or recorded twice.

    python tests/benchmarks/cluster_kills.py slurm --trials 300 --kills 100
    python tests/benchmarks/cluster_kills.py ray --trials 300 --kills 100

The study's run folder, records, lock, driver and launcher are real, its workers train nothing. On `slurm` the cluster is made
up but runs its tasks; on `ray` it is a real one of three nodes on this machine, one of which is killed and replaced at times.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import fake_slurm
import numpy as np
from made_up_study import trials
from made_up_worker import outcome_of

from scaling.study.records import RecordFile

DRIVER = Path(__file__).parents[1] / "made_up_study.py"


def started(run, engine, count, seconds, log):
    command = [sys.executable, str(DRIVER), str(run), engine, str(count), str(seconds)]
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def workers():
    """Process groups of made-up workers that run now."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if any(word.endswith(b"made_up_worker.py") for word in words):
                found.append(int(path.parent.name))
    return found


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def recorded(run):
    path = run / "trials.jsonl"
    return list(RecordFile(path).readable()) if path.exists() else []


def check(run, asked):
    records = recorded(run)
    times = Counter(record.id for record in records if record.outcome.status == "complete")
    lost = [trial for trial in asked if trial.id not in times]
    twice = [name for name, number in times.items() if number > 1]
    wrong = [
        one.id
        for one in records
        if one.outcome.correct is None or not np.array_equal(one.outcome.correct, outcome_of(one.trial).correct)
    ]
    print(f"{len(asked)} trials: {len(lost)} lost, {len(twice)} recorded twice, {len(wrong)} not as undisturbed")
    return not (lost or twice or wrong)


def disturb(options, run, cluster):
    """Start drivers until one ends well, killing meanwhile."""
    chosen, kills, driven = random.Random(options.seed), Counter(), 0
    log = (run.parent / "log.txt").open("ab")
    nodes = [] if cluster is None else [cluster.add_node(num_cpus=3) for _ in range(2)]
    begun = time.monotonic()
    while True:
        driver, driven = started(run, options.engine, options.trials, options.seconds, log), driven + 1
        while driver.poll() is None:
            time.sleep(chosen.random() * options.pause)
            if sum(kills.values()) >= options.kills:
                driver.wait()
                break
            what = chosen.choices(("worker", "driver", "node"), (6, 2, 1 if nodes else 0))[0]
            if what == "worker" and (running := workers()):
                kill(chosen.choice(running))
                kills[what] += 1
            elif what == "driver" and driver.poll() is None:
                kill(driver.pid)
                driver.wait()
                kills[what] += 1
            elif what == "node" and nodes:
                cluster.remove_node(nodes.pop(chosen.randrange(len(nodes))), allow_graceful=False)
                nodes.append(cluster.add_node(num_cpus=3))
                kills[what] += 1
        if driver.returncode == 0:
            break
        if driver.returncode > 0:
            raise SystemExit(f"the driver ended with status {driver.returncode}; {run.parent / 'log.txt'} says why")
    took = time.monotonic() - begun
    told = ", ".join(f"{number} {name}s" for name, number in sorted(kills.items()))
    print(f"killed: {told}; {driven} drivers; {took:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=("slurm", "ray"))
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0, help="that a trial takes")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two kills at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder, cluster = Path(tempfile.mkdtemp(prefix="kills-")), None
    if options.engine == "slurm":
        fake_slurm.install(folder / "bin")
        (folder / "slurm").mkdir()
        os.environ["FAKE_SLURM"] = str(folder / "slurm")
        os.environ["PATH"] = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    else:
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
        os.environ["MADE_UP_RAY"] = cluster.address
    try:
        disturb(options, folder / "run", cluster)
        fine = check(folder / "run", trials(options.trials))
    finally:
        if cluster is not None:
            cluster.shutdown()
    left = list((folder / "run" / "work" / "attempts").iterdir())
    print(f"{len(left)} attempt folders left; records in {folder}")
    if fine:
        shutil.rmtree(folder)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
