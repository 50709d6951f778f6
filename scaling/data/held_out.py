"""How much of a set's train images is held out as validation, where that is not the rule of its form, and how much is used."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import UserError
from scaling.data.dataset import DataError
from scaling.data.splits import VALIDATION, positions

_FINEST = 10**6

Labels = NDArray[np.integer[Any]]


def require_held_out(share: float | None, minival: int | None, train_share: float | None = None) -> None:
    """Refuse what cannot be held out of any set.

    Raises:
        UserError: a share is not between 0 and 1, the images are less than 1, or both are given.
    """
    if share is not None and minival is not None:
        raise UserError("take validation_share or minival, not both: either says which images of train are validation")
    for name, one in (("validation_share", share), ("train_share", train_share)):
        if one is not None and not 1 / _FINEST <= one <= 1 - 1 / _FINEST:
            raise UserError(f"{name} must be above 0 and below 1, got {one:g}")
    if minival is not None and minival < 1:
        raise UserError(f"minival must be at least 1 image, got {minival}")


class HeldOut(NamedTuple):
    """What is held out of train, in a set of train and one held-out split.

    Attributes:
        share: of each class's images of train.
        minival: images of train, spread evenly over the classes.
    """

    share: float | None = None
    minival: int | None = None

    def of_train(self, labels: Labels, rule: Callable[[Labels], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Codes of the train images, uint8 (n,): 0 train, 1 validation.

        Args:
            labels: (n,), 0 or more.
            rule: of the form, where nothing else is asked.

        Raises:
            DataError: minival asks for fewer images than there are classes, or for as many as there are.
        """
        if self.share is not None:
            return _spread(labels, *_ratio(self.share))
        if self.minival is not None:
            counts = np.bincount(labels)
            return _spread(labels, _quotas(counts, self.minival)[labels], counts[labels])
        return rule(labels)

    def require_use(self, origin: str, one_held_out: bool) -> None:
        """Refuse what does nothing.

        Args:
            origin: the set, for the message.
            one_held_out: whether it has train and one held-out split.

        Raises:
            DataError: something is asked for, and it has not.
        """
        if self != HeldOut() and not one_held_out:
            name = "minival" if self.share is None else "validation_share"
            raise DataError(
                f"{origin}: {name} is a part of train held out as validation where a set has train and one other split; this "
                "one has not, leave it out"
            )


AS_THE_FORM_HAS_IT = HeldOut()
"""Nothing else is asked."""


def in_share(labels: Labels, share: float) -> NDArray[np.bool_]:
    """Which images of a split are among that share of each class, spread evenly over its files; of no class none.

    Args:
        labels: (n,), 0 or more.
        share: above 0 and below 1.
    """
    taken = _spread(labels, *_ratio(share)) == VALIDATION
    without = np.bincount(labels, taken, minlength=int(labels.max()) + 1)[labels] == 0
    return taken | (without & (positions(labels) == 0))


def _ratio(share: float) -> tuple[int, int]:
    return Fraction(share).limit_denominator(_FINEST).as_integer_ratio()


def _spread(labels: Labels, part: int | Labels, of: int | Labels) -> NDArray[np.uint8]:
    """`part` of every `of` images of a class, as evenly as whole numbers allow, from the middle of the first interval on."""
    ranks = positions(labels)
    half = np.asarray(of) // 2
    return np.where((ranks * part + part + half) // of > (ranks * part + half) // of, VALIDATION, 0).astype(np.uint8)


def _quotas(counts: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """How many images of each class: the same of all, one more of the first ones, and of no class its last image.

    Raises:
        DataError: there are not so many, or fewer than classes.
    """
    room, classes = np.maximum(counts - 1, 0), int((counts > 0).sum())
    if wanted < classes:
        raise DataError(f"minival = {wanted:,} is less than one image for each of {classes:,} classes")
    if wanted > room.sum():
        raise DataError(f"minival = {wanted:,} leaves train without images: it has {counts.sum():,} in all")
    level = 0
    while np.minimum(room, level + 1).sum() <= wanted:
        level += 1
        if level >= room.max():
            break
    quotas = np.minimum(room, level)
    more = np.flatnonzero(room > level)[: wanted - int(quotas.sum())]
    quotas[more] += 1
    return quotas
