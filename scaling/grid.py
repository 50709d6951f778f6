"""Step 1 of compound scaling: `python -m scaling.grid --phi 1`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from rich.console import Console

    from scaling.analysis import Ranking
    from scaling.analysis.collecting import Collected
    from scaling.extrapolation import Member
    from scaling.space import Candidate
    from scaling.study.estimate import Pace
    from scaling.study.run import Run
    from scaling.study.spec import StudySpec
    from scaling.study.study import Study

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
  python -m scaling.grid --constraint realised         choose candidates by real cost instead of the product
  python -m scaling.grid --data pictures/ --run runs/mine   your own folder of class folders
  python -m scaling.grid --dry-run --baseline efficientnet_b0 --step 0.05

exit status: 0 done, 2 bad input (one line says what), 130 stopped by Ctrl-C."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}; --help shows what is allowed\n")


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = _Parser(
        "python -m scaling.grid",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = made.add_argument_group("what is asked")
    what.add_argument(
        "--spec",
        default="default",
        metavar="NAME|FILE",
        help="study: a TOML file, or a name from ./grid or the shipped ones (default: default)",
    )
    what.add_argument("--phi", type=float, help="budget exponent: candidates cost about 2^phi times the baseline")
    what.add_argument("--baseline", metavar="NAME|FILE", help="what is scaled: small, efficientnet_b0, or a TOML file")
    what.add_argument(
        "--data",
        metavar="NAME|PATH",
        help="pictures: fashion-mnist-10k (shipped), fashion-mnist, a folder of class folders, an .npz file",
    )
    what.add_argument("--seeds", type=int, help="trainings of each network (default: 2, or what the run already has)")
    which = made.add_argument_group("which candidates")
    which.add_argument(
        "--constraint",
        choices=("nominal", "realised", "both"),
        help="nominal: |alpha beta^2 gamma^2 - 2| <= tolerance, as in the paper; realised: real MACs near 2^phi",
    )
    which.add_argument("--step", type=float, help="distance of neighbours in the lattice, a multiple of 0.01")
    which.add_argument("--tolerance", type=float, help="of the constraint, inclusive")
    which.add_argument("--sample", type=int, metavar="N", help="draw N lattice points at random instead of taking all")
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
    from scaling.data import DataError
    from scaling.study.lock import LockedError
    from scaling.study.tables import SpecError

    try:
        return _dry_run(options) if options.dry_run else _run(options)
    except (SpecError, DataError, LockedError) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename or 'cannot write'}: {error.strerror or error}")
    except KeyboardInterrupt:
        print("\nstopped; finished trials are recorded, the same command goes on from here", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(130)  # workers may still be inside a long compilation; everything of value is on the disk


def _fail(message: str) -> int:
    print(f"python -m scaling.grid: error: {message}", file=sys.stderr)
    return 2


def _spec(options: argparse.Namespace) -> StudySpec:
    """The specification with the flags over it."""
    from scaling.space import Lattice
    from scaling.study.spec import read_baseline, read_spec
    from scaling.study.tables import SpecError

    spec = read_spec(options.spec)
    flags: dict[str, Any] = {"phi": options.phi, "seeds": options.seeds, "data": options.data}
    if options.baseline is not None:
        flags["baseline"] = read_baseline(options.baseline)
    lattice = {name: getattr(options, name) for name in ("constraint", "step", "tolerance", "sample")}
    try:
        changed: Lattice = dataclasses.replace(spec.lattice, **_given(lattice))
        return dataclasses.replace(spec, lattice=changed, **_given(flags))
    except ValueError as error:
        raise SpecError(str(error)) from None


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _folder(options: argparse.Namespace, spec: StudySpec) -> Path:
    """The run folder: as given, or the study's name with the baseline and pictures that replace its own."""
    if options.run is not None:
        return Path(options.run)
    parts = [spec.name]
    if options.baseline is not None:
        parts.append(spec.baseline.name)
    if options.data is not None:
        parts.append(Path(options.data).resolve().stem)
    return Path("runs") / "-".join(parts)


def _console() -> Console:
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_terminal else Console(stderr=True, width=160)


