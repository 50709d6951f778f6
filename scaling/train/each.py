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
