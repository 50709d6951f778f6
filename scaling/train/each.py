"""Do something to every image of a batch in the way that suits the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import lax


def each(function: Callable[..., jax.Array], *arrays: jax.Array) -> jax.Array:
    """What a function of one image makes of every image of a batch.

    A CPU takes one image after another: an image fits its cache, and of the branches of a `lax.switch` it runs the one that is
    asked for. Other devices take all images at once and select among the results of every branch.

    Args:
        function: (one element of each array) -> an array.
        arrays: (n, ...) each.

    Returns:
        (n, ...).
    """

    def in_turn(*given: Any) -> Any:
        return lax.map(lambda one: function(*one), given)

    made: jax.Array = lax.platform_dependent(*arrays, cpu=in_turn, default=jax.vmap(function))
    return made


def uniform(keys: jax.Array, count: int) -> jax.Array:
    """`count` numbers from 0 to below 1 for each of the keys, (n, count), that depend on the key alone.

    Not a batched draw: on a CPU, random numbers of two dimensions take four times as long to compile as those of one.
    """
    return each(lambda key: jax.random.uniform(key, (count,)), keys)
