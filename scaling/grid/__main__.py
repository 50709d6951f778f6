"""Step 1 of compound scaling: `python -m scaling.grid --phi 1`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.cli.answer import answer
from scaling.cli.exit import exit_without_joining_workers, status
from scaling.cli.options import engine_given
from scaling.grid.options import COMMAND, parser

if TYPE_CHECKING:
    from rich.console import Console

    from scaling.analysis.power import Spread
    from scaling.data import Dataset, ListedDataset
    from scaling.grid.result import SearchResult
    from scaling.grid.spec import StudySpec
    from scaling.grid.study import Study
    from scaling.study.engines.engine import Engine
    from scaling.study.engines.options import EngineOptions
    from scaling.study.initial import InitialWeights
    from scaling.study.run import Run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = argparse.Namespace(**engine_given(vars(parser().parse_args(arguments))))

    def work() -> int:
        return _dry_run(options) if options.dry_run else _search(options)

    stopped = "stopped; finished trials are recorded, the same command continues from here"
    return status(COMMAND, work, stopped)


def _spec(options: argparse.Namespace) -> StudySpec:
    """The specification with the flags over it."""
    from scaling.grid.spec import read_spec
    from scaling.study.spec import read_baseline

    spec = read_spec(options.spec or "default")
    flags: dict[str, Any] = {"phi": options.phi, "seeds": options.seeds, "data": options.data}
    flags |= {"eligible_only": options.eligible_only, "grouped": options.grouped}
    flags |= {"top_classes": True if options.classes else None, "skip_unreadable": options.skip_unreadable}
    if options.baseline is not None:
        flags["baseline"] = read_baseline(options.baseline)
    lattice = {name: getattr(options, name) for name in ("constraint", "step", "tolerance", "sample")}
    limits = {name: getattr(options, f"max_{name}") for name in ("params", "macs", "latency", "memory")}
    flags["lattice"] = dataclasses.replace(spec.lattice, **_given(lattice))
    flags["limits"] = dataclasses.replace(spec.limits, **_given(limits))
    flags["recipe"] = dataclasses.replace(spec.recipe, **_given({"epochs": options.epochs, "init": _text(options.init)}))
    return dataclasses.replace(spec, **_given(flags))


def _asked(options: argparse.Namespace) -> tuple[StudySpec, Dataset | ListedDataset, Run]:
    """The specification, with the seeds its folder has already and another run's choice; its images; its run."""
    from scaling.grid.own import as_recorded, is_own, own_spec, with_epochs
    from scaling.grid.study import load_dataset
    from scaling.report.text import say
    from scaling.study.run import Run

    spec = _spec(options)
    run = Run(_folder(options, spec))
    if options.seeds is None:
        spec = dataclasses.replace(spec, seeds=max(spec.seeds, run.recorded_seeds()))
    dataset = load_dataset(spec, options.store)
    say(dataset.notes)
    if is_own(options.spec, options.data):
        config, named = run.config(), options.baseline is not None
        spec = own_spec(spec, dataset, named) if config is None else as_recorded(spec, run.folder, config, named)
        spec = spec if options.epochs is None else with_epochs(spec, options.epochs)
    if options.extrapolate is not None:
        from scaling.grid.reopen import add_extrapolated_reference

        spec = add_extrapolated_reference(spec, options.extrapolate, dataset.num_classes, dataset.in_channels)
    return spec, dataset, run


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _folder(options: argparse.Namespace, spec: StudySpec) -> Path:
    """The run folder: as given, or by the study's name."""
    from scaling.study.run import folder_named

    if options.run is not None:
        return Path(options.run)
    return folder_named(spec.name, None if options.baseline is None else spec.baseline.name, options.data)


def _dry_run(options: argparse.Namespace) -> int:
    from scaling.grid.latency import read_latencies
    from scaling.grid.looks import look_number, read_looks
    from scaling.grid.own import so_far
    from scaling.grid.report import plan_document
    from scaling.grid.study import make_study, plan
    from scaling.report.text import say
    from scaling.study.estimate import estimated_seconds, pace
    from scaling.study.resolve import initial_weights, started
    from scaling.study.schedule import with_schedule
    from scaling.study.study import left_to_train

    spec, dataset, run = _asked(options)
    latencies, initial = read_latencies(run.folder), initial_weights(spec.recipe, run)
    if _needs_pilot(options, run):
        spec, said = so_far(spec, dataset, run.folder, initial)
        say([said])
    precision = run.recorded_precision() or "float32"
    study = started(make_study(spec, dataset, precision, latencies), initial)
    space = study.space
    counted = f"the {dataset.num_classes} classes and {dataset.in_channels} channel(s) of {dataset.name}"
    if options.baseline is not None and options.data is None and spec.baseline.resolution > 2 * dataset.side:
        # Nobody means a network for large photographs and these small images; --data says which are meant.
        space = plan(spec, 1000, 3, latencies)
        counted = "1000 classes and 3 channels, as published; --data NAME counts for your images"
    speed, missing = pace(run.folder), left_to_train(study, run)
    made = plan_document(
        study=study,
        space=space,
        counted=counted,
        latencies=latencies,
        spread=_spread_shown(study, run),
        look=look_number(read_looks(run.folder), spec.seeds),
        missing=len(missing),
        seconds=estimated_seconds(missing, speed),
        speed=speed,
        folder=run.folder,
    )
    answer(with_schedule(made, missing, options.spec, options.engine, speed), options.json)
    return 0


def _search(options: argparse.Namespace) -> int:
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


