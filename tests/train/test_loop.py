import dataclasses
import os

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from scaling import Stage, architecture
from scaling.data import Dataset, Split
from scaling.recipe.recipe import Recipe
from scaling.train import input as device_module
from scaling.train.feed import epoch_order
from scaling.train.input import given, to_device
from scaling.train.loop import (
    Diverged,
    Stopped,
    compile_evaluation,
    compile_training,
    evaluate_per_image,
    initial_state,
    predict,
    train,
)
from scaling.train.optimizer import abstract_pack, optimizer, pack, schedule, unpack
from scaling.train.step import abstract_weights
from scaling.train.task import Task
from scaling.train.weights_file import load_weights, save_weights

NET = dataclasses.replace(
    architecture("small"), resolution=12, stem=8, head=16, stages=(Stage(1, 3, 2, 1, 8), Stage(1, 3, 1, 2, 8))
)
RECIPE = Recipe(epochs=6, batch=16, peak_rate=0.3)


def dataset(counts=(128, 40, 30)):
    """Bright above or bright below, with noise; mirroring keeps the class."""
    random = np.random.default_rng(0)

    def split(count):
        labels = random.integers(0, 2, count).astype(np.int32)
        images = random.integers(0, 150, (count, 14, 14, 1), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[7 * label : 7 * label + 7] += 50
        return Split(images, labels)

    return Dataset("halves", ("above", "below"), *(split(count) for count in counts))


@pytest.fixture(scope="module")
def trained():
    data = dataset()
    task = Task(NET, RECIPE, 2, 1, len(data.train))
    program, evaluation, prepared = compile_training(task), compile_evaluation(task), to_device(data, 12)
    return task, program, evaluation, prepared, train(task, program, prepared, seed=0)


def test_it_learns(trained):
    _, _, evaluation, prepared, state = trained
    for split in (prepared.validation, prepared.test):
        assert evaluate_per_image(evaluation, state, split, prepared.pixels).correct.mean() > 0.9


def test_the_same_seed_gives_the_same_bits_and_another_gives_others(trained):
    task, program, _, prepared, state = trained
    again, other = train(task, program, prepared, seed=0), train(task, program, prepared, seed=1)
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, state.params, again.params)))
    assert not all(jax.tree.leaves(jax.tree.map(np.array_equal, state.params, other.params)))


def test_images_sent_in_segments_train_the_same(trained, monkeypatch):
    task, _, _, _, state = trained
    monkeypatch.setattr(device_module, "RESIDENT_BYTES", 0)
    prepared = to_device(dataset(), 12)
    assert not prepared.resident
    streamed = train(task, compile_training(task, given(task, prepared)), prepared, seed=0)
    for ours, theirs in zip(jax.tree.leaves(streamed.params), jax.tree.leaves(state.params), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_progress_is_reported_per_epoch(trained):
    task, program, _, prepared, _ = trained
    heard = []
    train(task, program, prepared, 0, report=heard.append)
    assert [(segment.epoch, segment.last) for segment in heard] == [(epoch, True) for epoch in range(6)]
    assert heard[-1].accuracy > heard[0].accuracy
    assert heard[-1].loss < heard[0].loss


def test_a_stop_is_obeyed(trained):
    task, program, _, prepared, _ = trained
    with pytest.raises(Stopped):
        train(task, program, prepared, 0, stopped=lambda: True)


def test_divergence_is_told_apart_from_an_error(trained):
    _, _, _, prepared, _ = trained
    wild = Task(NET, dataclasses.replace(RECIPE, peak_rate=1e30, momentum=0.0), 2, 1, 128)
    with pytest.raises(Diverged, match="the training loss became nan in epoch 1 of 6"):
        train(wild, compile_training(wild), prepared, 0)


def test_predictions_do_not_depend_on_the_batch_they_stand_in(trained):
    _, _, evaluation, prepared, state = trained
    images = prepared.validation
    whole = predict(evaluation, state, images, prepared.pixels)
    alone = predict(evaluation, state, Split(images.images[7:8], images.labels[7:8]), prepared.pixels)
    assert whole.shape == (40, 2)
    np.testing.assert_allclose(whole[7:8], alone, rtol=1e-5, atol=1e-6)


def test_pixels_are_those_of_the_training_images():
    data = dataset()
    found = to_device(data, 14).pixels
    assert float(found.mean[0]) == pytest.approx(data.train.images.mean(), rel=1e-6)
    assert float(found.deviation[0]) == pytest.approx(data.train.images.std(), rel=1e-6)


def test_an_epoch_shows_every_image_at_most_once_and_another_order_next_time():
    task = Task(NET, RECIPE, 2, 1, 130)
    order, mirrored = epoch_order(task, 0, 0)
    assert order.shape == mirrored.shape == (8, 16)
    assert len(set(order.ravel())) == 128
    assert 0.3 < mirrored.mean() < 0.7
    assert not np.array_equal(order, epoch_order(task, 0, 1)[0])
    assert not np.array_equal(order, epoch_order(task, 1, 0)[0])
    assert not epoch_order(task._replace(recipe=dataclasses.replace(RECIPE, flip=False)), 0, 0)[1].any()


@pytest.mark.parametrize(("count", "segments"), [(16, (1, 1)), (1024, (1, 64)), (1040, (2, 32)), (60000, (59, 63))])
def test_segments_are_equal_and_lose_little(count, segments):
    task = Task(NET, RECIPE, 2, 1, count)
    assert task.segments == segments
    assert task.steps == 6 * segments[0] * segments[1]


def test_too_few_images_for_a_batch():
    with pytest.raises(ValueError, match=r"15 training images do not fill one batch of 16; lower recipe.batch"):
        _ = Task(NET, RECIPE, 2, 1, 15).segments


def test_the_schedule_warms_up_and_comes_down_to_zero():
    rate = schedule(Recipe(peak_rate=0.5, warmup=0.2), 100)
    assert [round(float(rate(step)), 6) for step in (0, 10, 20, 60, 100)] == [0, 0.25, 0.5, 0.25, 0]


def test_the_optimizers_state_starts_as_optax_starts_it():
    task = Task(NET, RECIPE, 2, 1, 128)
    state = initial_state(task, 0)
    started = optimizer(RECIPE).init(state.params)
    assert jax.tree.structure(started) == jax.tree.structure(state.optimizer)
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, started, state.optimizer)))


