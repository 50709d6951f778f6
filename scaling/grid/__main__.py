"""Step 1 of compound scaling: `python -m scaling.grid --phi 1`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.cli import terminal

if TYPE_CHECKING:
    from scaling.analysis.changes import Lead
    from scaling.analysis.power import Spread
    from scaling.analysis.ranking import Ranking
    from scaling.analysis.stability import Stability
    from scaling.analysis.surface import Fitted
    from scaling.data import PictureSet
    from scaling.grid.result import Collected, DirectLead
    from scaling.grid.spec import StudySpec
    from scaling.grid.study import Study
    from scaling.grid.tables import Row
    from scaling.rules.members import Member
    from scaling.study.run import Run

COMMAND = "python -m scaling.grid"

DESCRIPTION = """\
Step 1 of EfficientNet's compound scaling: scale a baseline by every (alpha, beta, gamma) of a lattice whose cost is
near 2^phi, train each distinct network on real pictures from several seeds, and rank them with honest error bars.
Then Step 2: the family B1-B7 that follows.

With no option it trains the shipped study "default": 20 small networks on 6,000 pictures, minutes on two CPU cores.
Everything is recorded in runs/NAME as it happens: stop it at any moment and start it again, it goes on."""

EXAMPLES = """\
examples:
  python -m scaling.grid --phi 1                       the default study
  python -m scaling.grid --dry-run                     list its candidates and the time it would take, train nothing
  python -m scaling.grid --seeds 4                     train the seeds that are missing, rank again
  python -m scaling.grid --max-params 80k --max-latency 1.5   leave out networks that cost more than that
  python -m scaling.grid --constraint realised         choose candidates by real cost instead of the product
  python -m scaling.grid --phi 2 --extrapolate runs/step1 --run runs/phi2   is a choice at phi 1 still one at phi 2?
  python -m scaling.grid --data pictures/ --run runs/mine   your own folder of class folders
  python -m scaling.grid --dry-run --baseline efficientnet_b0 --step 0.05

exit status: 0 done, 2 bad input (one line says what), 130 stopped by Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = terminal.Parser(COMMAND, DESCRIPTION, EXAMPLES)
    what = made.add_argument_group("what is asked")
    what.add_argument(
        "--spec",
        default="default",
        metavar="NAME|FILE",
        help="study: a TOML file, or a name from ./grid or the shipped ones (default: default)",
    )
    what.add_argument("--phi", type=float, help="budget exponent: candidates cost about 2^phi times the baseline")
    what.add_argument("--baseline", metavar="NAME|FILE", help="what is scaled: a released network, small, or a TOML file")
    what.add_argument(
        "--data",
        metavar="NAME|PATH",
        help="pictures: fashion-mnist-10k (shipped), fashion-mnist, a folder of class folders, an .npz file",
    )
    what.add_argument(
        "--grouped",
        action="store_true",
        default=None,
        help="images of one sub-folder of a class (CLASS/GROUP/IMAGE) depend on each other, as frames of one video: a group "
        "stays in one split, and errors count groups",
    )
    what.add_argument("--seeds", type=int, help="trainings of each network (default: 2, or what the run already has)")
    which = made.add_argument_group("which candidates")
    which.add_argument(
        "--constraint",
        choices=("nominal", "realised", "both"),
        help="nominal: |alpha beta^2 gamma^2 - 2| <= tolerance, as in the paper; realised: real MACs near 2^phi; both: both",
    )
    which.add_argument("--step", type=float, help="distance of neighbours in the lattice, a multiple of 0.01")
    which.add_argument("--tolerance", type=float, help="of the product (nominal) or, relative, of 2^phi (realised); inclusive")
    which.add_argument(
        "--eligible-only",
        action="store_true",
        default=None,
        help="leave out lattice networks too far from the target cost to be chosen; the references stay",
    )
    which.add_argument("--sample", type=int, metavar="N", help="draw N lattice points at random instead of taking all")
    which.add_argument(
        "--extrapolate",
        type=Path,
        metavar="RUN",
        help="also train the choice of that search, carried to this phi's cost, and say what searching here gained",
    )
    limits = made.add_argument_group("which candidates cost too much; the references stay, but are not chosen")
    limits.add_argument("--max-params", type=terminal.amount, metavar="N", help="most parameters, as 100k or 5.3e6")
    limits.add_argument("--max-macs", type=terminal.amount, metavar="N", help="most multiply-adds a picture, as 1.2M")
    limits.add_argument("--max-memory", type=terminal.amount, metavar="BYTES", help="most memory to train, estimated, as 8G")
    limits.add_argument(
        "--max-latency", type=terminal.amount, metavar="MS", help="most milliseconds a picture at inference, measured here once"
    )
    how = made.add_argument_group("how")
    how.add_argument("--run", type=Path, metavar="FOLDER", help="where it is recorded (default: runs/ and the study's name)")
    how.add_argument(
        "--dry-run", action="store_true", help="list candidates, aliases, costs and the expected time; train nothing"
    )
    how.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    return made  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)

    def work() -> int:
        return _dry_run(options) if options.dry_run else _run(options)

    stopped = "stopped; finished trials are recorded, the same command goes on from here"
    return terminal.leave(terminal.status(COMMAND, work, stopped))


