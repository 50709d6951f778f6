"""The images of a set at the sides that networks need them at, on the devices that train, as long as any network needs them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from scaling.data import Dataset, Split
from scaling.study.trial import Trial
from scaling.train.input import DeviceDataset, at_stage, held_out, is_cut_on_device, normalisation, to_device
from scaling.train.stages import sides
from scaling.train.step import Pixels


class _Key(NamedTuple):
    """Which resized images: on what, of how many px; for the stage of a network of another resolution, or for itself."""

    device: Any
    side: int
    stage_of: int | None = None


class DeviceImages:
    """Resizes a set once for each device and side, whichever worker asks first.

    Args:
        dataset: the set.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._held: dict[_Key, DeviceDataset] = {}
        self._whole: dict[Any, DeviceDataset] = {}
        self._normalisations: dict[tuple[int, bool], Pixels] = {}
        self._waiting: Counter[int] = Counter()
        # Two workers that want the same images would hold them twice, and twice what resizing takes.
        self._lock = threading.Lock()

    def expect(self, networks: Iterable[Trial]) -> None:
        """Keep the images of these networks until each of them is `done`; one trial stands for a network."""
        with self._lock:
            for one in networks:
                self._waiting.update(sides(one.architecture.resolution, one.recipe))

    def judged(self, network: Trial, device: Any) -> DeviceDataset:
        """The set at a network's resolution; the calling thread must have the device as its default."""
        side = network.architecture.resolution
        if not is_cut_on_device(self._dataset, network.recipe):
            return self._once(_Key(device, side), lambda: to_device(self._dataset, side))
        with self._lock:  # whole images serve networks of every resolution
            if device not in self._whole:
                self._whole[device] = to_device(self._dataset, side, True)
        validation, test = held_out(self._dataset, side)
        return self._whole[device]._replace(validation=validation, test=test)

    def test_images(self, network: Trial) -> tuple[Split, Pixels]:
        """The test images at a network's resolution, with what its training normalised by; no training image is placed."""
        side, recipe = network.architecture.resolution, network.recipe
        key = side, is_cut_on_device(self._dataset, recipe)
        with self._lock:
            if key not in self._normalisations:
                self._normalisations[key] = normalisation(self._dataset, side, recipe)
        return held_out(self._dataset, side)[1], self._normalisations[key]

    def stage(self, side: int, device: Any, judged: DeviceDataset) -> DeviceDataset:
        """The set with training images of a stage's side, normalised as those that its network is judged by."""
        if judged.aspect is not None or side == judged.side:
            return judged
        return self._once(_Key(device, side, stage_of=judged.side), lambda: at_stage(self._dataset, side, judged))

    def done(self, network: Trial) -> None:
        """Free the images that no network waits for any more."""
        with self._lock:
            for side in sides(network.architecture.resolution, network.recipe):
                self._waiting[side] -= 1
            for key in [key for key in self._held if self._waiting[key.side] <= 0]:
                del self._held[key]
            if not any(count > 0 for count in self._waiting.values()):
                self._whole.clear()

    def _once(self, key: _Key, make: Callable[[], DeviceDataset]) -> DeviceDataset:
        with self._lock:
            if key not in self._held:
                self._held[key] = make()
            return self._held[key]
