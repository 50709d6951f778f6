"""The optimizer of a recipe."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from scaling.recipe.recipe import Recipe


def schedule(recipe: Recipe, steps: int) -> optax.Schedule:
    """Learning rate at each of `steps` steps: 0 to `peak_rate` over the warm-up, then a cosine to 0."""
    warmup = min(round(recipe.warmup * steps), steps - 1)
    return optax.warmup_cosine_decay_schedule(0.0, recipe.peak_rate, warmup, steps)


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
        rooms[_room(leaf.shape)].append(leaf)
    kernels, vectors = (
        xp.concatenate([xp.zeros(0, xp.float32), *(leaf.reshape(-1) for leaf in rooms[name])]) for name in Packed._fields[1:]
    )
    return Packed(rooms["large"], kernels, vectors)


def abstract_pack(tree: Any) -> Packed:
    """The shapes of a packed tree, from those of its arrays."""
    leaves = jax.tree.leaves(tree)
    sizes = {name: sum(math.prod(one.shape) for one in leaves if _room(one.shape) == name) for name in Packed._fields[1:]}
    vectors = (jax.ShapeDtypeStruct((sizes[name],), jnp.float32) for name in Packed._fields[1:])
    large = [jax.ShapeDtypeStruct(one.shape, jnp.float32) for one in leaves if _room(one.shape) == "large"]
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

    return jax.tree.unflatten(structure, [next_of(_room(leaf.shape), leaf.shape) for leaf in leaves])


def _room(shape: tuple[int, ...]) -> str:
    if len(shape) < 2:
        return "vectors"
    return "large" if math.prod(shape) >= LARGE else "kernels"


def optimizer(recipe: Recipe) -> optax.GradientTransformation:
    """Decayed kernels and Nesterov momentum, on `Packed` parameters; updates are for a learning rate of -1."""
    decay = optax.add_decayed_weights(recipe.weight_decay, mask=_decayed)
    return optax.chain(decay, optax.trace(recipe.momentum, nesterov=True)) if recipe.momentum else decay


def _decayed(packed: Packed) -> Packed:
    return Packed([True] * len(packed.large), True, False)  # type: ignore[arg-type, list-item]