def _spec(options: argparse.Namespace) -> StudySpec:
    """The specification with the flags over it."""
    from scaling.grid.spec import read_spec
    from scaling.study.spec import read_baseline

    spec = read_spec(options.spec)
    flags: dict[str, Any] = {"phi": options.phi, "seeds": options.seeds, "data": options.data}
    flags |= {"eligible_only": options.eligible_only, "grouped": options.grouped}
    if options.baseline is not None:
        flags["baseline"] = read_baseline(options.baseline)
    lattice = {name: getattr(options, name) for name in ("constraint", "step", "tolerance", "sample")}
    limits = {name: getattr(options, f"max_{name}") for name in ("params", "macs", "latency", "memory")}
    flags["lattice"] = dataclasses.replace(spec.lattice, **_given(lattice))
    flags["limits"] = dataclasses.replace(spec.limits, **_given(limits))
    return dataclasses.replace(spec, **_given(flags))


def _asked(options: argparse.Namespace) -> tuple[StudySpec, PictureSet, Run]:
    """The specification, with the seeds its folder has already and another run's choice; its pictures; its run."""
    from scaling.grid.study import load_pictures
    from scaling.study.run import Run

    spec = _spec(options)
    run = Run(_folder(options, spec))
    if options.seeds is None:
        spec = dataclasses.replace(spec, seeds=max(spec.seeds, run.recorded_seeds()))
    pictures = load_pictures(spec)
    if options.extrapolate is not None:
        from scaling.grid.reopen import with_choice

        spec = with_choice(spec, options.extrapolate, pictures.num_classes, pictures.in_channels)
    return spec, pictures, run


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _folder(options: argparse.Namespace, spec: StudySpec) -> Path:
    """The run folder: as given, or by the study's name."""
    from scaling.study.run import folder_named

    if options.run is not None:
        return Path(options.run)
    return folder_named(spec.name, None if options.baseline is None else spec.baseline.name, options.data)


def _dry_run(options: argparse.Namespace) -> int:
    from scaling.grid.findings import enlarged, independent, limited, power, worth_training
    from scaling.grid.latency import read_latencies
    from scaling.grid.looks import look_number, read_looks
    from scaling.grid.study import make_study, plan
    from scaling.grid.tables import candidates_table, document, rows
    from scaling.study.estimate import estimated_seconds, pace
    from scaling.study.progress import duration
    from scaling.study.study import left_to_train

    spec, pictures, run = _asked(options)
    latencies = read_latencies(run.folder)
    study = make_study(spec, pictures, run.recorded_precision() or "float32", latencies)
    space = study.space
    counted = f"the {pictures.num_classes} classes and {pictures.in_channels} channel(s) of {pictures.name}"
    if options.baseline is not None and options.data is None and spec.baseline.resolution > 2 * pictures.side:
        # Nobody means a network for large photographs and these small pictures; --data says which are meant.
        space = plan(spec, 1000, 3, latencies)
        counted = "1000 classes and 3 channels, as published; --data NAME counts for your pictures"
    lines = rows(space)
    look = look_number(read_looks(run.folder), spec.seeds)
    speed, total, missing = pace(run.folder.parent), len(study.all_trials()), left_to_train(study, run)
    seconds = estimated_seconds(missing, speed)
    if options.json:
        terminal.emit({**document(None, space, lines, None, (), limits=spec.limits), "estimated_seconds": seconds})
        return 0
    realised = [one.realised for one in space.lattice]
    terminal.show(
        candidates_table(lines),
        f"{space.points} lattice points make {len(space.lattice)} distinct networks, realised x{min(realised):.2f} to "
        f"x{max(realised):.2f} for a target of x{space.target:g}; {len(space.candidates) - len(space.lattice)} references "
        "beside them.",
        *limited(spec.limits, space, latencies),
        f"MACs counted with {counted}.",
        *enlarged(pictures, space.candidates),
        *worth_training(space),
        f"Images: {pictures.name}, {len(pictures.train):,} to train, {len(pictures.validation):,} to choose, "
        f"{len(pictures.test):,} to report.",
        *power(space, independent(pictures.validation), spec.seeds, _spread_shown(study, run), look),
        f"{len(missing)} of {total} trials are to be trained on {pictures.name}: about {duration(seconds)}, by {speed.source}.",
        f"Nothing was trained; without --dry-run it is recorded in {run.folder}.",
    )
    return 0