def _run(spec: StudySpec, dataset: Dataset, run: Run, options: argparse.Namespace, where: EngineOptions) -> int:
    from scaling.grid.latency_limit import apply_latency_limit
    from scaling.grid.looks import read_looks, write_looks
    from scaling.grid.study import make_study
    from scaling.report.text import say, terminal
    from scaling.study.engines.asked import engine_setup
    from scaling.study.engines.engine import make_engine
    from scaling.study.groups import write_groups
    from scaling.study.resolve import initial_weights, started

    initial = initial_weights(spec.recipe, run)
    if _needs_pilot(options, run):
        spec = _after_pilot(spec, dataset, run, options, initial, where)
    engine = make_engine(engine_setup(spec, dataset, run, where, options.checkpoint_minutes, initial))
    study = started(make_study(spec, dataset, engine.precision), initial)
    with run.held():
        run.require_same_config(study.config())
        study = apply_latency_limit(study, run.folder, engine.device)
        looks = read_looks(run.folder)
        if looks:
            write_looks(run.folder, looks)  # before a former result goes, from which they may be known
    with run.opened(study.config()):
        if dataset.validation.groups is not None and dataset.test.groups is not None:
            write_groups(run.folder, dataset.validation.groups, dataset.test.groups)
        run.list_unreadable(dataset.unreadable)
        if dataset.stored is not None:
            run.remember_store(dataset.stored.folder.parent)
        say([] if initial is None else initial.remarks)
        result = _trained(study, run, engine, looks, terminal(stderr=True))
        return _report(result, options.json)


def _needs_pilot(options: argparse.Namespace, run: Run) -> bool:
    """Whether nobody has said, and no training has shown, how long to train."""
    from scaling.grid.own import is_own

    return is_own(options.spec, options.data) and options.epochs is None and run.recorded_epochs() is None


def _after_pilot(
    spec: StudySpec,
    dataset: Dataset,
    run: Run,
    options: argparse.Namespace,
    initial: InitialWeights | None,
    where: EngineOptions,
) -> StudySpec:
    """The specification with the length that a pilot finds."""
    from scaling.grid.own import with_epochs
    from scaling.grid.pilot import FOLDER, find_length
    from scaling.grid.study import make_study
    from scaling.report.text import say, terminal
    from scaling.study.engines.asked import engine_setup
    from scaling.study.resolve import started
    from scaling.study.run import Run as Folder

    started(make_study(spec, dataset, "float32"), initial)  # refuses before the pilot what it would refuse after it
    folder = Folder(run.folder / FOLDER)
    setup = engine_setup(spec, dataset, folder, where, options.checkpoint_minutes, initial)
    epochs, how = find_length(spec, setup, folder, terminal(stderr=True))
    say([how])
    return with_epochs(spec, epochs)


def _trained(study: Study, run: Run, engine: Engine, looks: tuple[int, ...], console: Console) -> SearchResult:
    """Train what is missing, rank, and judge the best and the references on the test images."""
    from scaling.analysis.ranking import rank
    from scaling.grid.looks import look_number, record_look
    from scaling.grid.plan import plan_summary
    from scaling.grid.result import collect, search_result
    from scaling.report.text import say
    from scaling.study.estimate import pace
    from scaling.study.study import AllAtOnce, test_missing, train_proposed

    speed, seeds = pace(run.folder), study.spec.seeds
    missing, spread = run.missing(study.all_trials()), _spread_shown(study, run)
    look = look_number(looks, seeds)
    say(plan_summary(study, missing, engine.device, speed, run.folder, run.config_changes, spread, look))
    train_proposed(AllAtOnce(study), study, run, engine, speed, console)
    collected = collect(study, run)
    # A ranking of a study that is half done is no look at it: nothing is chosen by it.
    asked = None if collected.untrained else look
    ranking = rank(collected.measured, study.space.target, look=asked) if collected.measured else None
    if ranking is not None and ranking.tied is not None:
        record_look(run.folder, looks, seeds)
    say(test_missing(study, run, engine, collected.shown(ranking), speed, console))
    return search_result(study, run, collected, ranking)


def _report(result: SearchResult, as_json: bool) -> int:
    """Keep, show and draw what was found; 1 where nothing was."""
    from scaling.grid.report import search_document
    from scaling.grid.result import families
    from scaling.report.plain import as_data
    from scaling.report.text import say, show
    from scaling.study.collect import nothing_counts

    document = search_document(result, families(result))
    result.run.keep(as_data(document))
    answer(document, as_json)
    nothing = nothing_counts(result.collected.trainings)
    if nothing is not None:
        say([nothing])
        return 1
    if not as_json:
        winner = result.winner
        none = f"No network is near enough to the target cost{result.study.spec.limits.within()} to be the best."
        show(none if winner is None else f"Best: {winner.label}.", f"Records, results and figures: {result.run.folder}")
    _draw(result)
    return 0


def _spread_shown(study: Study, run: Run) -> Spread | None:
    """The variances that a folder's trainings show; None where there are too few."""
    from scaling.analysis.power import spread_of
    from scaling.grid.result import collect

    measured = collect(study, run).measured
    return spread_of(measured) if measured else None


def _draw(result: SearchResult) -> None:
    """The run's figures, beside its records."""
    from scaling.figures.frontier import frontier, frontier_numbers
    from scaling.figures.style import save
    from scaling.figures.triangle import triangle
    from scaling.figures.triangle_numbers import triangle_numbers

    measured, ranking = result.collected.measured, result.ranking
    if ranking is None or result.fitted is None:
        return
    caption = {"data_set": result.study.dataset.name, "device": result.run.devices}
    save(frontier(frontier_numbers(measured, ranking), **caption), result.run.folder, "frontier")
    if any(one.shares is not None for one in measured):
        save(triangle(triangle_numbers(measured, ranking, result.fitted), **caption), result.run.folder, "triangle")


if __name__ == "__main__":
    sys.exit(exit_without_joining_workers(main()))
