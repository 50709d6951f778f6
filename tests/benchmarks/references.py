"""Is the small baseline worth scaling? Its accuracy beside a plain small CNN given the same CPU time, and kernel ridge.

    python tests/benchmarks/references.py

All three learn from the 6,000 training images of the shipped set at 20 px and are judged on its 2,500 validation
images. Takes about a minute on two cores. Seconds are process CPU seconds of training, compiling excluded; the plain
CNN gets as many as the baseline used, with its learning-rate schedule stretched to them.
"""

import dataclasses
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.linalg import solve
from scipy.spatial.distance import cdist

from scaling.arch import SMALL
from scaling.data import load
from scaling.grid.spec import read_spec
from scaling.train.input import prepare
from scaling.train.loop import compile_evaluation, compile_training, evaluate_per_image, train
from scaling.train.task import Task

SEEDS = 2
BATCH = 128


def baseline(images):
    """(accuracy per seed, CPU seconds of one training) of the default study's baseline on its recipe."""
    recipe = dataclasses.replace(read_spec("default").recipe, precision="float32")
    task = Task(SMALL, recipe, images.num_classes, images.in_channels, len(images.train))
    program, evaluation = compile_training(task), compile_evaluation(task)
    prepared = prepare(images, SMALL.resolution)
    start = time.process_time()
    states = [train(task, program, prepared, seed) for seed in range(SEEDS)]
    seconds = (time.process_time() - start) / SEEDS
    return [evaluate_per_image(evaluation, one, prepared.validation, prepared.pixels).correct.mean() for one in states], seconds


def kernel_ridge(prepared):
    """Accuracy of ridge regression on one-hot classes with the kernel exp(-|x - y|^2 / d) of standardised pixels."""

    def flat(images):
        mean, deviation = prepared.pixels.mean[0], prepared.pixels.deviation[0]
        return (np.asarray(images, np.float64).reshape(len(images), -1) - mean) / deviation

    train_x, judged_x = flat(prepared.images), flat(prepared.validation.images)
    width = train_x.shape[1]
    kernel = np.exp(-cdist(train_x, train_x, "sqeuclidean") / width)
    weights = solve(kernel + 0.03 * np.eye(len(kernel)), np.eye(10)[np.asarray(prepared.labels)], assume_a="pos")
    scores = np.exp(-cdist(judged_x, train_x, "sqeuclidean") / width) @ weights
    return (scores.argmax(1) == prepared.validation.labels).mean()


def plain_cnn(prepared, seconds, seed):
    """(accuracy, steps) of conv 3x3-16, pool, conv 3x3-32, pool, dense 64, dense, by Adam for `seconds` CPU seconds."""
    random = np.random.default_rng(seed)
    shapes = {"a": (3, 3, 1, 16), "b": (3, 3, 16, 32), "c": (5 * 5 * 32, 64), "d": (64, 10)}
    params = {
        name: {
            "w": jnp.asarray(random.standard_normal(shape, np.float32) * (2 / np.prod(shape[:-1])) ** 0.5),
            "b": jnp.zeros(shape[-1]),
        }
        for name, shape in shapes.items()
    }

    def logits(params, images):
        x = (images.astype(jnp.float32) - prepared.pixels.mean) / prepared.pixels.deviation
        for name in "ab":
            x = jax.lax.conv_general_dilated(x, params[name]["w"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = jax.nn.relu(x + params[name]["b"])
            x = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2, -1).max((2, 4))
        x = jax.nn.relu(x.reshape(len(x), -1) @ params["c"]["w"] + params["c"]["b"])
        return x @ params["d"]["w"] + params["d"]["b"]

    transform = optax.inject_hyperparams(optax.adam)(2e-3)

    @jax.jit
    def step(params, state, images, labels):
        def loss(params):
            return optax.softmax_cross_entropy_with_integer_labels(logits(params, images), labels).mean()

        updates, state = transform.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    state = transform.init(params)
    images, labels = prepared.images, np.asarray(prepared.labels)
    jax.block_until_ready(step(params, state, images[:BATCH], labels[:BATCH]))
    start, steps = time.process_time(), 0
    while (used := (time.process_time() - start) / seconds) < 1:
        state.hyperparams["learning_rate"] = jnp.float32(2e-3 * (1 - used))
        index = random.integers(0, len(labels), BATCH)
        params, state = step(params, state, images[index], labels[index])
        jax.block_until_ready(params)
        steps += 1
    right = logits(params, prepared.validation.images).argmax(-1) == prepared.validation.labels
    return float(right.mean()), steps


def main():
    """Measure and print."""
    images = load("fashion-mnist-10k")
    ours, seconds = baseline(images)
    prepared = prepare(images, SMALL.resolution)
    plain = [plain_cnn(prepared, seconds, seed) for seed in range(SEEDS)]
    print(f"{len(images.train)} training images, {len(images.validation)} judged, {SMALL.resolution} px, {SEEDS} seeds")
    print(f"small baseline, default recipe  {100 * np.mean(ours):.2f} %  {seconds:.1f} CPU seconds a training")
    accuracy, steps = (np.mean([one[i] for one in plain]) for i in (0, 1))
    print(f"plain CNN, 60 k parameters      {100 * accuracy:.2f} %  the same CPU seconds, {steps:.0f} steps of {BATCH}")
    print(f"kernel ridge                    {100 * kernel_ridge(prepared):.2f} %")


if __name__ == "__main__":
    main()
