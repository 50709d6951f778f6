"""A training that goes on from its checkpoint ends in the bits of one that was never stopped."""

import dataclasses
import re

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from scaling import Stage, architecture
from scaling.core.errors import UserError
from scaling.data import Dataset, Split
from scaling.recipe.augment import Augment
from scaling.recipe.optimizers import Optimizer
from scaling.recipe.progressive import Progressive
from scaling.recipe.recipe import Recipe
from scaling.recipe.schedules import Schedule
from scaling.train import checkpoint as checkpoint_module
from scaling.train import loop as loop_module
from scaling.train import task as task_module
from scaling.train.checkpoint import Checkpoint
from scaling.train.input import at_stage, given, is_cut_on_device, to_device
from scaling.train.loop import Stopped, compile_training, initial_state, train_stages
from scaling.train.stages import stages
from scaling.train.task import Task

NET = dataclasses.replace(
    architecture("small"), resolution=14, stem=8, head=16, stages=(Stage(1, 3, 2, 1, 8), Stage(2, 3, 1, 2, 8))
)
PLAIN = Recipe(epochs=3, batch=8, peak_rate=0.1)
RECIPES = {
    "proxy": PLAIN,
    "random": dataclasses.replace(PLAIN, dropout=0.2, stochastic_depth=0.3),
    "rmsprop": dataclasses.replace(
        PLAIN, optimizer=Optimizer("rmsprop", decay_biases=True), schedule=Schedule("staircase"), average=0.99, dropout=0.1
    ),
    "adamw": dataclasses.replace(PLAIN, optimizer=Optimizer("adamw"), peak_rate=0.01),
    "progressive": dataclasses.replace(PLAIN, dropout=0.2, progressive=Progressive(3, 0.86, dropout=0.1)),
    "augmented": dataclasses.replace(
        PLAIN, augment=Augment(crop=0.3, policy="randaugment", mixup=0.4, cutmix=0.5, erase=0.3), average=0.9
    ),
    "sizes at random": dataclasses.replace(PLAIN, progressive=Progressive(2, 0.86, order="random")),
}


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch):
    monkeypatch.setattr(task_module, "SEGMENT_STEPS", 3)


@pytest.fixture(scope="module")
def dataset():
    random = np.random.default_rng(0)

    def split(count):
        return Split(random.integers(0, 256, (count, 14, 14, 1), np.uint8), random.integers(0, 2, count).astype(np.int32))

    return Dataset("noise", ("a", "b"), split(60), split(10), split(10))


class Prepared:
    """A task with its programs and images."""

    def __init__(self, dataset, recipe):
        self.task = Task(NET, recipe, 2, 1, 60)
        self.data = to_device(dataset, 14, is_cut_on_device(dataset, recipe))
        self.dataset, self.made = dataset, {}

    def of_stage(self, stage):
        if stage not in self.made:
            data = at_stage(self.dataset, stage.architecture.resolution, self.data)
            self.made[stage] = compile_training(stage, given(stage, data)), data
        return self.made[stage]


def same(one, other):
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(*(jax.random.key_data(x) if checkpoint_module._is_key(x) else x for x in pair)) for pair in pairs)


@pytest.mark.parametrize("name", RECIPES)
def test_it_ends_in_the_same_bits_wherever_it_was_stopped(name, dataset, tmp_path):
    prepared = Prepared(dataset, RECIPES[name])
    task, heard = prepared.task, []
    count = task.segments[0]
    assert count == 3
    whole = train_stages(task, prepared.of_stage, 5, heard.append)
    for stop in range(1, 3 * count):
        checkpoint = Checkpoint(tmp_path / f"{stop}.checkpoint", "one", 1e9)
        left = iter([False] * (stop - 1) + [True])
        with pytest.raises(Stopped):
            train_stages(task, prepared.of_stage, 5, stopped=lambda left=left: next(left), checkpoint=checkpoint)
        restored = checkpoint.read(initial_state(task, 5))
        assert len(restored.seen) == stop
        again = []
        assert same(whole, train_stages(task, prepared.of_stage, 5, again.append, restored=restored))
        assert again == heard


def test_it_is_written_every_so_often(dataset, tmp_path, monkeypatch):
    prepared = Prepared(dataset, PLAIN)
    clock = iter(range(1000))
    monkeypatch.setattr(checkpoint_module.time, "monotonic", lambda: next(clock))
    written = []
    monkeypatch.setattr(checkpoint_module, "atomic_write", lambda path, content: written.append(len(content)))
    train_stages(prepared.task, prepared.of_stage, 0, checkpoint=Checkpoint(tmp_path / "x", "one", 3.0))
    assert len(written) == 3  # every third of nine segments, a second each


@pytest.fixture
def stopped(dataset, tmp_path):
    prepared = Prepared(dataset, RECIPES["random"])
    path = tmp_path / "t.checkpoint"
    checkpoint = Checkpoint(path, "one", 1e9)
    with pytest.raises(Stopped):
        train_stages(prepared.task, prepared.of_stage, 0, stopped=lambda: True, checkpoint=checkpoint)
    return path, initial_state(prepared.task, 0)


def test_none_is_none(tmp_path, stopped):
    assert Checkpoint(tmp_path / "absent", "one", 1.0).read(stopped[1]) is None


def test_one_of_another_trial_is_refused(stopped):
    path, like = stopped
    said = f"{path}: the checkpoint of another trial; this training starts anew"
    with pytest.raises(UserError, match=f"^{re.escape(said)}$"):
        Checkpoint(path, "another", 1.0).read(like)


