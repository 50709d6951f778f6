"""What the default study's recipe owes to each of its settings: the baseline trained with one changed at a time.

    python tests/benchmarks/recipes.py [SEEDS]

Prints, for each recipe, mean validation accuracy of the baseline over SEEDS (default 3) with its standard error, and CPU
seconds of one training. About eight minutes on two cores. Chosen on validation images, never on the test images.
"""

import dataclasses
import sys
import time

import numpy as np

from scaling.arch import SMALL
from scaling.data import load
from scaling.grid.spec import read_spec
from scaling.train.input import to_device
from scaling.train.loop import compile_evaluation, compile_training, evaluate_per_image, train
from scaling.train.task import Task

DEFAULT = dataclasses.replace(read_spec("default").recipe, precision="float32")
CHANGES = (
    {},
    {"peak_rate": 0.2},
    {"peak_rate": 0.8},
    {"batch": 64, "peak_rate": 0.4},
    {"weight_decay": 2e-3},
    {"label_smoothing": 0.0},
    {"flip": True},
    {"warmup": 0.1},
    {"batch_norm_decay": 0.99},
    {"epochs": 4},
    {"epochs": 16},
)


def measure(recipe, dataset, prepared, seeds):
    """(accuracy per seed, CPU seconds of one training)."""
    task = Task(SMALL, recipe, dataset.num_classes, dataset.in_channels, len(dataset.train))
    program, evaluation = compile_training(task), compile_evaluation(task)
    start = time.process_time()
    states = [train(task, program, prepared, seed) for seed in range(seeds)]
    seconds = (time.process_time() - start) / seeds
    return np.array(
        [evaluate_per_image(evaluation, one, prepared.validation, prepared.pixels).correct.mean() for one in states]
    ), seconds


def _plain(value):
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def main():
    """Measure and print."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    dataset = load("fashion-mnist-10k")
    prepared = to_device(dataset, SMALL.resolution)
    for change in CHANGES:
        accuracies, seconds = measure(dataclasses.replace(DEFAULT, **change), dataset, prepared, seeds)
        error = accuracies.std(ddof=1) / seeds**0.5 if seeds > 1 else float("nan")
        name = ", ".join(f"{key} {_plain(value)}" for key, value in change.items()) or "default"
        print(f"{name:34}{100 * accuracies.mean():6.2f} % +-{100 * error:.2f}  {seconds:5.1f} CPU seconds", flush=True)


if __name__ == "__main__":
    main()
