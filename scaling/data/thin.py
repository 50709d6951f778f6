"""A part of a set's train images: for studies that cannot afford all of them."""

from __future__ import annotations

import dataclasses

import numpy as np

from scaling.data.dataset import Dataset, Split
from scaling.data.held_out import in_share
from scaling.data.listed import ListedDataset
from scaling.data.splits import TRAIN


def thinned(dataset: Dataset | ListedDataset, share: float) -> Dataset | ListedDataset:
    """The set with a share of each class's train images, spread evenly over its files; the others are left alone.

    Args:
        dataset: with its images, or listed: then the others are not stored either.
        share: above 0 and below 1.
    """
    kept = in_share(dataset.train.labels, share)
    if isinstance(dataset, Dataset):
        train, rows = dataset.train, np.flatnonzero(kept)
        groups = None if train.groups is None else np.unique(train.groups[rows], return_inverse=True)[1].astype(np.int32)
        names = None if train.names is None else tuple(train.names[row] for row in rows.tolist())
        return dataclasses.replace(dataset, train=Split(train.images[rows], train.labels[rows], groups, names))
    source = dataset.place.source
    rows = np.flatnonzero(source.codes != TRAIN)
    rows = np.sort(np.concatenate([rows, np.flatnonzero(source.codes == TRAIN)[kept]]))
    return dataclasses.replace(dataset, place=dataclasses.replace(dataset.place, source=source.at(rows)))
