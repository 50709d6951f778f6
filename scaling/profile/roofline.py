"""Which limit of a device a program runs into: its arithmetic or the bandwidth of its memory.

Source: Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance model".
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from scaling.count.cost import Cost

_PARAMETER = 4
"""Bytes of a parameter, float32 whatever the precision of the maps."""


class DeviceLimits(NamedTuple):
    """The most that a device was seen to do.

    Attributes:
        flops_per_s: floating-point operations a second, a multiply-add counted as two.
        bytes_per_s: bytes read and written a second.
    """

    flops_per_s: float
    bytes_per_s: float


class Use(NamedTuple):
    """How near a program comes to a device's limits.

    Attributes:
        intensity: arithmetic intensity, floating-point operations per byte moved.
        arithmetic: share of the arithmetic limit, 1 where it is reached.
        bandwidth: share of the bandwidth limit; above 1 where a cache serves what is counted as moved.
        limit: the nearer of the two.
    """

    intensity: float
    arithmetic: float
    bandwidth: float
    limit: Literal["arithmetic", "bandwidth"]

    @property
    def share(self) -> float:
        """Of the nearer limit: the shortest time that the limits allow over the time taken."""
        return max(self.arithmetic, self.bandwidth)


def moved_bytes(counted: Cost, batch: int, image: int, number: int) -> int:
    """Bytes that inference moves layer by layer: 4 params + number * batch * (image + 2 activations).

    Every parameter and image is read, every activation written and read once; batch norm and activation functions are
    taken to be fused into the convolution before them. A compiler that fuses convolutions, or a cache, moves less; one that
    lays maps out anew moves more.

    Args:
        counted: the network's, for one image.
        batch: images at once.
        image: numbers in an image: side * side * channels.
        number: bytes of a number in a map, 4 in float32 and 2 in bfloat16.
    """
    return _PARAMETER * counted.params + number * batch * (image + 2 * counted.activations)


def use(flops: float, moved: float, seconds: float, limits: DeviceLimits) -> Use:
    """How near a program comes to a device's limits.

    Args:
        flops: floating-point operations of a call.
        moved: bytes that a call moves.
        seconds: of a call.
        limits: of the device.

    Raises:
        ValueError: an argument or a limit is not above 0.
    """
    if min(flops, moved, seconds, *limits) <= 0:
        raise ValueError(f"use: everything must be above 0, got {flops:g} FLOPs, {moved:g} bytes, {seconds:g} s, {limits}")
    arithmetic, bandwidth = flops / seconds / limits.flops_per_s, moved / seconds / limits.bytes_per_s
    return Use(flops / moved, arithmetic, bandwidth, "arithmetic" if arithmetic >= bandwidth else "bandwidth")
