"""One network of a recorded run, of a search or a family, with its weights and what its images want."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.data import resize
from scaling.family.reopen import read_family
from scaling.grid.reopen import read_search
from scaling.nets import Network
from scaling.study.history import recorded_kind
from scaling.study.restore import dataset_of, find_network, first_trained
from scaling.study.run import Kind
from scaling.study.study import complete_trials
from scaling.train.input import normalisation


class Trained(NamedTuple):
    """A network that a run trained.

    Attributes:
        label: of the network in its run's tables.
        architecture: of the network.
        network: in evaluation mode.
        weights: their file.
        image_side: px of the run's images, from which those of the network are made.
        mean: of the training images' bytes at the network's resolution, by channel: one for grey, three for colour.
        deviation: likewise.
        classes: of the run's images, in the order of the outputs.
    """

    label: str
    architecture: Architecture
    network: Network
    weights: Path
    image_side: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    classes: tuple[str, ...]

    def prepared(self, image: Image.Image) -> NDArray[np.float32]:
        """An image in RGB as the network sees it, made as the run's images were: float32 (side, side, channels).

        The square in the middle is resized to the side of the run's images, then to the network's; where those are grey, so is
        this.
        """
        short = min(image.size)
        left, top = (image.width - short) // 2, (image.height - short) // 2
        size, square = (self.image_side, self.image_side), (left, top, left + short, top + short)
        small = image.resize(size, Image.Resampling.BICUBIC, box=square)
        seen = np.asarray(small.convert("L"))[..., None] if len(self.mean) == 1 else np.asarray(small)
        seen = resize(seen[None], self.architecture.resolution)[0]
        return (seen.astype(np.float32) - np.asarray(self.mean, np.float32)) / np.asarray(self.deviation, np.float32)


def open_trained(folder: Path, label: str | None, data: str | None = None) -> Trained:
    """A network of a recorded run as the first of its complete trials left it.

    Args:
        folder: of the run.
        label: the network as the run's tables name it; None where the run has but one.
        data: where the run's images are; None looks for them by their name.

    Raises:
        UserError: the run has no such network; the message lists those it has.
        SpecError: it is no run folder, its weights or images are not found, or the images are others.
        WeightsError: the weights are not finite.
        DataError: `data` are no images.
    """
    found = read_family(folder) if recorded_kind(folder) is Kind.FAMILY else read_search(folder)
    networks = found.study.networks
    one = networks[0] if label is None and len(networks) == 1 else find_network(found.study, label)
    if one is None:
        labels = [one.label for one in networks]
        roles = sorted({role for one in networks for role in one.origin} - {"lattice"})
        asked = "missing" if label is None else f"nothing is called {label!r}"
        raise UserError(
            f"--network: {asked}; {folder} has {', '.join(map(repr, labels))}{did_you_mean(label, [*labels, *roles])}"
        )
    network = first_trained(found.study, found.run, one)
    images = dataset_of(found.study, folder, data)
    mean, deviation = (
        tuple(map(float, values)) for values in normalisation(images, one.architecture.resolution, found.study.recipe_of(one))
    )
    return Trained(
        label=one.label,
        architecture=one.architecture,
        network=network,
        weights=found.run.weights / f"{complete_trials(found.study, found.run, one)[0].id}.safetensors",
        image_side=images.test.images.shape[1],
        mean=mean,
        deviation=deviation,
        classes=images.classes,
    )