def _run(options: argparse.Namespace) -> int:
    from rich.console import Console

    from scaling.analysis.ranking import rank
    from scaling.analysis.surface import response_surface
    from scaling.grid.findings import announcement
    from scaling.grid.looks import look_number, read_looks, record_look, write_looks
    from scaling.grid.result import collect, direct_lead, stability_of, test_leads
    from scaling.grid.study import make_study
    from scaling.grid.tables import document, rows
    from scaling.study.collect import tested
    from scaling.study.estimate import pace
    from scaling.study.groups import write_groups
    from scaling.study.study import test_missing, train_missing

    spec, pictures, run = _asked(options)
    from scaling.grid.latency_limit import held_to_latency
    from scaling.study.engines.local import LocalEngine

    engine = LocalEngine(pictures, run.weights)
    study = make_study(spec, pictures, engine.precision)
    console = Console(stderr=True)
    with run.held():
        run.require_same(study.question())
        study = held_to_latency(study, run.folder, engine.device)
        looks = read_looks(run.folder)
        if looks:
            write_looks(run.folder, looks)  # before a former result goes, from which they may be known
    with run.opened(study.question()):
        if pictures.validation.groups is not None and pictures.test.groups is not None:
            write_groups(run.folder, pictures.validation.groups, pictures.test.groups)
        speed = pace(run.folder.parent)
        missing, spread = run.missing(study.all_trials()), _spread_shown(study, run)
        look = look_number(looks, spec.seeds)
        terminal.say(announcement(study, missing, engine.device, speed, run.folder, run.grown, spread, look))
        train_missing(study, run, engine, speed, console)
        collected = collect(study, run)
        asked = None if collected.untrained else look
        ranking = rank(collected.measured, study.space.target, look=asked) if collected.measured else None
        if ranking is not None and ranking.tied is not None:
            record_look(run.folder, looks, spec.seeds)
        terminal.say(test_missing(study, run, engine, collected.shown(ranking), speed, console))
        winner = collected.winner(ranking)
        lines = rows(study.space, collected.candidates, ranking, tested(study, run), collected.trainings)
        lead, leads = direct_lead(study, run, winner), test_leads(study, run, winner)
        members = _family(study, collected, ranking)
        stability = stability_of(collected, ranking)
        fitted = response_surface(collected.measured, study.space.target) if ranking is not None else None
        surface = fitted.surface if fitted is not None else None
        found = document(
            str(run.folder), study.space, lines, ranking, members, stability, surface, lead, leads, study.spec.limits
        )
        run.keep(found)
        if options.json:
            terminal.emit(found)
        else:
            _tell(study, run, collected, ranking, fitted, lines, members, stability, lead, leads)
        if ranking is not None and fitted is not None:
            _draw(study, run, collected, ranking, fitted)
    return 0


def _spread_shown(study: Study, run: Run) -> Spread | None:
    """The variances that a folder's trainings show; None where there are too few."""
    from scaling.analysis.power import spread_of
    from scaling.grid.result import collect

    measured = collect(study, run).measured
    return spread_of(measured) if measured else None


def _family(study: Study, collected: Collected, ranking: Ranking | None) -> list[Member]:
    """Step 2 for the study's baseline and, if that is another network, for EfficientNet-B0."""
    from scaling.arch import EFFICIENTNET_B0
    from scaling.rules.members import family

    winner = collected.winner(ranking)
    coefficients = None if winner is None else winner.coefficients
    rounding = study.spec.lattice.rounding
    counts = (study.pictures.num_classes, study.pictures.in_channels)
    members = family(study.spec.baseline, *counts, coefficients, rounding)
    if study.spec.baseline != EFFICIENTNET_B0:
        members += family(EFFICIENTNET_B0, 1000, 3, coefficients, rounding)
    return list(members)


def _tell(
    study: Study,
    run: Run,
    collected: Collected,
    ranking: Ranking | None,
    fitted: Fitted | None,
    lines: Sequence[Row],
    members: Sequence[Member],
    stability: Stability | None,
    lead: DirectLead | None,
    leads: Sequence[Lead],
) -> None:
    """The whole result as tables and sentences."""
    from scaling.grid.report import search_parts, test_parts
    from scaling.grid.tables import family_table

    terminal.show(*search_parts(study, run, collected, ranking, fitted, lines, stability))
    terminal.show(*test_parts(lines, leads, lead, stability))
    terminal.show("Step 2: B1-B7 by formula with the winner, by formula with the paper's coefficients, and as released.")
    for name in dict.fromkeys(member.baseline for member in members):
        terminal.show(f"\n{name}, ratios to its own cost:", family_table([one for one in members if one.baseline == name]))
    winner = collected.winner(ranking)
    none = f"No network is near enough to the target cost{study.spec.limits.within()} to be the best."
    terminal.show(none if winner is None else f"Best: {winner.label}.", f"Records, results and figures: {run.folder}")


def _draw(study: Study, run: Run, collected: Collected, ranking: Ranking, fitted: Fitted) -> None:
    """The run's figures, beside its records."""
    from scaling.figures.frontier import frontier, frontier_numbers
    from scaling.figures.style import save
    from scaling.figures.triangle import triangle, triangle_numbers

    caption = {"data_set": study.pictures.name, "device": run.devices}
    save(frontier(frontier_numbers(collected.measured, ranking), **caption), run.folder, "frontier")
    if any(one.shares is not None for one in collected.measured):
        save(triangle(triangle_numbers(collected.measured, ranking, fitted), **caption), run.folder, "triangle")


if __name__ == "__main__":
    sys.exit(main())
