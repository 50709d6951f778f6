"""A network in a form that others run: `python -m scaling.export`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scaling.cli.exit import status
from scaling.cli.options import Parser, place
from scaling.core.errors import UserError
from scaling.core.files import atomic_write, require_writable
from scaling.core.names import did_you_mean
from scaling.report.text import say, show

if TYPE_CHECKING:
    from scaling.arch import Architecture
    from scaling.export.stablehlo import Sample
    from scaling.nets import Network

COMMAND = "python -m scaling.export"

DESCRIPTION = """\
Write a network with its weights for others to run. NAME.stablehlo is a whole program, for CPU, GPU and TPU and any number of
images, which jax.export.deserialize reads without this project; NAME.safetensors are its weights, named as other libraries
name them. What was written is read back and run beside the network. A second file that ends in .json says how images are
prepared for it."""

EXAMPLES = """\
examples:
  python -m scaling.export --model efficientnet_lite0 --out lite0.stablehlo
  python -m scaling.export --model resnet50 --weights resnet50.pth --out resnet50.safetensors --names resnet
  python -m scaling.export --run runs/default --network "1.20 1.10 1.15" --out paper.stablehlo

exit status: 0 done, 2 bad input (one line says what)."""

TOLERANCE = 1e-4
"""A program read back may differ from the network by so much of its largest logit: platforms round differently."""


class Chosen(NamedTuple):
    """A network to write, and how its images are prepared: the middle square, of `crop` times the shorter side, resized to
    `side` px; then (x - mean) / std of bytes, by channel. Weights may want another side than the network is known for."""

    name: str
    architecture: Architecture
    network: Network
    side: int
    crop: float
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...]


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("--model", metavar="NAME", help="a network with released weights")
    made.add_argument("--weights", type=place, metavar="FILE", help="its weights (default: those an installed package has)")
    made.add_argument("--run", type=place, metavar="FOLDER", help="a recorded run; its weights must lie in the folder")
    made.add_argument("--network", metavar="LABEL", help="which of the run's networks, as its tables name it")
    made.add_argument("--data", metavar="NAME|PATH", help="the run's images, where its own name does not find them")
    made.add_argument("--out", type=place, required=True, metavar="FILE", help="ends in .stablehlo or .safetensors")
    made.add_argument("--names", metavar="SOURCE", help="of tensors in a .safetensors file (default: own)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return status(COMMAND, lambda: _export(options))


def _export(options: argparse.Namespace) -> int:
    from scaling.weights.naming import NAMINGS

    if (options.run is None) == (options.model is None):
        raise UserError("give either --model or --run with --network; --help shows both")
    idle = {"--weights": options.weights} if options.run else {"--network": options.network, "--data": options.data}
    if given := [name for name, value in idle.items() if value is not None]:
        raise UserError(f"{given[0]} has no meaning beside {'--run' if options.run else '--model'}")
    if options.out.suffix == ".stablehlo" and options.names is not None:
        raise UserError("--names has no meaning for a .stablehlo file; its weights have no names")
    if options.weights is not None and options.out.resolve() == options.weights.resolve():
        raise UserError(f"--out is the file of --weights, {options.out}; write to another")
    if options.out.suffix not in (".stablehlo", ".safetensors"):
        raise UserError(f"--out must end in .stablehlo or .safetensors, got {options.out}")
    if options.names is not None and options.names not in NAMINGS:
        near = did_you_mean(options.names, NAMINGS)
        raise UserError(f"--names must be one of {', '.join(NAMINGS)}, got {options.names!r}{near}")
    described = options.out.with_name(f"{options.out.name}.json")
    for path in (options.out, described):
        require_writable(path, "--out")
    from scaling.train.jax_start import jax_ready

    with jax_ready():
        return _written(options, described)


def _written(options: argparse.Namespace, described: Path) -> int:
    chosen = _of_model(options) if options.run is None else _of_run(options)
    written = _program(chosen, options.out) if options.out.suffix == ".stablehlo" else _weights(chosen, options)
    atomic_write(described, json.dumps(_described(chosen), indent=1) + "\n")
    show(written, f"How its images are prepared: {described}")
    return 0


def _of_model(options: argparse.Namespace) -> Chosen:
    from scaling.weights.models import open_model

    found = open_model(options.model, options.weights)
    say(found.remarks)
    seen = found.preprocessing
    return Chosen(
        name=options.model,
        architecture=found.architecture,
        network=found.network,
        side=seen.side,
        crop=seen.crop,
        interpolation=seen.interpolation,
        mean=seen.mean,
        std=seen.std,
        classes=found.classes,
    )


def _of_run(options: argparse.Namespace) -> Chosen:
    from scaling.family.trained import open_trained

    found = open_trained(options.run, options.network, options.data)
    return Chosen(
        name=found.label,
        architecture=found.architecture,
        network=found.network,
        side=found.architecture.resolution,
        crop=1.0,
        interpolation="bicubic",
        mean=found.mean,
        std=found.deviation,
        classes=found.classes,
    )


def _program(chosen: Chosen, path: Path) -> str:
    from scaling.export.stablehlo import PLATFORMS, largest_difference, stablehlo

    beside = _sample(chosen)
    content = stablehlo(chosen.network, chosen.side, len(chosen.mean))
    difference = largest_difference(content, beside)
    if not difference <= TOLERANCE:
        raise RuntimeError(f"the exported program differs from {chosen.name} by {difference:.1e} of its largest logit")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, content)
    return (
        f"{path}: {len(content):,} bytes for {', '.join(PLATFORMS)}, any number of images; read back and run, its logits "
        f"differ from the network's by {difference:.1e} of the largest."
    )


def _sample(chosen: Chosen) -> Sample:
    """What the network says on random images.

    Raises:
        WeightsError: it is not finite.
    """
    from scaling.export.stablehlo import sample
    from scaling.weights.loading import require_finite_outputs

    found = sample(chosen.network, chosen.side, len(chosen.mean))
    require_finite_outputs(chosen.name, found.logits)
    return found


def _weights(chosen: Chosen, options: argparse.Namespace) -> str:
    import numpy as np

    from scaling.weights.files import read_weights, write_safetensors
    from scaling.weights.loading import load, sources_for, unload

    names = options.names or "own"
    if names not in (fitting := sources_for(chosen.architecture)):
        raise UserError(
            f"--names {names} are for other kinds of networks, or for another padding and batch norm than {chosen.name} has; "
            f"for it there are {', '.join(fitting)}"
        )
    _sample(chosen)
    tensors = unload(chosen.network, chosen.architecture, names)
    write_safetensors(options.out, tensors, {"network": chosen.name})
    again = unload(load(chosen.architecture, read_weights(options.out), options.out), chosen.architecture, names)
    if not all(np.array_equal(again[name], tensor) for name, tensor in tensors.items()):
        options.out.unlink()
        raise RuntimeError(f"{options.out}: read back, the weights are not those of {chosen.name}")
    return f"{options.out}: {len(tensors)} tensors, read back and equal."


def _described(chosen: Chosen) -> dict[str, Any]:
    side, channels = chosen.side, len(chosen.mean)
    return {
        "network": chosen.name,
        "input": ["batch", side, side, channels],
        "channels": "RGB" if channels == 3 else "grey" if channels == 1 else None,
        "values": [0, 255],
        "crop": chosen.crop,
        "resize": f"{chosen.interpolation}, antialiased, as Pillow's",
        "mean": list(chosen.mean),
        "std": list(chosen.std),
        "classes": list(chosen.classes),
        "architecture": chosen.architecture.to_dict(),
    }


if __name__ == "__main__":
    sys.exit(main())
