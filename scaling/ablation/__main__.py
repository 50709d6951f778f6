"""Recipes against each other on several networks, and what they cost: `python -m scaling.ablation`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scaling.ablation.options import COMMAND, Options, parser
from scaling.cli.answer import answer
from scaling.cli.exit import exit_without_joining_workers, status
from scaling.cli.options import engine_given

if TYPE_CHECKING:
    from scaling.ablation.result import Ablation
    from scaling.ablation.spec import AblationSpec
    from scaling.data import Dataset, ListedDataset
    from scaling.study.engines.options import EngineOptions
    from scaling.study.run import Run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = Options(**engine_given(vars(parser().parse_args(arguments))))
    stopped = "stopped; finished trials are recorded, the same command continues from here"
    return status(COMMAND, lambda: _plan(options) if options.dry_run else _train(options), stopped)


def _asked(options: Options) -> tuple[AblationSpec, Dataset | ListedDataset, Run]:
    """The specification with the flags over it and the seeds its folder has already; its images; its run."""
    from scaling.ablation.read_spec import read_ablation_spec
    from scaling.data import load
    from scaling.report.text import say
    from scaling.study.run import Run, folder_named
    from scaling.study.spec import reading

    spec = read_ablation_spec(options.spec)
    flags: dict[str, Any] = {"data": options.data, "seeds": options.seeds, "skip_unreadable": options.skip_unreadable}
    spec = dataclasses.replace(spec, **{name: value for name, value in flags.items() if value is not None})
    largest = max(128, *(one.resolution for one in spec.networks.values()))
    dataset = load(spec.data, side=spec.side, largest=largest, store=options.store, **reading(spec))
    say(dataset.notes)
    run = Run(options.run or folder_named(spec.name, None, options.data))
    if options.seeds is None:
        spec = dataclasses.replace(spec, seeds=max(spec.seeds, run.recorded_seeds()))
    return spec, dataset, run


def _plan(options: Options) -> int:
    """Networks, recipes and the expected time, nothing trained."""
    from scaling.ablation.report import plan_document
    from scaling.ablation.study import make_ablation_study
    from scaling.study.estimate import estimated_seconds, pace
    from scaling.study.schedule import with_schedule
    from scaling.study.study import left_to_train

    spec, dataset, run = _asked(options)
    study = make_ablation_study(spec, dataset, "float32")
    speed, missing = pace(run.folder), left_to_train(study, run)
    made = plan_document(study, len(missing), estimated_seconds(missing, speed), speed, run.folder)
    answer(with_schedule(made, missing, options.spec, options.engine, speed), options.json)
    return 0


def _train(options: Options) -> int:
    from scaling.data.duplicates import duplicate_notes
    from scaling.report.text import say
    from scaling.study.engines.asked import engine_options, leave_accelerators
    from scaling.study.images import with_images
    from scaling.train.jax_start import jax_ready

    where = engine_options(options.spec, options.engine)
    spec, asked, run = _asked(options)
    dataset = with_images(asked)
    say(duplicate_notes(dataset))
    leave_accelerators(where)
    with jax_ready():
        return _run(spec, dataset, run, options, where)


def _run(spec: AblationSpec, dataset: Dataset, run: Run, options: Options, where: EngineOptions) -> int:
    """Train what is missing, compare, report."""
    from scaling.ablation.findings import plan_summary
    from scaling.ablation.result import ablation_found
    from scaling.ablation.study import make_ablation_study
    from scaling.report.text import say, terminal
    from scaling.study.collect import nothing_counts, trainings
    from scaling.study.engines.asked import engine_setup
    from scaling.study.engines.engine import make_engine
    from scaling.study.estimate import pace
    from scaling.study.groups import write_groups
    from scaling.study.study import AllAtOnce, test_missing, train_proposed

    engine = make_engine(engine_setup(spec, dataset, run, where, options.checkpoint_minutes, None))
    study = make_ablation_study(spec, dataset, engine.precision)
    console = terminal(stderr=True)
    with run.opened(study.config()):
        if dataset.validation.groups is not None and dataset.test.groups is not None:
            write_groups(run.folder, dataset.validation.groups, dataset.test.groups)
        run.list_unreadable(dataset.unreadable)
        if dataset.stored is not None:
            run.remember_store(dataset.stored.folder.parent)
        speed = pace(run.folder)
        say(plan_summary(study, run.missing(study.all_trials()), engine.device, speed, run.folder, run.config_changes))
        train_proposed(AllAtOnce(study), study, run, engine, speed, console)
        if options.test:
            say(test_missing(study, run, engine, study.networks, speed, console))
        nothing = nothing_counts(trainings(study, run))
        if nothing is not None:
            say([nothing])
            return 1
        return _report(ablation_found(study, run), options.json)


def _report(ablation: Ablation, as_json: bool) -> int:
    """Keep, show and draw what is recorded."""
    from scaling.ablation.report import ablation_document
    from scaling.figures.ablation import ablation_curves, ablation_numbers
    from scaling.figures.style import save
    from scaling.report.plain import as_data
    from scaling.report.text import show

    document = ablation_document(ablation)
    ablation.run.keep(as_data(document))
    answer(document, as_json)
    if not as_json:
        show(f"Records, results and figures: {ablation.run.folder}")
    name, device = ablation.study.dataset.name, ablation.run.devices
    save(ablation_curves(ablation_numbers(ablation), data_set=name, device=device), ablation.run.folder, "ablation")
    return 0


if __name__ == "__main__":
    sys.exit(exit_without_joining_workers(main()))
