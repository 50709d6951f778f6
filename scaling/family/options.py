"""Flags of `python -m scaling.family`."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any, get_args

from scaling.cli.options import Parser, checkpoint_flag, engine_flags, init_flag, place, whole
from scaling.rules.rounding import Rounding
from scaling.rules.rules import RULES

COMMAND = "python -m scaling.family"
TOP = "top"
"""--classes of images whose folder's own sub-folders are the classes, instead of a number of classes."""

_RULES = "\n".join(f"  {name:<10}  {one.says}" for name, one in RULES.items())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the flags say, each as `--help` describes it; None where a flag was not given."""

    baseline: str | None
    run: Path | None
    fitted: bool
    rule: list[str] | None
    alpha: float | None
    beta: float | None
    gamma: float | None
    phi: str | None
    realise: bool | None
    rounding: str | None
    budget: list[str] | None
    batch: int
    inference: bool
    classes: int | str | None
    channels: int | None
    train: bool
    spec: str | None
    data: str | None
    store: Path | None
    skip_unreadable: bool | None
    seeds: int | None
    init: Path | None
    to: Path | None
    dry_run: bool
    checkpoint_minutes: float
    engine: dict[str, Any]
    json: bool
    csv: bool
    toml: Path | None


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
  python -m scaling.family --budget memory=8GB --batch 64   the largest that trains in 8 GB on batches of 64
  python -m scaling.family --phi 4 --toml networks          networks/NAME.toml, which every command takes as a baseline
  python -m scaling.family --train --spec family            compound against single dimensions, trained

rules:
{_RULES}

exit status: 0 done, 1 no training counts (the reason is said), 2 bad input (one line says what), 3 others have to
train first (--engine commands), 130 stopped by Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    _what_is_scaled(made.add_argument_group("what is scaled, and how"))
    _how_large(made.add_argument_group("how large"))
    _training(made.add_argument_group("training"))
    engine_flags(made)
    _output(made.add_argument_group("output"))
    return made


def _what_is_scaled(group: Any) -> None:
    group.add_argument(
        "--baseline",
        metavar="NAME|FILE",
        help="a baseline or released network by name, or a TOML file (default: efficientnet_b0; small with --train)",
    )
    group.add_argument(
        "--run", type=place, metavar="FOLDER", help="a finished Step 1: its baseline, and its winner's alpha, beta and gamma"
    )
    group.add_argument("--fitted", action="store_true", help="with --run: the optimum fitted over all its networks instead")
    group.add_argument(
        "--rule",
        action="append",
        metavar="NAME",
        help="a rule, or several with commas; may be repeated (default: compound and, of B0, released; with --run or --train "
        f"{', '.join(name for name, one in RULES.items() if one.compared)})",
    )
    for name, grows in (("alpha", "layers grow"), ("beta", "channels grow"), ("gamma", "the resolution grows")):
        group.add_argument(f"--{name}", type=float, help=f"of compound: {grows} as {name}^phi")
    group.add_argument(
        "--phi",
        metavar="RANGE",
        help="2, 0:7 (both ends included), 0:3:0.5, or several with commas (default: 0:7; with --run or --train 0:3:0.5)",
    )
    solved = (
        "for each phi the member whose real cost is nearest to 2^phi; --train does so without a --spec, which says it itself"
    )
    group.add_argument("--realise", action="store_true", default=None, help=solved)
    group.add_argument("--rounding", choices=get_args(Rounding), help="to whole layers, channels and pixels")


def _how_large(group: Any) -> None:
    fits = "the largest phi that fits: macs, params, activations or memory (bytes), as macs=1e9 or memory=8GB"
    group.add_argument("--budget", action="append", metavar="WHAT=NUMBER", help=fits)
    group.add_argument("--batch", type=whole, default=32, help="images at a time, for memory (default: 32)")
    group.add_argument("--inference", action="store_true", help="memory for inference instead of training")
    group.add_argument(
        "--classes",
        type=_classes,
        metavar="N|top",
        help="outputs of the classifier (default: the run's or the study's, or 1000); with --train and --data, top: the "
        "sub-folders of the folder are the classes",
    )
    group.add_argument("--channels", type=whole, metavar="N", help="channels of the images (default: theirs, or 3)")


def _classes(text: str) -> int | str:
    if text == TOP:
        return text
    return whole(text)


def _training(group: Any) -> None:
    group.add_argument("--train", action="store_true", help="train the members, compare the rules; go on where it was stopped")
    group.add_argument("--spec", metavar="NAME|FILE", help="a family study: a TOML file, or a name from ./grid or the shipped")
    group.add_argument("--data", metavar="NAME|PATH", help="images, as python -m scaling.grid takes them")
    group.add_argument("--store", type=place, metavar="FOLDER", help="as python -m scaling.grid takes it")
    group.add_argument("--skip-unreadable", action="store_true", default=None, help="as python -m scaling.grid takes it")
    group.add_argument("--seeds", type=whole, help="trainings of each network (default: the specification's, or 3)")
    init_flag(group)
    group.add_argument("--to", type=place, metavar="FOLDER", help="where it is recorded (default: runs/ and the study's name)")
    group.add_argument("--dry-run", action="store_true", help="with --train: list networks and the expected time")
    checkpoint_flag(group)


def _output(group: Any) -> None:
    group.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    group.add_argument("--csv", action="store_true", help="comma-separated lines on standard output instead of tables")
    group.add_argument("--toml", type=place, metavar="FOLDER", help="write each member's architecture there as TOML")
