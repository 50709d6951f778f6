"""The engine of a SLURM cluster: plain sbatch arrays, one a wave, that run on when the driver ends."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from scaling.core.errors import UserError
from scaling.core.files import atomic_write, read_text
from scaling.study.engines.engine import EngineSetup
from scaling.study.engines.kind import worker_kind
from scaling.study.engines.launcher import UNLIMITED, Ended, command_of, ended_with, environment, last_line
from scaling.study.engines.options import EngineOptions
from scaling.study.engines.remote import RemoteEngine
from scaling.study.engines.work_folder import WorkFolder

_LOOK_SECONDS = 10.0
"""Between two questions to the controller, which others ask too."""

_LOST = "left the queue without a word: killed, out of memory or time, or its node failed"

# The process is asked to stop two minutes before its time is up, and at preemption; it then leaves a checkpoint.
_HEAD = """\
#!/bin/sh
#SBATCH --job-name={name}
#SBATCH --output=/dev/null
#SBATCH --no-requeue
#SBATCH --signal=B:TERM@120
{options}
{settings}
"""

_TASK = """\
line=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" {list})
attempt=${{line%% *}}
{command} ${{line#* }} --attempt "$attempt" >> {logs}/"$attempt".txt 2>&1 &
worker=$!
trap 'kill -TERM $worker' TERM
wait $worker
status=$?
while kill -0 $worker 2> /dev/null; do
    wait $worker
    status=$?
done
echo $status > {logs}/"$attempt".status
"""


class SlurmArrays:
    """Starts workers as the tasks of job arrays.

    Args:
        run: the run folder, which every node sees at the same place.
        options: what a worker gets.

    Raises:
        UserError: sbatch is not on the path.
    """

    def __init__(self, run: Path, options: EngineOptions) -> None:
        self._folder, self._options, self._run = WorkFolder(run), options, run
        self._tasks: dict[str, str] = {}
        """for each attempt its task, as squeue names it"""
        self._looked = 0.0

    def room(self) -> int:
        """As many as were asked for; else all: the queue is SLURM's business."""
        return UNLIMITED if self._options.workers is None else self._options.workers - len(self._tasks)

    def start(self, jobs: Mapping[str, Sequence[str]]) -> None:
        """Submit an array.

        Raises:
            UserError: SLURM refuses it, or cannot be reached.
        """
        wave = next(iter(jobs))
        listed = self._list(wave)
        listed.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(listed, "".join(f"{' '.join([attempt, *trials])}\n" for attempt, trials in jobs.items()))
        logs = shlex.quote(str(self._folder.log("").parent.resolve()))
        task = _TASK.format(list=shlex.quote(str(listed.resolve())), logs=logs, command=shlex.join(self._command()))
        script = listed.with_suffix(".sh")
        atomic_write(script, self._head(wave) + task)
        array = _said("sbatch", "--parsable", f"--array=0-{len(jobs) - 1}", str(script)).partition(";")[0]
        self._tasks |= {attempt: f"{array}_{number}" for number, attempt in enumerate(jobs)}

    def probe(self, log: Path) -> int:
        """Run a worker without a trial, and wait for it; its exit status.

        Raises:
            UserError: SLURM refuses it, or cannot be reached.
        """
        script = self._list("kind").with_suffix(".sh")
        script.parent.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        said = shlex.quote(str(log.resolve()))
        atomic_write(script, f"{self._head('kind')}{shlex.join(self._command())} > {said} 2>&1\n")
        try:
            _said("sbatch", "--wait", str(script), timeout=None)
        except UserError:
            if not log.exists():
                raise
            return 1
        return 0

    def under_way(self) -> Mapping[str, Sequence[str]]:
        """Tasks of a former driver's arrays that are in the queue still."""
        found = {}
        for task, name in (self._queued() or {}).items():
            listed = self._list(name.removeprefix(f"{self._name}-"))
            if not listed.is_file():
                continue
            lines, number = read_text(listed).splitlines(), task.rpartition("_")[2]
            if number.isdecimal() and int(number) < len(lines):
                attempt, *trials = lines[int(number)].split()
                found[attempt], self._tasks[attempt] = trials, task
        return found

    def ended(self) -> Mapping[str, Ended]:
        """Those that left a status, or are in the queue no more."""
        if not self._tasks or time.monotonic() - self._looked < min(_LOOK_SECONDS, self._options.beat_seconds):
            return {}
        self._looked = time.monotonic()
        queued = self._queued()
        found = {}
        for attempt, task in list(self._tasks.items()):
            status = self._status(attempt)
            if status is not None:
                found[attempt] = ended_with(status, last_line(self._folder.log(attempt)))
            elif queued is not None and task not in queued:
                found[attempt] = Ended(lost=True, reason=_LOST)
        for attempt in found:
            del self._tasks[attempt]
        return found

    def stop(self, attempts: Sequence[str]) -> None:
        """Take what waits out of the queue, and ask what runs to leave a checkpoint."""
        tasks = [self._tasks[attempt] for attempt in attempts if attempt in self._tasks]
        if tasks:
            for flags in (["--state=PENDING"], ["--signal=TERM", "--batch"]):
                subprocess.run(["scancel", *flags, *tasks], capture_output=True, check=False)

    def close(self) -> None:
        """Nothing was taken."""

    def _status(self, attempt: str) -> int | None:
        try:
            return int(read_text(self._folder.log(attempt).with_suffix(".status")))
        except (OSError, ValueError):
            return None

    def _queued(self) -> dict[str, str] | None:
        """The tasks of all arrays of this run that wait or run, and their arrays' names; None where SLURM does not answer."""
        try:
            lines = _said("squeue", "--me", "--noheader", "--array", "--format=%i %j").splitlines()
        except UserError:
            return None
        pairs = (line.split(maxsplit=1) for line in lines)
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[1].startswith(f"{self._name}-")}

    @property
    def _name(self) -> str:
        return f"scaling-{self._run.resolve().name}"

    def _list(self, wave: str) -> Path:
        """The attempts of an array, one a line, each with its trials."""
        return self._folder.folder / "waves" / f"{wave}.txt"

    def _command(self) -> list[str]:
        return command_of(self._run, [], None, self._options.python)

    def _head(self, wave: str) -> str:
        options = self._options
        asked = {
            "--partition": options.partition,
            "--time": options.time,
            "--cpus-per-task": None if options.cpus is None else f"{options.cpus:g}",
            "--gres": None if options.gpus is None else f"gpu:{options.gpus:g}",
        }
        lines = [f"{flag}={value}" for flag, value in asked.items() if value is not None] + list(options.options)
        settings = [f"export {name}={shlex.quote(value)}" for name, value in environment().items()]
        return _HEAD.format(
            name=f"{self._name}-{wave}",
            options="\n".join(f"#SBATCH {line}" for line in lines),
            settings="\n".join(settings),
        )


def slurm_engine(setup: EngineSetup) -> RemoteEngine:
    """The engine of a run on a SLURM cluster; what its workers compute on, a first short job says.

    Raises:
        UserError: there is no SLURM here, it refuses the job, or no worker can start.
    """
    launcher = SlurmArrays(setup.run, setup.options)
    kind = worker_kind(WorkFolder(setup.run), launcher.probe)
    return RemoteEngine(setup, launcher, kind.device, kind.precision)


def _said(*command: str, timeout: float | None = 60) -> str:
    """What a command of SLURM answers.

    Raises:
        UserError: it is not there, or refuses.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
    except FileNotFoundError:
        raise UserError(f"{command[0]} is not on this machine's path; --engine slurm runs where jobs are submitted") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"{command[0]} did not answer within a minute") from None
    if done.returncode:
        raise UserError(f"{command[0]} refused: {' '.join(done.stderr.split())[:500]}")
    return done.stdout.strip()
