"""The images of a set at the sides that networks need them at, on the devices that train, as long as any network needs them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from scaling.data import Dataset
from scaling.study.trial import Trial
from scaling.train.input import DeviceDataset, StageImages, TrainingImages, stage_images, to_device
from scaling.train.stages import sides


class DeviceImages:
    """Resizes a set once for each device and side, whichever worker asks first.

    Args:
        dataset: the set.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._sets: dict[tuple[Any, int], DeviceDataset] = {}
        self._stages: dict[tuple[Any, int], StageImages] = {}
        self._waiting: Counter[int] = Counter()
        # Two workers that want the same images would hold them twice, and twice what resizing takes.
        self._lock = threading.Lock()

    def expect(self, networks: Iterable[Trial]) -> None:
        """Keep the images of these networks until each of them is `done`; one trial stands for a network."""
        with self._lock:
            for one in networks:
                self._waiting.update(sides(one.architecture.resolution, one.recipe))

    def at(self, side: int, device: Any) -> DeviceDataset:
        """The whole set; the calling thread must have the device as its default."""
        with self._lock:
            if (device, side) not in self._sets:
                self._sets[device, side] = to_device(self._dataset, side)
            return self._sets[device, side]

    def stage(self, side: int, device: Any, judged: DeviceDataset) -> TrainingImages:
        """Training images of one stage, normalised as those that its network is judged by."""
        if side == judged.side:
            return judged
        with self._lock:
            if (device, side) not in self._stages:
                self._stages[device, side] = stage_images(self._dataset, side, judged.pixels)
            return self._stages[device, side]

    def done(self, network: Trial) -> None:
        """Free the images that no network waits for any more."""
        with self._lock:
            for side in sides(network.architecture.resolution, network.recipe):
                self._waiting[side] -= 1
                if self._waiting[side] <= 0:
                    for held in (self._sets, self._stages):
                        for key in [key for key in held if key[1] == side]:
                            del held[key]
