"""Images that stay on the device, that are sent, and that are cut on the device: one training, whichever way they come."""

import dataclasses

import jax
import numpy as np
import pytest
from PIL import Image

from scaling import Stage, architecture
from scaling.data import Dataset, Split
from scaling.data.dataset import Stored
from scaling.recipe.augment import Augment
from scaling.recipe.progressive import Progressive
from scaling.recipe.recipe import Recipe
from scaling.train import feed as feed_module
from scaling.train import input as input_module
from scaling.train.feed import ahead, calls
from scaling.train.input import at_stage, given, is_cut_on_device, normalisation, to_device
from scaling.train.loop import compile_evaluation, compile_training, initial_state, predict, train_stages, unpacked
from scaling.train.task import Given, Task

NET = dataclasses.replace(
    architecture("small"), resolution=12, stem=8, head=16, stages=(Stage(1, 3, 2, 1, 8), Stage(1, 3, 1, 2, 8))
)
RECIPE = Recipe(epochs=2, batch=8, peak_rate=0.1)
CHANGED = dataclasses.replace(RECIPE, augment=Augment(crop=0.3, policy="randaugment", mixup=0.2, cutmix=0.3, erase=0.2))
RANDOM = np.random.default_rng(0)


def dataset(stored=False, aspect=1.0):
    def split(count, seed):
        random = np.random.default_rng(seed)
        images = random.integers(0, 256, (count, 6, 6, 3), np.uint8).repeat(3, 1).repeat(3, 2)  # smooth enough to resize
        labels = random.integers(0, 3, count).astype(np.int32)
        return Split(images, labels, aspect=np.full(count, aspect, np.float32) if stored else None)

    splits = split(50, 1), split(30, 2), split(20, 3)
    held = Stored("listing:0", (127.0,) * 3, (74.0,) * 3, None) if stored else None
    return Dataset("noise", ("a", "b", "c"), *splits, stored=held)


def trained(data_set, recipe, resident=True, piece=None):
    task = Task(NET, recipe, 3, 3, 50)
    prepared = to_device(data_set, 12, is_cut_on_device(data_set, recipe))
    if not resident:
        prepared = prepared._replace(
            **{
                name: None if (array := getattr(prepared, name)) is None else np.asarray(array)
                for name in ("images", "labels", "aspect")
            }
        )
        input_module.PIECE_BYTES, before = piece, input_module.PIECE_BYTES

    def of_stage(stage):
        data = at_stage(data_set, stage.architecture.resolution, prepared)
        return compile_training(stage, given(stage, data)), data

    try:
        return task, prepared, unpacked(task, train_stages(task, of_stage, 3))
    finally:
        if not resident:
            input_module.PIECE_BYTES = before