def _print(*parts: Any) -> None:
    """Tables and lines to standard output; no column is cut, a narrow terminal wraps the line instead."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False, markup=False)
    endless = console.options.update(max_width=10_000)
    for part in parts:
        if isinstance(part, str):
            console.print(part, soft_wrap=True)
        else:
            Console(width=Measurement.get(console, endless, part).maximum).print(part)


def _dry_run(options: argparse.Namespace) -> int:
    from scaling.data import load
    from scaling.report import candidates_table, document, rows
    from scaling.study.estimate import estimated_seconds, pace
    from scaling.study.progress import duration
    from scaling.study.study import make_study, plan

    spec = _spec(options)
    pictures = load(spec.data, side=spec.side)
    study = make_study(spec, pictures, "float32")
    if options.baseline is not None and options.data is None:
        space = plan(spec, 1000, 3)
        counted = "counted with 1000 classes and 3 channels, as published; --data NAME counts for your pictures"
    else:
        space = study.space
        counted = f"counted with the {pictures.num_classes} classes and {pictures.in_channels} channel(s) of {pictures.name}"
    lines = rows(space, (), None, {})
    if options.json:
        _emit(document(None, space, lines, None, ()))
        return 0
    speed = pace(_folder(options, spec).parent)
    realised = [one.realised for one in space.lattice]
    _print(
        candidates_table(lines),
        f"{space.points} lattice points make {len(space.lattice)} distinct networks, realised x{min(realised):.2f} to "
        f"x{max(realised):.2f} for a target of x{space.target:g}; {len(space.candidates) - len(space.lattice)} references "
        f"beside them.\nMACs {counted}.\nTraining all on {pictures.name} would take about "
        f"{duration(estimated_seconds(study.all_trials(), speed))} on this machine (from {speed.source}).\n"
        f"Nothing was trained; without --dry-run it is recorded in {_folder(options, spec)}.",
    )
    return 0


def _run(options: argparse.Namespace) -> int:
    from scaling.analysis import rank
    from scaling.analysis.collecting import collect, tested
    from scaling.data import load
    from scaling.report import document, rows
    from scaling.study.estimate import pace
    from scaling.study.run import Run
    from scaling.study.study import make_study, test_missing, train_missing

    spec = _spec(options)
    console = _console()
    run = Run(_folder(options, spec))
    if options.seeds is None:
        spec = dataclasses.replace(spec, seeds=max(spec.seeds, run.recorded_seeds()))
    pictures = load(spec.data, side=spec.side)

    from scaling.study.local import LocalEngine

    engine = LocalEngine(pictures, run.weights)
    study = make_study(spec, pictures, engine.precision)
    with run.opened(study.question()):
        speed = pace(run.folder.parent)
        _announce(study, run, engine.device, speed, console)
        train_missing(study, run, engine, speed, console)
        collected = collect(study, run)
        ranking = rank(collected.measured, study.space.target) if collected.measured else None
        test_missing(study, run, engine, _chosen(collected, ranking))
        lines = rows(study.space, collected.candidates, ranking, tested(study, run, collected))
        members = _family(study, collected, ranking)
        found = document(str(run.folder), study.space, lines, ranking, members)
        _keep(run.folder, found)
        if ranking is not None:
            _draw(study, run, collected, ranking)
    if options.json:
        _emit(found)
    else:
        _tell(study, run, collected, ranking, lines, members)
    return 0


def _announce(study: Study, run: Run, device: str, speed: Pace, console: Console) -> None:
    """What will be trained, how long it will take, and what it will be able to tell apart."""
    from scaling.analysis import expected_standard_error
    from scaling.study.estimate import estimated_seconds
    from scaling.study.progress import duration

    space, pictures, trials = study.space, study.pictures, study.all_trials()
    missing = run.missing(trials)
    seeds, judged = study.spec.seeds, len(pictures.validation)
    error = 100 * expected_standard_error(judged, seeds)
    console.print(
        f"Step 1 at phi {study.spec.phi:g}: {space.points} lattice points make {len(space.lattice)} networks, with the "
        f"references {len(space.candidates)}; {seeds} seed(s) each.\n"
        f"Pictures: {pictures.name}, {len(pictures.train):,} to train, {judged:,} to choose, {len(pictures.test):,} to "
        f"report; {pictures.num_classes} classes.\n"
        f"Device: {device}. Records: {run.folder}.\n"
        f"Expect a standard error of {error:.2f} points for the difference of two networks (by the variance formula of a "
        f"measured proxy): differences under {2 * error:.1f} points will mostly tie.",
        highlight=False,
        markup=False,
    )
    if missing:
        console.print(
            f"{len(missing)} of {len(trials)} trials to train, about {duration(estimated_seconds(missing, speed))} "
            f"(from {speed.source}). Ctrl-C stops cleanly; the same command goes on.",
            highlight=False,
            markup=False,
        )
    else:
        console.print(f"All {len(trials)} trials are recorded already; nothing to train.", highlight=False)


def _chosen(collected: Collected, ranking: Ranking | None) -> list[Candidate]:
    """Who is shown the test pictures after the choice: the best and the references."""
    from scaling.space import REFERENCES

    best = ranking.best if ranking else None
    return [
        one for index, one in enumerate(collected.candidates) if index == best or any(name in REFERENCES for name in one.origin)
    ]


def _winner(collected: Collected, ranking: Ranking | None) -> Candidate | None:
    return collected.candidates[ranking.best] if ranking is not None and ranking.best is not None else None


def _family(study: Study, collected: Collected, ranking: Ranking | None) -> list[Member]:
    """Step 2 for the study's baseline and, if that is another network, for EfficientNet-B0."""
    from scaling.arch import EFFICIENTNET_B0
    from scaling.extrapolation import as_released, by_formula
    from scaling.space import PAPER

    winner = _winner(collected, ranking)
    baselines = [(study.spec.baseline, study.pictures.num_classes, study.pictures.in_channels)]
    if study.spec.baseline != EFFICIENTNET_B0:
        baselines.append((EFFICIENTNET_B0, 1000, 3))
    members: list[Member] = []
    for baseline, classes, channels in baselines:
        if winner is not None:
            rounding = study.spec.lattice.rounding
            members += by_formula(baseline, "winner", winner.coefficients, classes, channels, rounding=rounding)
        members += by_formula(baseline, "paper", PAPER, classes, channels)
        members += as_released(baseline, classes, channels)
    return members


