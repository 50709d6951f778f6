"""Flags of `python -m scaling.grid`."""

from __future__ import annotations

import argparse
from typing import Any

from scaling.cli.options import (
    Parser,
    amount,
    byte_amount,
    checkpoint_flag,
    engine_flags,
    init_flag,
    milliseconds,
    place,
    whole,
)

COMMAND = "python -m scaling.grid"


DESCRIPTION = """\
Step 1 of EfficientNet's compound scaling: scale a baseline by every (alpha, beta, gamma) of a lattice whose cost is
near 2^phi, train each distinct network on real images from several seeds, and rank them with honest error bars.
Then Step 2: the family B1-B7 that follows.

With no option it trains the shipped study "default": 20 small networks on 6,000 images, minutes on two CPU cores.
Everything is recorded in runs/NAME as it happens: stop it at any moment and start it again, it goes on."""


EXAMPLES = """\
examples:
  python -m scaling.grid --phi 1                       the default study
  python -m scaling.grid --dry-run                     list its candidates and the time it would take, train nothing
  python -m scaling.grid --seeds 4                     train the seeds that are missing, rank again
  python -m scaling.grid --max-params 80k --max-latency 1.5   leave out networks that cost more than that
  python -m scaling.grid --constraint realised         choose candidates by real cost instead of the product
  python -m scaling.grid --phi 2 --extrapolate runs/step1 --run runs/phi2   is a choice at phi 1 still one at phi 2?
  python -m scaling.grid --data images/ --run runs/mine   your own folder of class folders
  python -m scaling.grid --engine ray --workers 8         on a Ray cluster; docs/cluster.md has SLURM and others
  python -m scaling.grid --dry-run --baseline efficientnet_b0 --step 0.05

exit status: 0 done, 1 no training counts (the reason is said), 2 bad input (one line says what), 3 others have to
train first (--engine commands), 130 stopped by Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    _what_is_asked(made.add_argument_group("what is asked"))
    _which_candidates(made.add_argument_group("which candidates"))
    _limits(made.add_argument_group("which candidates cost too much; the references stay, but are not chosen"))
    _how(made.add_argument_group("how"))
    engine_flags(made)
    return made


def _what_is_asked(group: Any) -> None:
    group.add_argument(
        "--spec",
        metavar="NAME|FILE",
        help="study: a TOML file, or a name from ./grid or the shipped ones (default: default; with images of your own, what "
        "they ask for)",
    )
    group.add_argument("--phi", type=float, help="budget exponent: candidates cost about 2^phi times the baseline")
    group.add_argument("--baseline", metavar="NAME|FILE", help="what is scaled: a released network, small, or a TOML file")
    group.add_argument(
        "--data",
        metavar="NAME|PATH",
        help="images: fashion-mnist-10k (shipped), fashion-mnist, a folder of class folders, an .npz file, shards (.tar) or "
        "records (Parquet, TFRecord, ArrayRecord)",
    )
    group.add_argument(
        "--classes",
        choices=("top",),
        help="top: the sub-folders of the folder are the classes, whatever they are called and hold (default: splits are "
        "known by their names)",
    )
    group.add_argument(
        "--skip-unreadable",
        action="store_true",
        default=None,
        help="take the images as if files that cannot be read were not there; RUN/unreadable.txt lists them",
    )
    group.add_argument(
        "--grouped",
        action="store_true",
        default=None,
        help="images of one sub-folder of a class (CLASS/GROUP/IMAGE) depend on each other, as frames of one video: a group "
        "stays in one split, and errors count groups",
    )
    group.add_argument(
        "--epochs",
        type=whole,
        metavar="N",
        help="length of a training (default: the specification's or the run's; with images of your own found by a pilot)",
    )
    group.add_argument("--seeds", type=whole, help="trainings of each network (default: the specification's or the run's)")
    init_flag(group)


def _which_candidates(group: Any) -> None:
    group.add_argument(
        "--constraint",
        choices=("nominal", "realised", "both"),
        help="nominal: |alpha beta^2 gamma^2 - 2| <= tolerance, as in the paper; realised: real MACs near 2^phi; both: both",
    )
    group.add_argument("--step", type=float, help="distance of neighbours in the lattice, a multiple of 0.01")
    group.add_argument("--tolerance", type=float, help="of the product (nominal) or, relative, of 2^phi (realised); inclusive")
    group.add_argument(
        "--eligible-only",
        action="store_true",
        default=None,
        help="leave out lattice networks too far from the target cost to be chosen; the references stay",
    )
    group.add_argument("--sample", type=whole, metavar="N", help="draw N lattice points at random instead of taking all")
    group.add_argument(
        "--extrapolate",
        type=place,
        metavar="RUN",
        help="also train the choice of that search, carried to this phi's cost, and say what searching here gained",
    )


def _limits(group: Any) -> None:
    group.add_argument("--max-params", type=amount, metavar="N", help="most parameters, as 100k or 5.3e6")
    group.add_argument("--max-macs", type=amount, metavar="N", help="most multiply-adds an image, as 1.2M")
    group.add_argument(
        "--max-memory", type=byte_amount, metavar="BYTES", help="most memory to train, estimated, as 8GB or 8GiB"
    )
    group.add_argument(
        "--max-latency", type=milliseconds, metavar="TIME", help="most an image at inference, measured here once: 2 (ms), 900us"
    )


def _how(group: Any) -> None:
    group.add_argument(
        "--store",
        type=place,
        metavar="FOLDER",
        help="where images that do not fit into memory are kept, decoded once (default: $SCALING_STORE, or the cache folder)",
    )
    group.add_argument("--run", type=place, metavar="FOLDER", help="where it is recorded (default: runs/ and the study's name)")
    group.add_argument(
        "--dry-run", action="store_true", help="list candidates, aliases, costs and the expected time; train nothing"
    )
    checkpoint_flag(group)
    group.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
