"""Parts of a network that do not train as the rest: stages that stay as they are, a body that learns slower."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from scaling.arch import Architecture
from scaling.nets import Network
from scaling.recipe.recipe import Recipe
from scaling.train.optimizer import Packed, room

Path = tuple[Any, ...]
"""Of an array in a tree, as JAX has it."""


def is_classifier(path: Path) -> bool:
    """Whether an array is the classifier's."""
    return bool(path[0].key == "classifier")


def with_body(fresh: Any, body: Any) -> Any:
    """A tree with the classifier of one and everything else of another; their classifiers may differ in shape."""
    return jax.tree_util.tree_map_with_path(lambda path, own, given: own if is_classifier(path) else given, fresh, body)


class Frozen:
    """The stem and the first stages of a network, which a training leaves as they are.

    Args:
        architecture: of the network.
        stages: how many of its stages; 0 none, and not the stem either.
    """

    def __init__(self, architecture: Architecture, stages: int) -> None:
        self._stem = stages > 0
        self._blocks = sum(stage.repeats for stage in architecture.stages[:stages])

    def __call__(self, path: Path) -> bool:
        """Whether an array is in them."""
        return self._stem and (path[0].key == "stem" or (path[0].key == "blocks" and path[1].key < self._blocks))

    def in_evaluation(self, network: Network) -> None:
        """Put them in evaluation mode: running statistics, nothing dropped."""
        if self._stem:
            for part in (network.stem, *network.blocks[: self._blocks]):
                part.eval()

    def stopped(self, params: Any) -> Any:
        """Parameters that no gradient reaches there, so that none is computed."""
        return jax.tree_util.tree_map_with_path(lambda path, leaf: lax.stop_gradient(leaf) if self(path) else leaf, params)

    def kept(self, like: Any, old: Packed, new: Packed) -> Packed:
        """What is packed after a step, with the very bits of before in these parts.

        Args:
            like: the tree that was packed, or its shapes.
            old: before.
            new: after.
        """
        return jax.tree.map(lambda frozen, before, after: jnp.where(frozen, before, after), spread(like, self), old, new)


def rates(recipe: Recipe, params: Any) -> Packed:
    """The multiple of the learning rate of every packed parameter.

    Args:
        recipe: says it.
        params: the tree that was packed, or its shapes.
    """
    return spread(params, lambda path: 1.0 if is_classifier(path) else recipe.body_rate)


def spread(like: Any, of: Callable[[Path], float]) -> Packed:
    """What `of` says of the path of each array, for all its numbers, packed as they are.

    Runs of equal values are made within the program: a constant for every parameter would be as large as the network.
    """
    runs: dict[str, list[tuple[float, int]]] = {name: [] for name in Packed._fields}
    for path, leaf in jax.tree_util.tree_leaves_with_path(like):
        runs[room(leaf.shape)].append((of(path), prod(leaf.shape)))
    large = [jnp.asarray(value) for value, _ in runs["large"]]
    return Packed(large, *(_vector(runs[name]) for name in Packed._fields[1:]))


def _vector(runs: list[tuple[float, int]]) -> jax.Array:
    joined = [(value, sum(count for _, count in group)) for value, group in groupby(runs, key=lambda run: run[0])]
    return jnp.concatenate([jnp.full(count, value) for value, count in joined]) if joined else jnp.zeros(0)
