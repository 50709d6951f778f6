"""sbatch, squeue and scancel that really run the tasks of arrays on this machine, with the formats of the real ones.

Its first word says which it is. `FAKE_SLURM` names the folder of its state: a file for each task, with the
process group it runs in and the name of its array. `FAKE_SLURM/down` makes the controller unreachable, `FAKE_SLURM/hold` keeps
what is submitted waiting.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

STATE = Path(os.environ.get("FAKE_SLURM", "."))


def install(folder):
    """Commands of the three names in a folder that is to be put on the path."""
    folder.mkdir(parents=True)
    for name in ("sbatch", "squeue", "scancel"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {name} "$@"\n')
        script.chmod(0o755)


def options_of(script):
    return dict(re.findall(r"^#SBATCH --([\w-]+)=(.*)$", script.read_text(), re.MULTILINE))


def sbatch(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--parsable", action="store_true")
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--array")
    parser.add_argument("script", type=Path)
    asked = parser.parse_args(words)
    options = options_of(asked.script)
    if options.get("partition") == "none":
        refused = ("invalid partition specified: none", "Batch job submission failed: Invalid partition name specified")
        sys.exit("\n".join(f"sbatch: error: {line}" for line in refused))
    number = 1 + sum(1 for _ in STATE.glob("*.array"))
    (STATE / f"{number}.array").write_text(str(asked.script))
    last = int(asked.array.partition("-")[2]) if asked.array else 0
    tasks = [f"{number}_{index}" for index in range(last + 1)] if asked.array else [str(number)]
    running = []
    for index, task in enumerate(tasks):
        (STATE / f"{task}.task").write_text(f"0 {options['job-name']} {asked.script}")
        if not (STATE / "hold").exists():
            running.append(start(task, index, number, asked.script, options["job-name"]))
    if asked.wait:
        print(f"Submitted batch job {number}")
        statuses = [process.wait() for process in running]
        for task in tasks:
            (STATE / f"{task}.task").unlink(missing_ok=True)
        sys.exit(max(statuses))
    print(number if asked.parsable else f"Submitted batch job {number}")


def start(task, index, number, script, name):
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": str(index), "SLURM_ARRAY_JOB_ID": str(number)}
    process = subprocess.Popen(
        ["/bin/sh", str(script)], env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    (STATE / f"{task}.task").write_text(f"{process.pid} {name} {script}")
    return process


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def tasks():
    for path in sorted(STATE.glob("*.task")):
        pid, name, script = path.read_text().split(maxsplit=2)
        if pid != "0" and not is_running(int(pid)):
            path.unlink(missing_ok=True)
            continue
        yield path.name.removesuffix(".task"), int(pid), name, Path(script)


def squeue(words):
    if (STATE / "down").exists():
        sys.exit("slurm_load_jobs error: Unable to contact slurm controller (connect failure)")
    parser = argparse.ArgumentParser()
    for flag in ("--me", "--noheader", "--array"):
        parser.add_argument(flag, action="store_true", required=True)
    parser.add_argument("--format", required=True)
    asked = parser.parse_args(words)
    for task, pid, name, _ in tasks():
        state = "RUNNING" if pid else "PENDING"
        print(asked.format.replace("%i", task).replace("%j", name).replace("%T", state))


def scancel(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--state")
    parser.add_argument("--signal")
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("jobs", nargs="+")
    asked = parser.parse_args(words)
    for task, pid, _, _ in tasks():
        if task not in asked.jobs and task.partition("_")[0] not in asked.jobs:
            continue
        if asked.state == "PENDING":
            if not pid:
                (STATE / f"{task}.task").unlink()
        elif pid:
            # The script alone, or all of its processes.
            (os.kill if asked.batch else os.killpg)(pid, getattr(signal, f"SIG{asked.signal or 'KILL'}"))


def release(words):
    """Start what waits."""
    (STATE / "hold").unlink()
    for task, pid, name, script in list(tasks()):
        if not pid:
            number, _, index = task.partition("_")
            start(task, int(index or 0), int(number), script, name)


if __name__ == "__main__":
    {"sbatch": sbatch, "squeue": squeue, "scancel": scancel, "release": release}[sys.argv[1]](sys.argv[2:])