def test_a_training_that_is_nearly_all_warm_up_has_a_schedule():
    assert float(schedule(Recipe(warmup=0.99), 3)(1)) > 0


def test_packing_loses_and_moves_nothing():
    weights = abstract_weights(Task(NET, RECIPE, 2, 1, 128), "cpu")
    numbers = iter(range(10**6))
    tree = jax.tree.map(lambda leaf: np.full(leaf.shape, next(numbers), np.float32), weights.params)
    packed = pack(tree, np)
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), abstract_pack(weights.params)) == jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), packed
    )
    assert sum(leaf.size for leaf in jax.tree.leaves(packed)) == sum(leaf.size for leaf in jax.tree.leaves(tree))
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, unpack(packed, weights.params), tree)))
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, jax.device_get(jax.jit(pack)(tree)), packed)))


def test_only_kernels_decay():
    transform = optimizer(Recipe(momentum=0.0, weight_decay=0.5))
    params = pack({"dense": np.ones((300, 400)), "depthwise": np.ones((3, 3, 2)), "bias": np.ones(2)}, np)
    zero = jax.tree.map(np.zeros_like, params)
    updates, _ = transform.update(zero, transform.init(params), params)
    assert np.all(updates.large[0] == 0.5)
    assert np.all(updates.kernels == 0.5)
    assert np.all(updates.vectors == 0)


def test_weights_come_back_from_the_disk(trained, tmp_path):
    task, _, evaluation, prepared, state = trained
    path = tmp_path / "weights" / "net.safetensors"
    save_weights(path, state)
    assert [file.name for file in path.parent.iterdir()] == ["net.safetensors"]
    loaded = load_weights(path, task)
    before = predict(evaluation, state, prepared.validation, prepared.pixels)
    assert np.array_equal(before, predict(evaluation, loaded, prepared.validation, prepared.pixels))


def test_weights_are_named_by_our_own_names_and_older_files_are_read(trained, tmp_path):
    task, state, path = trained[0], trained[-1], tmp_path / "net.safetensors"
    save_weights(path, state)
    names = set(load_file(path))
    assert {"stem.convolution.kernel", "stem.norm.mean", "blocks.1.project.norm.scale", "classifier.bias"} < names
    assert not any("[" in name or "value" in name for name in names)
    older = {jax.tree_util.keystr(at): np.asarray(leaf) for at, leaf in jax.tree_util.tree_leaves_with_path(tuple(state))}
    assert "[0]['stem']['convolution']['kernel'].value" in older
    save_file(older, path)
    for ours, theirs in zip(jax.tree.leaves(load_weights(path, task)), jax.tree.leaves(state), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_full_disk_is_an_error_of_the_disk_and_leaves_no_draft(trained, tmp_path, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_weights(tmp_path / "net.safetensors", trained[-1])
    assert list(tmp_path.iterdir()) == []


def test_damaged_weights_are_named(trained, tmp_path):
    (tmp_path / "net.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"net.safetensors: not a whole safetensors file .*train this run again"):
        load_weights(tmp_path / "net.safetensors", trained[0])


def test_weights_of_another_network_are_refused(trained, tmp_path):
    task, _, _, _, state = trained
    path = tmp_path / "net.safetensors"
    save_weights(path, state)
    wider = task._replace(architecture=dataclasses.replace(NET, head=24))
    with pytest.raises(ValueError, match=r"tensor .*should have the shape .*24.*, found .*16"):
        load_weights(path, wider)
    tensors = load_file(path)
    name = next(iter(tensors))
    save_file({key: value for key, value in tensors.items() if key != name}, path)
    with pytest.raises(ValueError, match="found None"):
        load_weights(path, task)
