"""What the arrays of a network and of its training are called in files: by our own attributes, not by Flax's containers."""

from __future__ import annotations

from typing import Any

import jax

_CONTAINER = "value"
"""The attribute in which Flax's variables hold their array; a name says nothing of it."""


def named(tree: Any) -> list[tuple[str, Any]]:
    """The arrays of a tree with their paths, as `blocks.0.depthwise.norm.scale`, in the tree's order."""
    return [(".".join(_words(path)), leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(tree)]


def named_by_flax(tree: Any) -> list[tuple[str, Any]]:
    """The same with the names of files that were written before there was `named`."""
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(tree)]


def _words(path: tuple[Any, ...]) -> list[str]:
    words = [str(getattr(key, "name", getattr(key, "key", getattr(key, "idx", key)))) for key in path]
    return words[:-1] if words[-1] == _CONTAINER else words
