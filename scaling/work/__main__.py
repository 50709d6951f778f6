"""Train trials of a run, as its driver asks: `python -m scaling.work RUN TRIAL`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scaling.cli.exit import exit_without_joining_workers, status
from scaling.cli.options import Parser, place

if TYPE_CHECKING:
    from scaling.study.engines.work_folder import Attempt, WorkFolder
    from scaling.study.trial import Trial
    from scaling.work.beating import Beating

COMMAND = "python -m scaling.work"

DESCRIPTION = """\
The unit of work of a run that is trained by many processes: train these trials, each from its checkpoint where an earlier
process left one, and leave a record of each beside its weights, in RUN/work/attempts/NAME. The command that trains the run
asks for it (--engine commands, ray or slurm) and collects what it leaves; it needs the run folder, the images, and this
package in the same version."""

EXAMPLES = """\
examples:
  python -m scaling.work runs/step1 6b1f0c3a9d2e4f58          one trial, by its id, as RUN/work/commands.txt lists them
  parallel < runs/step1/work/commands.txt                     all of them, with GNU parallel

exit status: 0 trained, 2 bad input (one line says what), 130 or 143 stopped by Ctrl-C or SIGTERM, with a checkpoint."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("run", type=place, metavar="RUN", help="folder of the run")
    made.add_argument(
        "trials",
        nargs="*",
        metavar="TRIAL",
        help="ids; seeds of one network share what it compiles (none: write down what this machine computes on)",
    )
    made.add_argument("--attempt", metavar="NAME", help="folder under RUN/work/attempts (default: the next free number)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    stopped = "stopped; what was trained is kept in a checkpoint"
    return status(COMMAND, lambda: _work(options.run, options.trials, options.attempt), stopped)


def _work(run: Path, names: Sequence[str], attempt: str | None) -> int:
    from scaling.study.engines.work_folder import WorkFolder
    from scaling.work.beating import Beating

    folder = WorkFolder(run)
    if not names:
        return _say_kind(folder)
    setup, trials = folder.setup(), [folder.trial(name) for name in names]
    others = list(folder.attempts())
    left = [trial for trial in trials if not any(one.has_record(trial.id) for one in others)]
    if not left:
        print(f"{COMMAND}: trained already, and waiting to be collected", file=sys.stderr)
        return 0
    own = folder.begin(attempt, [trial.id for trial in left])
    with Beating(own, setup.beat_seconds) as beats:
        for trial in left:
            own.take_checkpoint(trial.id, others)
        _train(folder, own, left, beats)
    return 0


def _say_kind(folder: WorkFolder) -> int:
    from scaling.study.engines.kind import kind_here, write_kind
    from scaling.train.jax_start import jax_ready

    with jax_ready():
        write_kind(folder, kind_here())
    return 0


def _train(folder: WorkFolder, attempt: Attempt, trials: Sequence[Trial], beats: Beating) -> None:
    """Train, and leave a record of each as soon as it is over."""
    from contextlib import closing

    from scaling.count.cost import cost
    from scaling.study.engines.engine import Finished, Remark
    from scaling.study.engines.local import LocalEngine
    from scaling.study.records import TrainingRecord
    from scaling.train.jax_start import jax_ready
    from scaling.work.inputs import images, initial_weights

    setup = folder.setup()
    dataset = images(setup, trials)
    with jax_ready():
        initial = initial_weights(setup, trials)
        engine = LocalEngine(dataset, attempt.folder, setup.checkpoint_seconds, initial, setup.at_once)
        with closing(engine.run(trials)) as events:
            for event in events:
                beats.show(event)
                if isinstance(event, Remark):
                    print(event.sentence, file=sys.stderr)
                elif isinstance(event, Finished):
                    one = event.trial
                    counted = cost(one.architecture, one.num_classes, one.in_channels)
                    attempt.write_record(TrainingRecord(one, counted, event.outcome, event.provenance))


if __name__ == "__main__":
    sys.exit(exit_without_joining_workers(main()))
