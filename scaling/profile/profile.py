"""What a network was found to cost on a device, as data; `scaling.profile.measure` measures it."""

from __future__ import annotations

from typing import Any, NamedTuple

from scaling.count.cost import Cost
from scaling.profile.roofline import DeviceLimits, Use, moved_bytes, use

NUMBER_BYTES = {"float32": 4, "bfloat16": 2}
"""Precisions of maps and products, and the bytes of a number in them."""


class Spread(NamedTuple):
    """Of several calls: the median, the 5 % and the 95 % quantile."""

    median: float
    low: float
    high: float


class Measured(NamedTuple):
    """What was measured of one network.

    Attributes:
        compile_s: seconds to lower and compile the program of one image, with nothing from a cache.
        first_call_s: seconds of that program's first call.
        latency_ms: milliseconds of its later calls.
        pictures_per_s: images a second in calls of a whole batch.
        memory_bytes: arguments, result and temporaries of the batch's program; None where the compiler does not say.
        device_peak_bytes: most that was ever in use on the device; None where the device does not say, or where
            something before this network used more.
    """

    compile_s: float
    first_call_s: float
    latency_ms: Spread
    pictures_per_s: Spread
    memory_bytes: int | None
    device_peak_bytes: int | None


class Profile(NamedTuple):
    """A network at inference on one device.

    Attributes:
        network: its name.
        resolution: side of the images in px.
        num_classes: outputs of the classifier.
        in_channels: channels of the images.
        precision: of maps and products, a key of `NUMBER_BYTES`.
        batch: images of a call, where it is not one.
        runs: timed calls of each program.
        cost: params, MACs and activations, for one image.
        measured: None where the device could not run it.
        reason: why it could not.
    """

    network: str
    resolution: int
    num_classes: int
    in_channels: int
    precision: str
    batch: int
    runs: int
    cost: Cost
    measured: Measured | None
    reason: str | None = None

    @property
    def moved_bytes(self) -> int:
        """Bytes that a call of a batch moves, layer by layer (`scaling.profile.roofline.moved_bytes`)."""
        image = self.resolution**2 * self.in_channels
        return moved_bytes(self.cost, self.batch, image, NUMBER_BYTES[self.precision])

    @property
    def seconds_per_image(self) -> float | None:
        """Of a call of a batch, its median over its images; None where nothing was measured."""
        return None if self.measured is None else 1 / self.measured.pictures_per_s.median

    def use(self, limits: DeviceLimits) -> Use | None:
        """How near a call of a batch comes to the limits of its device; None where nothing was measured."""
        if self.seconds_per_image is None:
            return None
        return use(self.batch * self.cost.flops, self.moved_bytes, self.batch * self.seconds_per_image, limits)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` takes back."""
        measured = None
        if self.measured is not None:
            spreads = {name: getattr(self.measured, name)._asdict() for name in ("latency_ms", "pictures_per_s")}
            measured = {**self.measured._asdict(), **spreads}
        return {**self._asdict(), "cost": self.cost._asdict(), "measured": measured}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Profile:
        """The inverse of `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: it is not what `to_dict` gives.
        """
        measured = stored["measured"]
        if measured is not None:
            spreads = {name: Spread(**measured[name]) for name in ("latency_ms", "pictures_per_s")}
            measured = Measured(**{**measured, **spreads})
        return cls(**{**stored, "cost": Cost(**stored["cost"]), "measured": measured})
