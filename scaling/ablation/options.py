"""Flags of `python -m scaling.ablation`."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from scaling.cli.options import Parser, checkpoint_flag, engine_flags, place, whole

COMMAND = "python -m scaling.ablation"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the flags say, each as `--help` describes it; None where a flag was not given."""

    spec: str
    data: str | None
    store: Path | None
    skip_unreadable: bool | None
    seeds: int | None
    run: Path | None
    test: bool
    dry_run: bool
    checkpoint_minutes: float
    engine: dict[str, Any]
    json: bool


DESCRIPTION = """\
Which recipe is better on these images, by how much, and at what price in time? Several recipes on several networks are trained
from several seeds and compared with one of them, network by network: the difference in accuracy with intervals that hold
together, the ratio of training seconds, and a verdict. A specification names the networks and the recipes."""


EXAMPLES = """\
examples:
  python -m scaling.ablation ablation                  the shipped example: mirrored images, and how the classifier starts
  python -m scaling.ablation ablation --dry-run        what would be trained, and the expected time
  python -m scaling.ablation ablation --seeds 4        more seeds, added to those that are there
  python -m scaling.ablation mine.toml --data photos   your recipes on your images

a specification:
  data = "fashion-mnist-10k"
  reference = "plain"             # the recipe that the others are compared with (default: the first)
  [networks]                      # a name, a table that describes a network, or { like = NAME, and what is changed }
  v1 = "small"
  large = { like = "small", resolution = 28 }
  [recipe]                        # what all recipes share
  epochs = 8
  [recipes.plain]                 # what each does otherwise, tables within it too; it may have a base of its own
  [recipes.growing]
  progressive = { stages = 4, smallest = 0.5 }

exit status: 0 done, 1 no training counts (the reason is said), 2 bad input (one line says what), 3 others have to
train first (--engine commands), 130 stopped by Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("spec", metavar="NAME|FILE", help="an ablation: a TOML file, or a name from ./grid or the shipped")
    made.add_argument("--data", metavar="NAME|PATH", help="images, as python -m scaling.grid takes them")
    made.add_argument("--store", type=place, metavar="FOLDER", help="as python -m scaling.grid takes it")
    made.add_argument("--skip-unreadable", action="store_true", default=None, help="as python -m scaling.grid takes it")
    made.add_argument("--seeds", type=whole, help="trainings of each network with each recipe (default: the specification's)")
    made.add_argument("--run", type=place, metavar="FOLDER", help="where it is recorded (default: runs/ and the study's name)")
    made.add_argument(
        "--test", action="store_true", help="judge every training on the test images, too; verdicts stay those on validation"
    )
    made.add_argument("--dry-run", action="store_true", help="list networks, recipes and the expected time; train nothing")
    checkpoint_flag(made.add_argument_group("training"))
    engine_flags(made)
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    return made
