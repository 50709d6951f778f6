"""The optimizer of a recipe."""

from __future__ import annotations

from typing import Any

import jax
import optax

from scaling.recipe import Recipe


def schedule(recipe: Recipe, steps: int) -> optax.Schedule:
    """Learning rate at each of `steps` steps: 0 to `peak_rate` over the warm-up, then a cosine to 0."""
    warmup = min(round(recipe.warmup * steps), steps - 1)
    return optax.warmup_cosine_decay_schedule(0.0, recipe.peak_rate, warmup, steps)


def optimizer(recipe: Recipe, steps: int) -> optax.GradientTransformation:
    """Decayed kernels, Nesterov momentum, scheduled rate."""
    return optax.chain(
        optax.add_decayed_weights(recipe.weight_decay, mask=_kernels),
        optax.sgd(schedule(recipe, steps), momentum=recipe.momentum or None, nesterov=recipe.momentum > 0),
    )


def _kernels(params: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)