def _keep(folder: Path, found: dict[str, Any]) -> None:
    """Write the result beside the records."""
    draft = folder / ".results.json"
    draft.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    os.replace(draft, folder / "results.json")


def _draw(study: Study, run: Run, collected: Collected, ranking: Ranking) -> None:
    """The run's figures, beside its records."""
    from scaling.analysis import response_surface
    from scaling.figures import frontier, frontier_numbers, save, triangle, triangle_numbers

    caption = {"data_set": study.pictures.name, "device": run.devices}
    save(frontier(frontier_numbers(collected.measured, ranking), **caption), run.folder, "frontier")
    surface = response_surface(collected.measured, study.space.target)
    save(triangle(triangle_numbers(collected.measured, ranking, surface), **caption), run.folder, "triangle")


def _emit(found: dict[str, Any]) -> None:
    json.dump(found, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


def _tell(
    study: Study, run: Run, collected: Collected, ranking: Ranking | None, lines: Sequence[Any], members: list[Member]
) -> None:
    from scaling.report import family_table, ranking_table, test_table

    _print(ranking_table(lines))
    for sentence in collected.missing:
        _print(f"No result for {sentence}")
    if ranking is not None:
        _print(*_findings(study, collected, ranking))
        _print("\nTest pictures, looked at after the choice:", test_table(lines))
    _print("Step 2: B1-B7 by formula with the winner, by formula with the paper's coefficients, and as released.")
    for name in dict.fromkeys(member.baseline for member in members):
        _print(f"\n{name}, ratios to its own cost:", family_table([one for one in members if one.baseline == name]))
    _print(f"Records, results and figures: {run.folder}")


def _findings(study: Study, collected: Collected, ranking: Ranking) -> list[str]:
    """What the ranking says, in sentences."""
    said = [
        f"Accuracy on {ranking.pictures:,} validation pictures with {ranking.confidence:.0%} intervals; 'adjusted' takes it "
        f"to exactly x{ranking.target:g} by {100 * ranking.slope:+.2f} points per unit of log MACs."
    ]
    if ranking.seed_sd is not None:
        said.append(
            f"One training more or less moves an accuracy by {100 * ranking.seed_sd:.2f} points (standard deviation, "
            f"{ranking.degrees_of_freedom} degrees of freedom)."
        )
    said += list(ranking.notes)
    winner = _winner(collected, ranking)
    if winner is None:
        return said
    tied = sum(entry.tied for entry in ranking.networks)
    eligible = sum(entry.eligible for entry in ranking.networks)
    said.append(f"Best: {winner.label}. {tied} of {eligible} eligible networks are tied with it, itself included.")
    return said + _alias_range(study, winner)


def _alias_range(study: Study, winner: Candidate) -> list[str]:
    """What else the winner's network could mean for Step 2."""
    from scaling.extrapolation import by_formula
    from scaling.space import BUDGET

    said = []
    if len(winner.aliases) > 1:
        macs = [
            by_formula(
                study.spec.baseline,
                "alias",
                alias,
                study.pictures.num_classes,
                study.pictures.in_channels,
                phis=(7,),
            )[0].ratio
            for alias in winner.aliases
        ]
        said.append(
            f"Its network is also that of {len(winner.aliases) - 1} other point(s); at phi 7 they would cost x{min(macs):.0f} "
            f"to x{max(macs):.0f} (2^7 is x128). Step 2 uses {winner.label}."
        )
    nominal = winner.coefficients.nominal
    if abs(nominal - BUDGET) > study.spec.lattice.tolerance:
        said.append(
            f"Warning: the winner's product is {nominal:.3f}, outside {BUDGET} +-{study.spec.lattice.tolerance:g}: its family "
            "does not double in cost per unit of phi."
        )
    return said


if __name__ == "__main__":
    sys.exit(main())
