"""What released networks and those of a run see in images: `python -m scaling.predict`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scaling.cli.answer import answer
from scaling.cli.exit import fail, status
from scaling.cli.options import Parser, place
from scaling.core.errors import UserError
from scaling.report.document import Document, Values
from scaling.report.text import say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

COMMAND = "python -m scaling.predict"

DESCRIPTION = """\
Classify images: for each the most probable classes. With --model: a network with released weights, from a file (safetensors
or a PyTorch checkpoint, of which nothing is run) or from an installed package that brings them along. With --run: a network
that a recorded run trained, where its weights lie in the folder; images are prepared as the run's own."""

EXAMPLES = """\
examples:
  python -m scaling.predict --model efficientnet_lite0 espresso.jpg             weights of an installed package
  python -m scaling.predict --model efficientnet_b0 --weights b0.pth *.jpg      weights of your own
  python -m scaling.predict --model efficientnet_lite0 --top 1 --json *.jpg     for machines
  python -m scaling.predict --run runs/mine --network baseline new.png          a network that was trained here

exit status: 0 done, 2 bad input (one line says what); images that can be read are shown even so."""

_BATCH = 16


class Classifier(NamedTuple):
    """A network with its weights, and how its images are prepared.

    Attributes:
        name: of the network.
        source: of its weights, in words.
        entry: of a checkpoint that was read; None where the file is the weights.
        classes: of its outputs.
        prepared: an image in RGB -> float32 (side, side, channels).
        logits: (batch, side, side, channels) -> (batch, classes).
    """

    name: str
    source: str
    entry: str | None
    classes: Sequence[str]
    prepared: Callable[[Image.Image], NDArray[np.float32]]
    logits: Callable[[NDArray[np.float32]], Any]


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("pictures", nargs="+", type=place, metavar="IMAGE", help="PNG, JPEG, WebP, BMP or GIF files")
    made.add_argument("--model", metavar="NAME", help="a network with released weights, such as efficientnet_lite0")
    made.add_argument("--weights", type=place, metavar="FILE", help="its weights (default: those of an installed package)")
    made.add_argument("--run", type=place, metavar="FOLDER", help="a recorded run; its weights must lie in the folder")
    made.add_argument("--network", metavar="LABEL", help="which of the run's networks, as its tables name it")
    made.add_argument("--data", metavar="NAME|PATH", help="the run's images, where its own name does not find them")
    made.add_argument("--top", type=int, default=5, metavar="N", help="classes shown for each image (default: 5)")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of text")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return status(COMMAND, lambda: _predict(options))


def _predict(options: argparse.Namespace) -> int:
    if (options.run is None) == (options.model is None):
        raise UserError("give either --model or --run with --network; --help shows both")
    idle = {"--weights": options.weights} if options.run else {"--network": options.network, "--data": options.data}
    if given := [name for name, value in idle.items() if value is not None]:
        raise UserError(f"{given[0]} has no meaning beside {'--run' if options.run else '--model'}")
    if options.top < 1:
        raise UserError(f"--top must be at least 1, got {options.top}")
    unreadable: list[Path] = []
    images = _images(options.pictures, unreadable)
    # The first image is read before anything heavy is loaded: a mistyped name costs no second.
    first = next(images, None)
    if first is not None:
        from scaling.train.jax_start import jax_ready

        with jax_ready():
            found = _predicted(options, chain([first], images))
        entry = f", entry {found['entry']}" if found["entry"] else ""
        title = f"{found['model']}, weights from {found['weights']}{entry}"
        answer(Document((title, *_lines(found), Values(found))), options.json)
    return 2 if unreadable else 0


def _images(paths: Sequence[Path], unreadable: list[Path]) -> Iterator[tuple[Path, Image.Image]]:
    """Images one at a time; those that cannot be read are said and noted."""
    from scaling.data import DataError
    from scaling.weights.preprocessing import read_image

    for path in paths:
        try:
            yield path, read_image(path)
        except DataError as error:
            fail(COMMAND, str(error))
            unreadable.append(path)


def _predicted(options: argparse.Namespace, images: Iterator[tuple[Path, Image.Image]]) -> dict[str, Any]:
    """The most probable classes of every image as plain data."""
    import numpy as np

    from scaling.weights.loading import require_finite_outputs

    network = _of_model(options) if options.run is None else _of_run(options)
    ready = ((path, network.prepared(image)) for path, image in images)
    seen: list[dict[str, Any]] = []
    while batch := list(islice(ready, _BATCH)):
        logits = np.asarray(network.logits(np.stack([image for _, image in batch])), np.float64)
        require_finite_outputs(network.name, logits)
        tops = (_top(row, options.top, network.classes) for row in logits)
        seen += ({"path": str(path), "top": top} for (path, _), top in zip(batch, tops, strict=True))
    run = None if options.run is None else str(options.run)
    return {"model": network.name, "weights": network.source, "entry": network.entry, "run": run, "pictures": seen}


def _of_model(options: argparse.Namespace) -> Classifier:
    from scaling.weights.imagenet import class_names
    from scaling.weights.models import pretrained
    from scaling.weights.preprocessing import normalised

    found = pretrained(options.model, options.weights)
    say(found.remarks)
    return Classifier(
        name=options.model,
        source=found.source,
        entry=found.entry or None,
        classes=class_names(),
        prepared=lambda image: normalised(image, found.preprocessing),
        logits=found.network,
    )


def _of_run(options: argparse.Namespace) -> Classifier:
    from flax import nnx

    from scaling.family.trained import open_trained

    found = open_trained(options.run, options.network, options.data)
    apply = nnx.jit(lambda network, images: network(images))
    return Classifier(
        name=found.label,
        source=str(found.weights),
        entry=None,
        classes=found.classes,
        prepared=found.prepared,
        logits=lambda images: apply(found.network, images),
    )


def _top(logits: NDArray[np.float64], count: int, names: Sequence[str]) -> list[dict[str, Any]]:
    """The most probable classes by their logits (classes,), the most probable first; the names are used where they fit."""
    import numpy as np

    odds = np.exp(logits - logits.max())
    probabilities = odds / odds.sum()
    return [
        {
            "class": int(one),
            "name": names[one] if len(names) == len(logits) else f"class {one}",
            "probability": float(probabilities[one]),
        }
        for one in np.argsort(-probabilities, kind="stable")[:count]
    ]


def _lines(found: dict[str, Any]) -> Iterator[str]:
    for image in found["pictures"]:
        yield f"\n{image['path']}"
        for one in image["top"]:
            yield f"{100 * one['probability']:6.1f} %  {one['class']:>3} {one['name']}"


if __name__ == "__main__":
    sys.exit(main())
