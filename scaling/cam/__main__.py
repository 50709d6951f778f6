"""Where networks look: class activation maps of pretrained and of trained networks: `python -m scaling.cam`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scaling.cli.exit import status
from scaling.cli.options import Parser, place
from scaling.core.errors import UserError
from scaling.core.files import require_writable
from scaling.core.names import did_you_mean
from scaling.report.text import say, show

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

    from scaling.cam.figure import Look
    from scaling.family.result import Family
    from scaling.family.study import FamilyNetwork
    from scaling.nets import Network

COMMAND = "python -m scaling.cam"

DESCRIPTION = """\
Draw where networks look: for each image the places that speak for the class a network decides for, or for that of --class.
With --run: the networks of a recorded family at one cost (the baseline and each way of scaling it, as in the EfficientNet
paper's figure 7), on test images of the run. With --model: networks with released weights, on images of your own."""

EXAMPLES = """\
examples:
  python -m scaling.cam --run runs/family                         the rules at four times the baseline's cost
  python -m scaling.cam --run runs/family --target 8 --image 3 --image 70
  python -m scaling.cam --model efficientnet_lite0 --model efficientnet_lite2 coffee.png
  python -m scaling.cam --model efficientnet_lite0 --block 10 coffee.png     Grad-CAM after the tenth block
  python -m scaling.cam --model efficientnet_lite0 --class espresso coffee.png

exit status: 0 done, 2 bad input (one line says what)."""

_OF_RUNS = ("--data", "--target", "--image")

USUAL_TARGET = 4.0
NEAR = 0.2
"""A network is shown for a cost from which its own is not further, as a share of it."""

COLUMNS = 5
"""Networks side by side at most."""


class Column(NamedTuple):
    """One network of the figure.

    Attributes:
        heading: over its column.
        network: in evaluation mode.
        inputs: (images, side, side, channels), the images as it takes them.
    """

    heading: str
    network: Network
    inputs: jax.Array | NDArray[np.float32]


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("pictures", nargs="*", type=place, metavar="IMAGE", help="image files, with --model")
    made.add_argument("--model", action="append", metavar="NAME", help="a network with released weights; may be given again")
    made.add_argument(
        "--weights",
        type=place,
        action="append",
        metavar="FILE",
        help="its weights (default: those an installed package has); with several --model one file for each, in their order",
    )
    made.add_argument("--run", type=place, metavar="FOLDER", help="a recorded family; its weights must lie in the folder")
    made.add_argument("--data", metavar="NAME|PATH", help="the run's images, where its own name does not find them")
    made.add_argument("--target", type=float, metavar="X", help="cost over the baseline's (default: 4)")
    made.add_argument("--image", type=int, action="append", metavar="N", help="test image, from 0; may be given again")
    made.add_argument("--picture", dest="image", type=int, action="append", help=argparse.SUPPRESS)  # its name of before
    made.add_argument(
        "--class", dest="chosen", metavar="NAME|N", help="draw what speaks for this class (default: the one decided for)"
    )
    made.add_argument("--block", type=int, metavar="N", help="Grad-CAM after N blocks instead of CAM on the last maps")
    made.add_argument(
        "--out", type=place, default=Path("cam"), metavar="NAME", help="writes NAME.svg and NAME.png (default: cam)"
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return status(COMMAND, lambda: _draw(options))


def _draw(options: argparse.Namespace) -> int:
    if (options.run is None) == (options.model is None):
        raise UserError("give either --run with a recorded family or --model with images; --help shows both")
    idle = {"--weights": options.weights} if options.run else {name: getattr(options, name[2:]) for name in _OF_RUNS}
    if given := [name for name, value in idle.items() if value is not None]:
        raise UserError(f"{given[0]} has no meaning beside {'--run' if options.run else '--model'}")
    for ending in ("svg", "png"):
        require_writable(options.out.with_name(f"{options.out.name}.{ending}") if options.out.name else options.out, "--out")
    from scaling.train.jax_start import jax_ready

    with jax_ready():
        return _drawn(options)


def _drawn(options: argparse.Namespace) -> int:
    from scaling.cam.figure import MapsNumbers, activation_maps
    from scaling.figures.style import save

    columns, names, images, classes, words = (_of_models if options.run is None else _of_run)(options)
    chosen = None if options.chosen is None else _class_called(options.chosen, classes)
    looks = [_looks(column, classes, options.block, chosen) for column in columns]
    how = "class activation maps of the last maps" if options.block is None else f"Grad-CAM after {options.block} blocks"
    numbers = MapsNumbers(
        tuple(column.heading for column in columns),
        tuple(names),
        tuple(images),
        tuple(zip(*looks, strict=True)),
        f"{words} Bright: what speaks most for the class written below; {how}, each scaled to its own largest.",
    )
    written = save(activation_maps(numbers), options.out.parent, options.out.name)
    show(f"Written: {', '.join(map(str, written))}")
    return 0


def _of_models(
    options: argparse.Namespace,
) -> tuple[list[Column], list[str], list[NDArray[np.uint8]], Sequence[str], str]:
    import numpy as np

    from scaling.weights.models import open_model
    from scaling.weights.preprocessing import middle, normalised, read_image

    if not options.pictures:
        raise UserError("no image given; --model needs image files")
    if len(options.model) > COLUMNS:
        raise UserError(f"at most {COLUMNS} networks fit side by side, got {len(options.model)}")
    weights = options.weights or [None] * len(options.model)
    if len(weights) != len(options.model):
        raise UserError(f"{len(weights)} --weights for {len(options.model)} --model; give one for each, or none")
    read = [read_image(path) for path in options.pictures]
    columns: list[Column] = []
    shown: list[NDArray[np.uint8]] = []
    classes: tuple[str, ...] = ()
    for name, file in zip(options.model, weights, strict=True):
        opened = open_model(name, file)
        say(opened.remarks)
        if classes and opened.classes != classes:
            raise UserError(f"{name} tells other classes apart than the network before it; draw them one by one")
        classes, seen = opened.classes, opened.preprocessing
        columns.append(Column(name, opened.network, np.stack([normalised(one, seen) for one in read])))
        shown = [np.asarray(middle(one, seen.crop, 320)) for one in read]
    names = [path.name for path in options.pictures]
    return columns, names, shown, classes, "Networks with released weights on the middle of each image."


def _of_run(options: argparse.Namespace) -> tuple[list[Column], list[str], list[NDArray[np.uint8]], Sequence[str], str]:
    import jax.numpy as jnp

    from scaling.family.reopen import read_family
    from scaling.study.restore import dataset_of, first_trained
    from scaling.train.crop import centre_boxes, cropped
    from scaling.train.input import held_out, normalisation

    if options.pictures:
        raise UserError("--run draws test images of the run, by --image N; image files go with --model")
    family = read_family(options.run)
    if options.target is not None and not (math.isfinite(options.target) and options.target > 0):
        raise UserError(f"--target must be above 0, got {options.target:g}")
    shown = [(heading, kin, first_trained(family.study, family.run, kin)) for heading, kin in _nearest(family, options.target)]
    images = dataset_of(family.study, options.run, options.data)
    chosen = options.image or [0, 1, 2]
    if bad := [number for number in chosen if not 0 <= number < len(images.test)]:
        raise UserError(f"image {bad[0]}: the run has test images 0 to {len(images.test) - 1:,}")
    columns = []
    for heading, kin, network in shown:
        side = kin.architecture.resolution
        pixels, test = normalisation(images, side, family.study.recipe_of(kin)), held_out(images, side)[1]
        wide = jnp.asarray(test.images[chosen], jnp.float32)
        if test.aspect is not None:  # whole images of a stored set
            wide = cropped(jnp.asarray(test.images[chosen]), centre_boxes(jnp.asarray(test.aspect[chosen])), side)
        columns.append(Column(heading, network, (wide - pixels.mean) / pixels.deviation))
    names = [f"test image {number}: {images.classes[images.test.labels[number]]}" for number in chosen]
    words = f"Networks of {options.run}, first seed, on {images.name}."
    return columns, names, [images.test.images[number] for number in chosen], images.classes, words


def _nearest(family: Family, asked: float | None) -> list[tuple[str, FamilyNetwork]]:
    """The baseline, and of each rule the network nearest to the cost asked for, with headings.

    Raises:
        UserError: no network of any rule has about that cost.
    """
    networks, target = family.study.networks, USUAL_TARGET if asked is None else asked
    if asked is not None and not any(abs(one.realised / target - 1) <= NEAR for one in networks):
        costs = ", ".join(f"x{one.realised:.2f}" for one in networks)
        raise UserError(f"--target {target:g}: no network costs about that; there are {costs}")
    found = [("baseline", min(networks, key=lambda one: abs(one.realised - 1)))]
    for rule in family.study.spec.family.rules[: COLUMNS - 1]:
        of_rule = [one for one in networks if any(member.rule == rule for member in one.members)]
        found.append((rule, min(of_rule, key=lambda one: abs(one.realised / target - 1))))
    return [(f"{name}\nx{one.realised:.2f}, {one.architecture.resolution} px", one) for name, one in found]


def _class_called(name: str, classes: Sequence[str]) -> int:
    """The number of a class by its name, or from 0 by its number.

    Raises:
        UserError: there is none, or several have the name.
    """
    found = [number for number, one in enumerate(classes) if one.casefold() == name.casefold()]
    if not found and name.isdecimal() and int(name) < len(classes):
        return int(name)
    if not found:
        near = did_you_mean(name, classes)
        raise UserError(f"--class: no class is called {name!r}, and the numbers are 0 to {len(classes) - 1:,}{near}")
    if len(found) > 1:
        raise UserError(f"--class: {len(found)} classes are called {name!r}; give the number, {' or '.join(map(str, found))}")
    return found[0]


def _looks(column: Column, classes: Sequence[str], blocks: int | None, chosen: int | None) -> list[Look]:
    """A network on all images: a class with its probability, and the map of that class; None takes what it decides for."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from flax import nnx

    from scaling.cam.figure import Look
    from scaling.cam.maps import class_activation_maps, gradient_activation_maps
    from scaling.weights.loading import require_finite_outputs

    network = column.network
    if blocks is not None and not 1 <= blocks <= len(network.blocks):
        raise UserError(f"--block: {column.heading} has blocks 1 to {len(network.blocks)}, got {blocks}")
    graph, state = nnx.split(network)

    @jax.jit
    def looked(state: nnx.State, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        made = nnx.merge(graph, state)
        logits = made(images)
        drawn = logits.argmax(-1) if chosen is None else jnp.full(len(images), chosen)
        if blocks is None:
            return logits, class_activation_maps(made, images, drawn)
        return logits, gradient_activation_maps(made, images, drawn, blocks)

    logits, heat = (np.asarray(one) for one in looked(state, jnp.asarray(column.inputs)))
    require_finite_outputs(column.heading.replace("\n", " "), logits, heat)
    shares = np.asarray(jax.nn.softmax(logits))
    drawn = shares.argmax(-1) if chosen is None else [chosen] * len(shares)
    return [Look(f"{classes[one]}, {100 * row[one]:.0f} %", maps) for one, row, maps in zip(drawn, shares, heat, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
