"""What a released network sees in images: `python -m scaling.predict --model NAME IMAGE...`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
Classify images with a network's released weights: for each image the most probable classes. The weights come from a file
(safetensors or a PyTorch checkpoint, of which nothing is run) or from an installed package that brings them along."""

EXAMPLES = """\
examples:
  python -m scaling.predict --model efficientnet_lite0 espresso.jpg             weights of an installed package
  python -m scaling.predict --model efficientnet_b0 --weights b0.pth *.jpg      weights of your own
  python -m scaling.predict --model efficientnet_lite0 --top 1 --json *.jpg     for machines

exit status: 0 done, 2 bad input (one line says what); images that can be read are shown even so."""

_BATCH = 16


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("pictures", nargs="+", type=place, metavar="IMAGE", help="PNG, JPEG, WebP, BMP or GIF files")
    made.add_argument("--model", required=True, metavar="NAME", help="the network, such as efficientnet_lite0")
    made.add_argument("--weights", type=place, metavar="FILE", help="its weights (default: those of an installed package)")
    made.add_argument("--top", type=int, default=5, metavar="N", help="classes shown for each image (default: 5)")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of text")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return status(COMMAND, lambda: _predict(options))


def _predict(options: argparse.Namespace) -> int:
    if options.top < 1:
        raise UserError(f"--top must be at least 1, got {options.top}")
    unreadable: list[Path] = []
    images = _images(options.pictures, unreadable)
    # The first image is read before anything heavy is loaded: a mistyped name costs no second.
    first = next(images, None)
    if first is not None:
        found = _predicted(options, chain([first], images))
        title = f"{found['model']}, weights from {found['weights']}"
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

    from scaling.weights.models import pretrained
    from scaling.weights.preprocessing import normalised

    model = pretrained(options.model, options.weights)
    say(model.remarks)
    ready = ((path, normalised(image, model.preprocessing)) for path, image in images)
    seen: list[dict[str, Any]] = []
    while batch := list(islice(ready, _BATCH)):
        logits = np.asarray(model.network(np.stack([image for _, image in batch])), np.float64)
        if not np.isfinite(logits).all():
            raise UserError(f"the outputs of {options.model} are not finite; its weights may be damaged")
        tops = (_top(row, options.top) for row in logits)
        seen += ({"path": str(path), "top": top} for (path, _), top in zip(batch, tops, strict=True))
    return {"model": options.model, "weights": model.source, "entry": model.entry or None, "pictures": seen}


def _top(logits: NDArray[np.float64], count: int) -> list[dict[str, Any]]:
    """The most probable classes by their logits (classes,), the most probable first."""
    import numpy as np

    from scaling.weights.imagenet import class_names

    names = class_names()
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
