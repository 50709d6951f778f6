"""The optimizer of a recipe, its learning rate, and the running average of what it makes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from scaling.recipe.recipe import Recipe


def schedule(recipe: Recipe, steps: int) -> optax.Schedule:
    """Learning rate at each of `steps` steps: 0 to `Recipe.highest_rate` over the warm-up, then as `Recipe.schedule` has it."""
    warmup, peak = min(round(recipe.warmup * steps), steps - 1), recipe.highest_rate
    if recipe.schedule.kind == "cosine":
        return optax.warmup_cosine_decay_schedule(0.0, peak, warmup, steps)
    # Stairs are counted from the start of the training, under the warm-up too.
    stairs = optax.exponential_decay(peak, recipe.schedule.every * steps, recipe.schedule.factor, staircase=True)
    rising = optax.linear_schedule(0.0, peak, warmup)
    return lambda step: jnp.where(step < warmup, rising(step), stairs(step))


LARGE = 2**16
"""Numbers in a kernel from which on packing it would cost more than it saves."""


class Packed(NamedTuple):
    """A tree of arrays as fewer arrays: large kernels as they are, everything else end to end in two vectors.

    A network has hundreds of small parameters. Updated one by one each would be several kernels to compile and to start.
    """

    large: list[jax.Array]
    kernels: jax.Array
    """small arrays of two axes and more"""
    vectors: jax.Array
    """arrays of one axis"""


def pack(tree: Any, xp: Any = jnp) -> Packed:
    """The arrays of a tree, packed by `xp`: jax.numpy within a program, NumPy outside, where nothing is to be compiled."""
    rooms: dict[str, list[Any]] = {name: [] for name in Packed._fields}
    for leaf in jax.tree.leaves(tree):
        rooms[room(leaf.shape)].append(leaf)
    kernels, vectors = (
        xp.concatenate([xp.zeros(0, xp.float32), *(leaf.reshape(-1) for leaf in rooms[name])]) for name in Packed._fields[1:]
    )
    return Packed(rooms["large"], kernels, vectors)


def abstract_pack(tree: Any) -> Packed:
    """The shapes of a packed tree, from those of its arrays."""
    leaves = jax.tree.leaves(tree)
    sizes = {name: sum(math.prod(one.shape) for one in leaves if room(one.shape) == name) for name in Packed._fields[1:]}
    vectors = (jax.ShapeDtypeStruct((sizes[name],), jnp.float32) for name in Packed._fields[1:])
    large = [jax.ShapeDtypeStruct(one.shape, jnp.float32) for one in leaves if room(one.shape) == "large"]
    return Packed(large, *vectors)  # type: ignore[arg-type]


def unpack(packed: Packed, like: Any) -> Any:
    """The tree with the arrays of `packed` in it, in the structure and shapes of `like`."""
    leaves, structure = jax.tree.flatten(like)
    large = iter(packed.large)
    taken = {"kernels": 0, "vectors": 0}

    def next_of(room: str, shape: tuple[int, ...]) -> Any:
        if room == "large":
            return next(large)
        start = taken[room]
        taken[room] += math.prod(shape)
        return getattr(packed, room)[start : taken[room]].reshape(shape)

    return jax.tree.unflatten(structure, [next_of(room(leaf.shape), leaf.shape) for leaf in leaves])


def room(shape: tuple[int, ...]) -> str:
    """The field of `Packed` that an array of a shape is in."""
    if len(shape) < 2:
        return "vectors"
    return "large" if math.prod(shape) >= LARGE else "kernels"


def optimizer(recipe: Recipe, params: Any = None) -> optax.GradientTransformationExtraArgs:
    """The optimizer of a recipe, on `Packed` parameters; `update` is told the learning rate as `rate`.

    Args:
        recipe: names it.
        params: the tree that was packed, or its shapes, where biases are decayed.
    """
    asked = recipe.optimizer
    decay = _decay(recipe, params)
    if asked.kind == "sgd":
        momentum = (optax.trace(recipe.momentum, nesterov=True),) if recipe.momentum else ()
        return optax.with_extra_args_support(optax.chain(decay, *momentum) if momentum else decay)
    if asked.kind == "adamw":
        adam = optax.scale_by_adam(recipe.momentum, asked.decay_of_squares, asked.stabiliser)
        return optax.with_extra_args_support(optax.chain(adam, decay))
    # optax.rmsprop takes the rate after the momentum; TensorFlow, and with it the release, before.
    mean_square = optax.scale_by_rms(asked.decay_of_squares, asked.stabiliser, initial_scale=1.0, eps_in_sqrt=True)
    return optax.chain(decay, mean_square, _scale_by_rate(), optax.trace(recipe.momentum))


def apply_updates(recipe: Recipe, params: Packed, updates: Packed, rate: jax.Array, multiples: Packed | None = None) -> Packed:
    """The parameters after a step: p - rate * update, or p - update where the optimizer took the rate in already.

    Args:
        recipe: names the optimizer.
        params: p.
        updates: what the optimizer says.
        rate: of this step.
        multiples: of the rate, for each parameter; None takes it as it is.
    """
    if multiples is not None:  # every optimizer's update is linear in the rate, its momentum included
        updates = jax.tree.map(lambda update, multiple: update * multiple, updates, multiples)
    if recipe.optimizer.kind == "rmsprop":
        return jax.tree.map(lambda value, update: value - update, params, updates)
    return jax.tree.map(lambda value, update: value - rate * update, params, updates)


def initial_moments(recipe: Recipe, packed: Packed, params: Any) -> Any:
    """What the optimizer remembers before the first step.

    Args:
        recipe: names the optimizer.
        packed: parameters, on the device.
        params: the tree that was packed, or its shapes.
    """
    init = optimizer(recipe, params).init
    if recipe.optimizer.kind == "sgd":  # zeros made here: JAX would compile a program for every shape
        return jax.device_put(jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), jax.eval_shape(init, packed)))
    return jax.jit(init)(packed)


def averaged(decay: float, steps: jax.Array, average: Any, values: Any) -> Any:
    """A running average after one more value: a <- d a + (1 - d) v, d = min(decay, (1 + t) / (10 + t)).

    Args:
        decay: highest d.
        steps: t, training steps taken.
        average: a, any tree.
        values: v, alike.

    Source: `num_updates` of TensorFlow's ExponentialMovingAverage, which EfficientNet's release gives the step.
    """
    kept = jnp.minimum(decay, (1.0 + steps) / (10.0 + steps))
    return jax.tree.map(lambda old, new: kept * old + (1 - kept) * new, average, values)


def _decay(recipe: Recipe, params: Any) -> optax.GradientTransformation:
    if not recipe.optimizer.decay_biases:
        return optax.add_decayed_weights(recipe.weight_decay, mask=_decayed)
    biases = _biases(params)

    def decayed(gradient: Packed, packed: Any) -> Packed:
        shares = Packed([1.0] * len(gradient.large), 1.0, biases)  # type: ignore[list-item, arg-type]
        return jax.tree.map(lambda g, value, share: g + recipe.weight_decay * share * value, gradient, packed, shares)

    return optax.stateless(decayed)


def _decayed(packed: Packed) -> Packed:
    return Packed([True] * len(packed.large), True, False)  # type: ignore[arg-type, list-item]


def _biases(params: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """1 where a number among the packed vectors is a bias, 0 where it is a scale or an offset of batch norm."""
    found = [
        np.full(leaf.shape, not any(getattr(key, "key", None) == "norm" for key in path), np.float32)
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
        if room(leaf.shape) == "vectors"
    ]
    return np.concatenate(found)


def _scale_by_rate() -> optax.GradientTransformationExtraArgs:
    def update(updates: Any, state: Any, params: Any = None, *, rate: jax.Array, **_: Any) -> tuple[Any, Any]:
        return jax.tree.map(lambda one: rate * one, updates), state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)
