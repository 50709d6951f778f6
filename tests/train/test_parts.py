"""Parts of a network that stay as they are, or learn slower."""

import dataclasses

import jax
import numpy as np
import pytest

from scaling import Stage, architecture
from scaling.data import Dataset, Split
from scaling.recipe.optimizers import Optimizer
from scaling.recipe.recipe import Recipe
from scaling.train import task as task_module
from scaling.train.checkpoint import Checkpoint
from scaling.train.input import to_device
from scaling.train.loop import Stopped, compile_training, initial_state, train, train_stages, unpacked
from scaling.train.names import named
from scaling.train.step import Pixels, Weights, abstract_state, training_program
from scaling.train.task import Task

NET = dataclasses.replace(
    architecture("small"), resolution=12, stem=8, head=16, stages=(Stage(2, 3, 2, 1, 8), Stage(1, 3, 1, 2, 8))
)
ONE_STEP = Recipe(epochs=1, batch=60, peak_rate=0.1, warmup=0.0, momentum=0.0, weight_decay=0.01, flip=False, init="given")
FROZEN = Recipe(
    epochs=2,
    batch=10,
    peak_rate=0.1,
    weight_decay=0.1,
    dropout=0.1,
    stochastic_depth=0.2,
    average=0.9,
    optimizer=Optimizer("rmsprop", decay_biases=True),
    init="given",
    frozen_stages=1,
)


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)

    def split(count):
        return Split(random.integers(0, 256, (count, 12, 12, 1), np.uint8), random.integers(0, 2, count).astype(np.int32))

    return to_device(Dataset("noise", ("a", "b"), split(60), split(10), split(10)), 12)


def task_of(recipe, classes=2):
    return Task(NET, recipe, classes, 1, 60)


def body(seed=7, classes=5):
    """Weights of another training, with other classes, whose statistics are not those of a fresh network."""
    task = task_of(Recipe(), classes)
    random = np.random.default_rng(seed)
    made = jax.device_get(unpacked(task, initial_state(task, seed)))
    return Weights(
        made.params, jax.tree.map(lambda one: random.uniform(0.5, 1.5, one.shape).astype(np.float32), made.statistics)
    )


def arrays(weights):
    return {name: np.asarray(leaf) for name, leaf in [*named(weights.params), *named(weights.statistics)]}


def is_frozen(name):
    return name.startswith(("stem.", "blocks.0.", "blocks.1."))


def test_a_training_starts_from_the_body_with_a_classifier_of_its_own():
    given = body()
    for recipe in (ONE_STEP, FROZEN):
        task = task_of(recipe)
        drawn = arrays(unpacked(task, initial_state(task, 3)))
        state = initial_state(task, 3, given)
        for averaged in (True, False):
            started = arrays(unpacked(task, state, averaged=averaged))
            assert started.keys() == drawn.keys()
            for name, array in started.items():
                wanted = drawn if name.startswith("classifier.") else arrays(given)
                assert np.array_equal(array, wanted[name]), name


def test_a_tenth_of_the_rate_is_a_tenth_of_the_step(data):
    given, moved = body(), {}
    for share in (1.0, 0.1):
        task = task_of(dataclasses.replace(ONE_STEP, body_rate=share))
        before = arrays(unpacked(task, initial_state(task, 0, given)))
        after = arrays(train(task, compile_training(task), data, 0, body=given))
        moved[share] = {name: after[name] - before[name] for name in before}
    for name, whole in moved[1.0].items():
        if name.endswith((".mean", ".var")):
            continue  # of batch norm: they follow the images at their own pace
        expected = whole if name.startswith("classifier.") else 0.1 * whole
        # What is left is the rounding of a number near 1 from which the step is subtracted.
        np.testing.assert_allclose(moved[0.1][name], expected, rtol=1e-4, atol=3e-7)
        if name.endswith("kernel"):  # what batch norm takes out again has no gradient
            assert np.abs(whole).max() > 1e-5, name


@pytest.mark.parametrize("kind", ["sgd", "rmsprop", "adamw"])
def test_frozen_stages_keep_their_bits_and_the_rest_moves(data, kind):
    optimizer = Optimizer(kind, decay_biases=True)
    given = body()
    task = task_of(dataclasses.replace(FROZEN, optimizer=optimizer, average=0.9 if kind == "rmsprop" else 0.0))
    state = train_stages(task, lambda stage: (compile_training(stage), data), 0, body=given)
    for averaged in (True, False):
        after, before = arrays(unpacked(task, state, averaged=averaged)), arrays(given)
        for name, array in after.items():
            if not name.startswith("classifier."):
                assert np.array_equal(array, before[name]) == is_frozen(name), name


def test_it_goes_on_from_a_checkpoint_in_the_same_bits(data, tmp_path, monkeypatch):
    monkeypatch.setattr(task_module, "SEGMENT_STEPS", 3)
    given, task = body(), task_of(dataclasses.replace(FROZEN, body_rate=0.3))
    program = compile_training(task)

    def trained(**rest):
        return train_stages(task, lambda stage: (program, data), 5, **rest)

    whole, checkpoint = trained(body=given), Checkpoint(tmp_path / "x", "one", 1e9)
    stops = iter([False, True])
    with pytest.raises(Stopped):
        trained(body=given, stopped=lambda: next(stops), checkpoint=checkpoint)
    again = trained(restored=checkpoint.read(initial_state(task, 5)))
    for averaged in (True, False):
        one, other = (arrays(unpacked(task, state, averaged=averaged)) for state in (whole, again))
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_no_gradient_of_frozen_stages_is_computed():
    def products(recipe):
        task = task_of(recipe)
        shapes = [jax.ShapeDtypeStruct(*one) for one in (((60, 12, 12, 1), np.uint8), ((60,), np.int32))]
        order = [jax.ShapeDtypeStruct((task.segments[1], recipe.batch), kind) for kind in (np.int32, np.bool_)]
        pixels = (jax.ShapeDtypeStruct((1,), np.float32),) * 2
        return training_program(task, "cpu").lower(abstract_state(task, "cpu"), *shapes, Pixels(*pixels), *order).as_text()

    whole, frozen = (products(dataclasses.replace(ONE_STEP, frozen_stages=count)).count("dot_general") for count in (0, 2))
    assert frozen < whole / 1.5
