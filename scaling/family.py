"""Step 2 of compound scaling, the family of a baseline: `python -m scaling.family`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scaling import terminal
from scaling.rules import RULES

if TYPE_CHECKING:
    from scaling.analysis import FamilyResult
    from scaling.extrapolation import Member
    from scaling.family_report import Listed
    from scaling.study.budgets import Budget
    from scaling.study.family import FamilySpec, FamilyStudy
    from scaling.study.run import Run

COMMAND = "python -m scaling.family"

_RULES = "\n".join(f"  {name:<10}  {one.says}" for name, one in RULES.items())

DESCRIPTION = """\
Step 2 of EfficientNet's compound scaling: the members of a family, each with its factors, its network and its exact cost. By
a rule from phi, by the coefficients that a finished Step 1 found, or as released; or the largest member that fits a budget.
With --train the members of several rules are trained from several seeds and compared at equal cost."""

EXAMPLES = f"""\
examples:
  python -m scaling.family                                  EfficientNet B0 to B7, by formula and as released
  python -m scaling.family --rule fast --phi 0:3:0.5        half steps of fast compound scaling
  python -m scaling.family --run runs/step1                 the family of a finished Step 1
  python -m scaling.family --budget macs=1e9                the largest member of a billion multiply-adds
  python -m scaling.family --budget memory=8e9 --batch 64   the largest that trains in 8 GB on batches of 64
  python -m scaling.family --phi 4 --toml networks          networks/NAME.toml, which every command takes as a baseline
  python -m scaling.family --train --spec family            compound against single dimensions, trained

rules:
{_RULES}

exit status: 0 done, 2 bad input (one line says what), 130 stopped by Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = terminal.Parser(COMMAND, DESCRIPTION, EXAMPLES)
    what = made.add_argument_group("what is scaled, and how")
    what.add_argument(
        "--baseline",
        metavar="NAME|FILE",
        help="a baseline or released network by name, or a TOML file (default: efficientnet_b0; small with --train)",
    )
    what.add_argument(
        "--run", type=Path, metavar="FOLDER", help="a finished Step 1: its baseline, and its winner's alpha, beta and gamma"
    )
    what.add_argument("--fitted", action="store_true", help="with --run: the optimum fitted over all its networks instead")
    what.add_argument(
        "--rule",
        action="append",
        metavar="NAME",
        help="a rule, or several with commas; may be repeated (default: compound and, of B0, released; with --run or --train "
        f"{', '.join(name for name, one in RULES.items() if one.compared)})",
    )
    for name, grows in (("alpha", "layers grow"), ("beta", "channels grow"), ("gamma", "the resolution grows")):
        what.add_argument(f"--{name}", type=float, help=f"of compound: {grows} as {name}^phi")
    what.add_argument(
        "--phi",
        metavar="RANGE",
        help="2, 0:7 (both ends included), 0:3:0.5, or several with commas (default: 0:7; with --run or --train 0:3:0.5)",
    )
    solved = (
        "for each phi the member whose real cost is nearest to 2^phi; --train does so without a --spec, which says it itself"
    )
    what.add_argument("--realise", action="store_true", default=None, help=solved)
    what.add_argument("--rounding", choices=("released", "unguarded", "nearest"), help="to whole layers, channels and pixels")
    size = made.add_argument_group("how large")
    fits = "the largest phi that fits: macs, params, activations or memory (bytes), as macs=1e9 or memory=8G"
    size.add_argument("--budget", action="append", metavar="WHAT=NUMBER", help=fits)
    size.add_argument("--batch", type=int, default=32, help="pictures at a time, for memory (default: 32)")
    size.add_argument("--inference", action="store_true", help="memory for inference instead of training")
    size.add_argument(
        "--classes", type=int, metavar="N", help="outputs of the classifier (default: the run's or the study's, or 1000)"
    )
    size.add_argument("--channels", type=int, metavar="N", help="channels of the pictures (default: theirs, or 3)")
    how = made.add_argument_group("training")
    how.add_argument("--train", action="store_true", help="train the members, compare the rules; go on where it was stopped")
    how.add_argument("--spec", metavar="NAME|FILE", help="a family study: a TOML file, or a name from ./grid or the shipped")
    how.add_argument("--data", metavar="NAME|PATH", help="pictures, as python -m scaling.grid takes them")
    how.add_argument("--seeds", type=int, help="trainings of each network (default: 3)")
    how.add_argument("--to", type=Path, metavar="FOLDER", help="where it is recorded (default: runs/ and the study's name)")
    how.add_argument("--dry-run", action="store_true", help="with --train: list networks and the expected time")
    out = made.add_argument_group("output")
    out.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    out.add_argument("--csv", action="store_true", help="comma-separated lines on standard output instead of tables")
    out.add_argument("--toml", type=Path, metavar="FOLDER", help="write each member's architecture there as TOML")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
    from scaling.data import DataError
    from scaling.study.lock import LockedError

    def work() -> int:
        from scaling.family_request import refuse_idle

        refuse_idle(options)
        return _train(options) if options.train else _list(options)

    stopped = "stopped; finished trials are recorded, the same command goes on from here"
    return terminal.leave(terminal.status(COMMAND, work, (ValueError, DataError, LockedError), stopped))


