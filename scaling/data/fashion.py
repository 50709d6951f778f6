"""Fashion-MNIST: the part that is shipped, and the whole.

Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms".
"""

from __future__ import annotations

import os
from pathlib import Path

from scaling.data.dataset import DataError, Dataset, make_dataset
from scaling.data.held_out import AS_THE_FORM_HAS_IT, HeldOut
from scaling.data.mnist import FASHION_CLASSES, SHIPPED_FASHION, STEMS, from_idx_folder, idx_sets, images_and_labels
from scaling.data.splits import by_count

_DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def shipped(held_out: HeldOut = AS_THE_FORM_HAS_IT) -> Dataset:
    """`fashion-mnist-10k`: the published test set of Fashion-MNIST, split anew; not comparable with published figures.

    Of each class, in file order, the first 600 images are train, the next 250 validation, the last 150 test.

    Raises:
        DataError: something else is asked for.
    """
    held_out.require_use("fashion-mnist-10k", False)
    images, labels = images_and_labels(*(SHIPPED_FASHION / f"{stem}.gz" for stem in STEMS[2:]))
    return make_dataset("fashion-mnist-10k", FASHION_CLASSES, images, labels, by_count(labels, 600, 250))


def whole(held_out: HeldOut = AS_THE_FORM_HAS_IT) -> Dataset:
    """`fashion-mnist`: 50,000 train, 10,000 validation, and the published test set of 10,000.

    It is looked for in $SCALING_DATA/fashion-mnist, ./data/fashion-mnist and where Debian puts it. Of the 60,000
    published train images the last sixth of each class, in file order, is validation, unless `held_out` says another part.

    Raises:
        DataError: no place has all four files (the message says how to get them), or they are another set's or damaged.
    """
    places = _places()
    for place in places:
        if idx_sets(place):
            found = from_idx_folder(place, held_out)
            if found.classes != FASHION_CLASSES:
                raise DataError(f"{place}: these four files are not Fashion-MNIST; load them by this path instead")
            return found
    raise DataError(
        f"fashion-mnist: not found in {', '.join(map(str, places))}; install the Debian package dataset-fashion-mnist, "
        f"or put {', '.join(f'{stem}.gz' for stem in STEMS)} from github.com/zalandoresearch/fashion-mnist into one"
    )


def _places() -> list[Path]:
    named = os.environ.get("SCALING_DATA")
    return [*([Path(named) / "fashion-mnist"] if named else []), Path("data/fashion-mnist"), _DEBIAN]
