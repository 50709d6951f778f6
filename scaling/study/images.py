"""The images of a study once they are needed: those that are only listed are decoded then."""

from __future__ import annotations

from scaling.data import Dataset, ListedDataset
from scaling.report.count_shown import count_shown
from scaling.report.text import say


def with_images(dataset: Dataset | ListedDataset) -> Dataset:
    """A set with its images. What is stored meanwhile, and what could not be read, is told on standard error.

    Raises:
        DataError: as `ListedDataset.open`.
        UserError: as `ListedDataset.open`.
    """
    if isinstance(dataset, Dataset):
        return dataset
    with count_shown("images stored") as report:
        found = dataset.open(report)
    say(note for note in found.notes if note not in dataset.notes)
    return found