def _joined(arguments: Sequence[str]) -> list[str]:
    """--phi and a range that begins with a minus sign as one word, which argparse would take for a flag."""
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] == "--phi" and word[:1] == "-" and word[1:2] in "0123456789.":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _list(options: argparse.Namespace) -> int:
    """Members and their cost, nothing trained."""
    from scaling.family_report import coefficients_said, csv_text, document, implied_table, members_table
    from scaling.family_request import counts_asked, family_asked

    spec = family_asked(options)
    listed = _listed(options, spec)
    if options.toml is not None:
        _write_toml(options.toml, [one.member for one in listed])
    if options.json:
        terminal.emit(document(spec, listed))
    elif options.csv:
        print(csv_text(listed), end="")
    else:
        classes, channels = counts_asked(options, spec)
        terminal.show(
            members_table(listed),
            *coefficients_said(spec, listed),
            *_choice_said(options),
            f"Counted with {classes} classes and {channels} channel(s). Memory, estimated, is that of "
            f"{'predicting' if options.inference else 'training on'} batches of {options.batch} in float32.",
        )
        released = [one.member for one in listed if one.member.rule == "released" and one.member.phi]
        if released and "compound" in spec.family.rules:
            terminal.show(
                "\nThe phi at which the formula would give each released factor, and the phi of its cost, log2 of the ratio:",
                implied_table(spec, released),
            )
    return 0


def _choice_said(options: argparse.Namespace) -> list[str]:
    """How sure the choice of a run is that a family follows."""
    from scaling.study.family_reading import tied_with_winner

    if options.run is None:
        return []
    if options.fitted:
        return [f"compound is the optimum of the response surface of {options.run}: train it before believing it."]
    found = tied_with_winner(options.run)
    if found is None:
        return []
    tied, eligible = found
    return [
        f"compound is the winner of {options.run}: {tied} of {eligible} eligible networks are tied with it, itself included."
    ]


def _listed(options: argparse.Namespace, spec: FamilySpec) -> list[Listed]:
    from scaling.family_report import Listed
    from scaling.family_request import budget_asked, counts_asked
    from scaling.memory import inference_bytes, training_bytes

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
    from scaling.study.budgets import Unspent, largest_member

    found, reasons = [], []
    for name in spec.family.rules:
        try:
            found.append(largest_member(spec, name, num_classes, in_channels, budget))
        except Unspent as reason:
            reasons.append(str(reason))
    if not found:
        raise ValueError("; ".join(reasons))
    terminal.say(reasons)
    return found


def _write_toml(folder: Path, members: Sequence[Member]) -> None:
    from scaling.family_report import file_stem
    from scaling.study.spec import baseline_toml

    folder.mkdir(parents=True, exist_ok=True)
    for member in members:
        path, text = folder / f"{file_stem(member)}.toml", baseline_toml(member.architecture)
        if path.exists() and path.read_text("utf-8") != text:
            raise ValueError(f"{path}: holds another network; take another folder with --toml")
        path.write_text(text, "utf-8")
    terminal.say([f"{len(members)} architecture(s) written to {folder}"])


def _train(options: argparse.Namespace) -> int:
    """Train what is missing, compare, report."""
    from rich.console import Console

    from scaling.family_findings import announcement
    from scaling.family_request import family_asked, pictures_asked
    from scaling.study.estimate import pace
    from scaling.study.family import make_family_study
    from scaling.study.run import Run, folder_named
    from scaling.study.trials import test_missing, train_missing

    spec = family_asked(options)
    pictures = pictures_asked(options, spec)
    run = Run(options.to or folder_named(spec.name, None if options.baseline is None else spec.baseline.name, options.data))
    if options.seeds is None:
        spec = dataclasses.replace(spec, seeds=max(spec.seeds, run.recorded_seeds()))
    if options.dry_run:
        study = make_family_study(spec, pictures, "float32")
        return _plan(options, study, run)

    from scaling.study.local import LocalEngine

    engine = LocalEngine(pictures, run.weights)
    study = make_family_study(spec, pictures, engine.precision)
    console = Console(stderr=True)
    with run.opened(study.question()):
        speed = pace(run.folder.parent)
        terminal.say(announcement(study, run.missing(study.all_trials()), engine.device, speed, run.folder, run.grown))
        train_missing(study, run, engine, speed, console)
        terminal.say(test_missing(study, run, engine, study.networks, speed, console))
        _conclude(options, study, run)
    return 0


def _conclude(options: argparse.Namespace, study: FamilyStudy, run: Run) -> None:
    """Compare, keep, report and draw what is recorded."""
    from scaling.analysis.collecting import on_test_images
    from scaling.analysis.families import family_of
    from scaling.family_findings import told
    from scaling.family_report import results_table, study_document

    result = family_of(study.spec.family.rules, study.networks, on_test_images(study, run))
    found = study_document(str(run.folder), study, result)
    run.keep(found)
    if options.json:
        terminal.emit(found)
    else:
        terminal.show(results_table(study, result), *told(study, run, result))
        terminal.show(f"Records, results and figures: {run.folder}")
    _draw(study, run, result)


def _draw(study: FamilyStudy, run: Run, result: FamilyResult) -> None:
    """The run's figure, beside its records."""
    from scaling.figures import rule_curves, rule_curves_numbers, save

    sides = {one.label: one.architecture.resolution for one in study.networks}
    numbers = rule_curves_numbers(result, study.pictures.side, sides)
    raised = study.spec.family.dropout_per_doubling
    title = f"Rules of scaling at equal cost, dropout raised by {raised:g} a doubling, measured" if raised else None
    save(rule_curves(numbers, data_set=study.pictures.name, device=run.devices, title=title), run.folder, "curves")


def _plan(options: argparse.Namespace, study: FamilyStudy, run: Run) -> int:
    from scaling.family_findings import networks_table, planned
    from scaling.study.estimate import estimated_seconds, pace
    from scaling.study.trials import left_to_train

    speed, missing = pace(run.folder.parent), left_to_train(study, run)
    seconds = estimated_seconds(missing, speed)
    if options.json:
        from scaling.family_report import study_document

        terminal.emit({**study_document(None, study), "estimated_seconds": seconds})
    else:
        terminal.show(networks_table(study), *planned(study, len(missing), seconds, speed, run.folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
