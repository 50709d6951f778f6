"""Step 2 of compound scaling, the family of a baseline: `python -m scaling.family`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scaling.cli.answer import answer
from scaling.cli.exit import exit_without_joining_workers, status
from scaling.cli.options import engine_given
from scaling.core.errors import UserError
from scaling.core.files import make_folder
from scaling.family.options import COMMAND, Options, parser

if TYPE_CHECKING:
    from scaling.data import Dataset, ListedDataset
    from scaling.family.budget import Budget
    from scaling.family.listing import Listed
    from scaling.family.result import Family
    from scaling.family.spec import FamilySpec
    from scaling.rules.members import Member
    from scaling.study.engines.options import EngineOptions
    from scaling.study.run import Run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    words = _joined(sys.argv[1:] if arguments is None else arguments)
    options = Options(**engine_given(vars(parser().parse_args(words))))

    def work() -> int:
        from scaling.family.request import refuse_idle

        refuse_idle(options)
        if not options.train:
            return _list(options)
        return _plan(options) if options.dry_run else _train(options)

    stopped = "stopped; finished trials are recorded, the same command continues from here"
    return status(COMMAND, work, stopped)


def _joined(arguments: Sequence[str]) -> list[str]:
    """--phi and a range that begins with a minus sign as one word, which argparse would take for a flag."""
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] == "--phi" and word[:1] == "-" and word[1:2] in "0123456789.":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _list(options: Options) -> int:
    """Members and their cost, nothing trained."""
    from scaling.family.listing import machine_table, members_document
    from scaling.family.request import counts_asked, family_asked
    from scaling.report.plain import as_csv

    spec = family_asked(options)
    listed = _listed(options, spec)
    if options.toml is not None:
        _write_toml(options.toml, [one.member for one in listed])
    if options.csv:
        print(as_csv(machine_table(listed)), end="")
        return 0
    classes, channels = counts_asked(options, spec)
    counted = (
        f"Counted with {classes} classes and {channels} channel(s). Memory, estimated, is that of "
        f"{'predicting' if options.inference else 'training on'} batches of {options.batch} in float32."
    )
    answer(members_document(spec, listed, [*_choice_said(options, spec), counted]), options.json)
    return 0


def _choice_said(options: Options, spec: FamilySpec) -> list[str]:
    """How sure the choice of a run is that a family follows."""
    if options.run is None or "compound" not in spec.family.rules:
        return []
    if options.fitted:
        return [f"compound is the optimum of the response surface of {options.run}: a prediction; train it to confirm."]
    from scaling.grid.findings import gain_doubted
    from scaling.grid.reopen import read_search

    ranking = read_search(options.run).ranking
    doubted = gain_doubted(ranking)
    if ranking.tied is None:
        return doubted
    return [
        *doubted,
        f"compound is the winner of {options.run}: {ranking.tied} of {ranking.eligible} eligible networks are tied for best, "
        "including the best itself.",
    ]


def _listed(options: Options, spec: FamilySpec) -> list[Listed]:
    from scaling.count.memory import inference_bytes, training_bytes
    from scaling.family.listing import Listed
    from scaling.family.request import budget_asked, counts_asked

    counted = counts_asked(options, spec)

    def memory(member: Member) -> int:
        needs = inference_bytes if options.inference else training_bytes
        return needs(member.architecture, options.batch, *counted)

    if options.budget is None:
        found = list(spec.family.members(spec.baseline, *counted))
    else:
        found = _largest(spec, *counted, budget_asked(options.budget[0], memory))
    return [Listed(member, options.batch, options.inference, memory(member)) for member in found]


def _largest(spec: FamilySpec, num_classes: int, in_channels: int, budget: Budget) -> list[Member]:
    """The largest member of each rule that has one; the others are told on standard error, and if there is none, refused."""
    from scaling.family.budget import NoMemberFits, largest_member
    from scaling.report.text import say

    found, reasons = [], []
    for name in spec.family.rules:
        try:
            found.append(largest_member(spec, name, num_classes, in_channels, budget))
        except NoMemberFits as reason:
            reasons.append(str(reason))
    if not found:
        raise UserError("; ".join(reasons))
    say(reasons)
    return found


def _write_toml(folder: Path, members: Sequence[Member]) -> None:
    from scaling.family.listing import file_stem
    from scaling.report.text import say
    from scaling.study.spec import baseline_toml

    make_folder(folder)
    for member in members:
        path, text = folder / f"{file_stem(member)}.toml", baseline_toml(member.architecture)
        if path.exists() and path.read_text("utf-8") != text:
            raise UserError(f"refusing to overwrite {path}: it describes a different network; take another folder with --toml")
        path.write_text(text, "utf-8")
    say([f"{len(members)} architecture(s) written to {folder}"])


def _asked(options: Options) -> tuple[FamilySpec, Dataset | ListedDataset, Run]:
    """The specification, with the seeds its folder has already; its images; its run."""
    from scaling.family.request import dataset_asked, family_asked
    from scaling.report.text import say
    from scaling.study.run import Run, folder_named

    spec = family_asked(options)
    dataset = dataset_asked(options, spec)
    say(dataset.notes)
    run = Run(options.to or folder_named(spec.name, None if options.baseline is None else spec.baseline.name, options.data))
    if options.seeds is None:
        spec = dataclasses.replace(spec, seeds=max(spec.seeds, run.recorded_seeds()))
    return spec, dataset, run


def _plan(options: Options) -> int:
    """Networks and the expected time, nothing trained."""
    from scaling.family.report import plan_document
    from scaling.family.study import make_family_study
    from scaling.study.estimate import estimated_seconds, pace
    from scaling.study.resolve import initial_weights, started
    from scaling.study.schedule import with_schedule
    from scaling.study.study import left_to_train

    spec, dataset, run = _asked(options)
    study = started(make_family_study(spec, dataset, "float32"), initial_weights(spec.recipe, run))
    speed, missing = pace(run.folder), left_to_train(study, run)
    seconds = estimated_seconds(missing, speed)
    made = plan_document(study, len(missing), seconds, speed, run.folder)
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


def _run(spec: FamilySpec, dataset: Dataset, run: Run, options: Options, where: EngineOptions) -> int:
    """Train what is missing, compare, report."""
    from scaling.family.findings import plan_summary
    from scaling.family.result import family_found
    from scaling.family.study import make_family_study
    from scaling.report.text import say, terminal
    from scaling.study.collect import nothing_counts, trainings
    from scaling.study.engines.asked import engine_setup
    from scaling.study.engines.engine import make_engine
    from scaling.study.estimate import pace
    from scaling.study.groups import write_groups
    from scaling.study.resolve import initial_weights, started
    from scaling.study.study import AllAtOnce, test_missing, train_proposed

    initial = initial_weights(spec.recipe, run)
    engine = make_engine(engine_setup(spec, dataset, run, where, options.checkpoint_minutes, initial))
    study = started(make_family_study(spec, dataset, engine.precision), initial)
    console = terminal(stderr=True)
    with run.opened(study.config()):
        if dataset.validation.groups is not None and dataset.test.groups is not None:
            write_groups(run.folder, dataset.validation.groups, dataset.test.groups)
        run.list_unreadable(dataset.unreadable)
        if dataset.stored is not None:
            run.remember_store(dataset.stored.folder.parent)
        say([] if initial is None else initial.remarks)
        speed = pace(run.folder)
        say(plan_summary(study, run.missing(study.all_trials()), engine.device, speed, run.folder, run.config_changes))
        train_proposed(AllAtOnce(study), study, run, engine, speed, console)
        say(test_missing(study, run, engine, study.networks, speed, console))
        nothing = nothing_counts(trainings(study, run))
        if nothing is not None:
            say([nothing])
            return 1
        return _report(family_found(study, run), options.json)


def _report(family: Family, as_json: bool) -> int:
    """Keep, show and draw what is recorded."""
    from scaling.family.report import family_document
    from scaling.report.plain import as_data
    from scaling.report.text import show

    document = family_document(family)
    family.run.keep(as_data(document))
    answer(document, as_json)
    if not as_json:
        show(f"Records, results and figures: {family.run.folder}")
    _draw(family)
    return 0


def _draw(family: Family) -> None:
    """The run's figure, beside its records."""
    from scaling.figures.rule_curves import rule_curves, rule_curves_numbers
    from scaling.figures.style import save

    study, run = family.study, family.run
    if not any(one.networks for one in family.result.curves):
        return  # rounding left every network too far from its rule, as the tables say
    sides = {one.label: one.architecture.resolution for one in study.networks}
    numbers = rule_curves_numbers(family.result, study.dataset.side, sides)
    raised = study.spec.dropout_per_doubling
    title = f"Rules of scaling at equal cost, dropout raised by {raised:g} a doubling, measured" if raised else None
    save(rule_curves(numbers, data_set=study.dataset.name, device=run.devices, title=title), run.folder, "curves")


if __name__ == "__main__":
    sys.exit(exit_without_joining_workers(main()))