@pytest.mark.parametrize("recipe", [RECIPE, CHANGED], ids=["plain", "changed"])
@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("piece", [1, 10**9])
def test_sent_images_train_the_same(recipe, stored, piece):
    images = dataset(stored, 1.25)
    _, prepared, whole = trained(images, recipe)
    assert prepared.resident != (stored and jax.default_backend() == "cpu")
    whole = trained(images, recipe)[2] if prepared.resident else trained(images, recipe, False, 3 * 8 * 18 * 18 * 3)[2]
    sent = trained(images, recipe, False, piece)[2]
    for ours, theirs in zip(jax.tree.leaves(sent), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_a_piece_divides_a_segment_and_fits_unless_its_steps_are_few(monkeypatch):
    task, data = Task(NET, dataclasses.replace(RECIPE, batch=4), 3, 3, 50), to_device(dataset(), 12)
    sent = data._replace(images=np.asarray(data.images))
    assert task.segments == (1, 12)
    assert given(task, data) == Given(50, 12, 12)
    of_step = 4 * 12 * 12 * 3

    def steps(task, room):
        monkeypatch.setattr(input_module, "PIECE_BYTES", room * of_step)
        found = given(task, sent)
        assert found == Given(4 * found.steps, 12, found.steps)
        return found.steps

    assert [steps(task, room) for room in (12, 6, 5, 4, 2, 0.1)] == [12, 12, 6, 6, 4, 1]
    prime, even = task._replace(images=4 * 61), task._replace(images=4 * 48)
    assert [steps(prime, room) for room in (61, 60, 31, 30)] == [61, 61, 61, 1]
    assert [steps(even, room) for room in (47, 23, 12, 11)] == [24, 16, 12, 8]


def test_what_a_stored_set_is_judged_on_is_the_middle_resized():
    """Beside Pillow's own cutting and resizing of the images before they were squeezed."""
    images = dataset(stored=True, aspect=1.5)
    task, prepared, weights = trained(images, RECIPE, False, 10**9)
    stored = predict(compile_evaluation(task, 18), weights, prepared.validation, prepared.pixels)
    assert stored.shape == (30, 3)

    def by_pillow(image):
        # Of an image 1.5 times as wide as high, squeezed to 18 px, the square in the middle is 12 px of its width.
        cut = Image.fromarray(image).resize((12, 12), Image.Resampling.BICUBIC, box=(3, 0, 15, 18))
        return np.asarray(cut)

    cut = np.stack([by_pillow(image) for image in images.validation.images])
    beside = predict(compile_evaluation(task), weights, Split(cut, images.validation.labels), prepared.pixels)
    np.testing.assert_allclose(stored, beside, atol=0.03)
    assert np.abs(stored - beside).max() < 0.1 * stored.std()


def test_every_stage_of_whole_images_takes_the_same_ones():
    recipe = dataclasses.replace(CHANGED, progressive=Progressive(2, 0.9))
    images = dataset()
    _, prepared, weights = trained(images, recipe)
    assert at_stage(images, 11, prepared) is prepared
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(weights))


def test_a_larger_stage_is_given_its_images_as_the_judged_ones_are(monkeypatch):
    """However large: its program was compiled for that."""
    images = dataset()
    prepared = to_device(images, 12)
    monkeypatch.setattr(input_module, "RESIDENT_BYTES", 0)
    assert at_stage(images, 18, prepared).resident
    assert not to_device(images, 18).resident
    assert not at_stage(images, 18, to_device(images, 12)).resident


@pytest.mark.parametrize("recipe", [RECIPE, CHANGED], ids=["plain", "changed"])
@pytest.mark.parametrize("stored", [False, True])
def test_whoever_asks_later_normalises_as_the_training_did(recipe, stored):
    images = dataset(stored)
    trained_with = to_device(images, 12, is_cut_on_device(images, recipe)).pixels
    asked = normalisation(images, 12, recipe)
    assert np.array_equal(trained_with.mean, asked.mean)
    assert np.array_equal(trained_with.deviation, asked.deviation)


def test_changes_do_not_depend_on_how_images_come_but_on_seed_and_epoch(monkeypatch):
    made = []
    monkeypatch.setattr(feed_module, "given", lambda task, data: Given(50, 18, 3, True))
    prepared = to_device(dataset(), 12, True)
    task = Task(NET, CHANGED, 3, 3, 50)
    for call in calls(task, 7, lambda stage: (None, prepared), 0):
        made.append((call.epoch, call.last, int(call.arguments[-1].epoch), call.arguments[-1].identity.shape))
    assert made == [(0, False, 0, (3, 8)), (0, True, 0, (3, 8)), (1, False, 1, (3, 8)), (1, True, 1, (3, 8))]
    skipped = list(calls(task, 7, lambda stage: (None, prepared), 3))
    assert [(one.epoch, one.last) for one in skipped] == [(1, True)]


def test_what_is_made_ahead_comes_in_order_and_an_error_where_it_was_made():
    def items():
        yield from range(5)
        raise ValueError("at the end")

    found = []
    with pytest.raises(ValueError, match="at the end"):
        found.extend(ahead(items(), 2))  # the items before it arrive first
    seen = ahead(iter(range(100)), 2)
    assert [next(seen) for _ in range(3)] == [0, 1, 2]
    seen.close()
    assert initial_state(Task(NET, RECIPE, 3, 3, 50), 0).average is None