def test_one_by_other_code_is_refused(stopped, monkeypatch):
    path, like = stopped
    monkeypatch.setattr(checkpoint_module, "origin", lambda: ["another version"])
    said = f"{path}: a checkpoint by another version of this package or of JAX, or on another device; this training starts anew"
    with pytest.raises(UserError, match=f"^{re.escape(said)}$"):
        Checkpoint(path, "one", 1.0).read(like)


def test_one_of_images_given_otherwise_is_refused(stopped):
    path, like = stopped
    with pytest.raises(UserError, match="by another version of this package or of JAX, or on another device"):
        Checkpoint(path, "one", 1.0, "[(60, 14, 3, False)]").read(like)


def test_a_stop_while_the_next_stage_is_compiled_keeps_the_training(dataset, tmp_path):
    prepared = Prepared(dataset, RECIPES["progressive"])
    whole = train_stages(prepared.task, prepared.of_stage, 5)
    checkpoint, asked = Checkpoint(tmp_path / "x", "one", 1e9), []

    def of_stage(stage):
        asked.append(stage)
        if len(asked) == 2:
            raise Stopped
        return prepared.of_stage(stage)

    with pytest.raises(Stopped):
        train_stages(prepared.task, of_stage, 5, checkpoint=checkpoint)
    restored = checkpoint.read(initial_state(prepared.task, 5))
    assert len(restored.seen) == 3
    assert same(whole, train_stages(prepared.task, prepared.of_stage, 5, restored=restored))


def test_a_finished_training_is_kept_until_it_is_judged(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(loop_module, "WORTH_KEEPING_SECONDS", 0.0)
    prepared, checkpoint = Prepared(dataset, PLAIN), Checkpoint(tmp_path / "x", "one", 1e9)
    whole = train_stages(prepared.task, prepared.of_stage, 0, checkpoint=checkpoint, seconds=lambda: 7.5)
    restored = checkpoint.read(initial_state(prepared.task, 0))
    assert (len(restored.seen), restored.seconds) == (9, 7.5)
    assert same(whole, restored.state)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "tensor", "shape", "losses", "folder"])
def test_damage_is_one_line(stopped, damage):
    path, like = stopped
    content, arrays = path.read_bytes(), load_file(path)
    with checkpoint_module.safe_open(path, framework="np") as opened:
        about = opened.metadata()
    if damage == "cut":
        path.write_bytes(content[:-100])
    elif damage in ("empty", "text"):
        path.write_bytes(b"" if damage == "empty" else b"not a checkpoint at all, whatever it is called")
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        changed = {
            "tensor": {"step": None},
            "shape": {"params.vectors": np.zeros(3, np.float32)},
            "losses": {"seen": np.zeros((9, 4))},
        }
        kept = {**arrays, **changed[damage]}
        save_file({name: array for name, array in kept.items() if array is not None}, path, metadata=about)
    with pytest.raises(UserError, match=r"^[^ ]*t\.checkpoint: not a whole checkpoint \(.*\); this training starts anew$"):
        Checkpoint(path, "one", 1.0).read(like)


def test_names_are_our_own(stopped):
    names = set(load_file(stopped[0]))
    assert {"params.kernels", "params.vectors", "statistics.vectors", "step", "seen"} < names
    assert not any("[" in name or "value" in name for name in names)


def test_stages_cover_every_epoch_once_and_grow():
    recipe = Recipe(epochs=10, batch=8, dropout=0.3, progressive=Progressive(4, 0.5, 0.75, dropout=0.1))
    task = Task(architecture("efficientnet_b0"), recipe, 10, 3, 80)
    found = stages(task, 0)
    assert [epoch for stage in found for epoch in stage.epochs] == list(range(10))
    assert [stage.task.architecture.resolution for stage in found] == [112, 131, 149, 168]
    assert [stage.task.recipe.dropout for stage in found] == pytest.approx([0.1, 0.1 + 0.2 / 3, 0.1 + 0.4 / 3, 0.3])
    assert all(stage.task.recipe.progressive == Progressive() for stage in found)
    assert all(stage.task.steps == task.steps for stage in found)


def test_sizes_at_random_are_drawn_by_seed_and_equally_often():
    recipe = Recipe(epochs=3000, batch=8, progressive=Progressive(3, 0.5, order="random", every=5))
    task = Task(architecture("efficientnet_b0"), recipe, 10, 3, 80)
    found = stages(task, 0)
    assert found == stages(task, 0) != stages(task, 1)
    assert [epoch for stage in found for epoch in stage.epochs] == list(range(3000))
    assert all(len(stage.epochs) % 5 == 0 for stage in found)
    lengths = {112: 0, 168: 0, 224: 0}
    for stage in found:
        lengths[stage.task.architecture.resolution] += len(stage.epochs)
    assert all(abs(length - 1000) < 5 * 4 * (600 * 2 / 9) ** 0.5 for length in lengths.values())


def test_mixing_begins_in_one_proportion():
    augment = dataclasses.replace(PLAIN.augment, mixup=0.4, cutmix=1.0, policy="randaugment", magnitude=15)
    progressive = Progressive(3, 0.5, mixup=0.1, magnitude=5)
    task = Task(architecture("small"), Recipe(epochs=3, augment=augment, progressive=progressive), 10, 1, 6000)
    found = [stage.task.recipe.augment for stage in stages(task, 0)]
    assert [one.mixup for one in found] == pytest.approx([0.1, 0.25, 0.4])
    assert [one.cutmix for one in found] == pytest.approx([0.25, 0.625, 1.0])
    assert [one.magnitude for one in found] == pytest.approx([5, 10, 15])


def test_an_ordinary_recipe_has_one_stage():
    task = Task(NET, PLAIN, 2, 1, 60)
    assert stages(task, 3) == [(task, range(3))]
