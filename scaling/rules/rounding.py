"""A scaled network in whole layers, channels and pixels: `scale`, `scale_v2` and the roundings by name."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Literal, get_args

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.rules.rules import Factors

Rounding = Literal["released", "unguarded", "nearest", "mobilenetv2"]


MINIMUM_RESOLUTION = 12
"""Inputs are never scaled under this many px."""


_NOISE = 1e-9  # 1.1 * 10 is 11.000000000000002 in binary, whose ceiling is 12; no lattice in hundredths comes this close


def scale(architecture: Architecture, factors: Factors, *, rounding: Rounding = "released") -> Architecture:
    """The network that `factors` make of a baseline, rounded to whole layers, channels and pixels.

    Roundings, for a factor f, n repeats, c channels, divisor k, r px:

    * `released` (the EfficientNet release): repeats ceil(f n); channels to the nearest multiple of k, one step up where
      that loses over 10 %; resolution round(f r), half to even.
    * `unguarded` (google/automl): as `released` without the 10 % guard.
    * `nearest` (pycls): repeats round(f n), at least 1; channels to the nearest multiple of k, half to even; resolution
      to the nearest multiple of 4.
    * `mobilenetv2` (the MobileNetV2 release): as `released`, but the head is never narrower than the baseline's.

    Channels are never under k, the resolution never under 12 px. Stem and head are scaled by the width factor, unless the
    architecture's ends are fixed.

    >>> from scaling.arch.mobilenet import MOBILENET_V2
    >>> scale(MOBILENET_V2, Factors(1, 0.5, 1)).head, scale(MOBILENET_V2, Factors(1, 0.5, 1), rounding="mobilenetv2").head
    (640, 1280)

    Args:
        architecture: the baseline.
        factors: what to multiply by; each above 0.
        rounding: one of the names above.

    Raises:
        TypeError: the architecture or the factors are something else.
        UserError: a factor is not finite and positive, or the rounding has another name.
    """
    _require_types("scale", architecture, factors)
    if not all(math.isfinite(factor) and factor > 0 for factor in factors):
        raise UserError(f"scale: factors must be finite and above 0, got {tuple(factors)}")
    if rounding not in get_args(Rounding):
        near = did_you_mean(rounding, get_args(Rounding))
        raise UserError(f"scale: rounding must be one of {', '.join(get_args(Rounding))}, got {rounding!r}{near}")
    depth, width, resolution = factors
    repeats, channels, pixels = _REPEATS[rounding], _CHANNELS[rounding], _PIXELS[rounding]
    divisor = architecture.channel_divisor

    def widened(count: int) -> int:
        # A factor of exactly 1 leaves the baseline as it is, whatever its divisor.
        return count if width == 1 else channels(count * width, divisor)

    ends = (0, len(architecture.stages) - 1) if architecture.fixed_ends else ()
    stages = tuple(
        dataclasses.replace(
            stage,
            repeats=stage.repeats if number in ends else repeats(stage.repeats * depth),
            channels=widened(stage.channels),
        )
        for number, stage in enumerate(architecture.stages)
    )
    head = widened(architecture.head) if architecture.head and not architecture.fixed_ends else architecture.head
    side = architecture.resolution if resolution == 1 else pixels(architecture.resolution * resolution)
    return dataclasses.replace(
        architecture,
        name=scaled_name(architecture.name, factors),
        resolution=max(MINIMUM_RESOLUTION, side),
        stem=architecture.stem if architecture.fixed_ends else widened(architecture.stem),
        stages=stages,
        head=max(head, architecture.head) if rounding == "mobilenetv2" else head,
    )


def scale_v2(
    architecture: Architecture, factors: Factors, *, late: float = 1.0, largest: int = 480, rounding: Rounding = "unguarded"
) -> Architecture:
    """EfficientNetV2's way to scale: images no larger than a limit, and more of the new layers in the late stages.

    As `scale`, but the resolution is at most `largest` px (or the baseline's own, if that is larger), and the last two stages
    of the baseline are deepened by depth * late.

    Args:
        architecture: the baseline.
        factors: what to multiply by; each above 0.
        late: factor on the repeats of the last two stages beside that of depth. The paper has no number for it; from V2-S to
            V2-M those stages grow by 1.5 to 1.6, the others by 1.2.
        largest: side of the images in px, at least 12; the paper's is 480.
        rounding: a name that `scale` knows.

    Raises:
        TypeError: as `scale` does.
        UserError: late is not finite and positive, largest is below 12, or as `scale` does.

    Source: Tan and Le 2021 (EfficientNetV2), section 3.3.
    """
    _require_types("scale_v2", architecture, factors)
    if not (math.isfinite(late) and late > 0):
        raise UserError(f"scale_v2: late must be finite and above 0, got {late}")
    if largest < MINIMUM_RESOLUTION:
        raise UserError(f"scale_v2: largest must be at least {MINIMUM_RESOLUTION} px, got {largest}")
    scaled = scale(architecture, factors, rounding=rounding)
    deeper = scale(architecture, factors._replace(depth=factors.depth * late), rounding=rounding)
    side = min(scaled.resolution, max(largest, architecture.resolution))
    return dataclasses.replace(scaled, stages=(*scaled.stages[:-2], *deeper.stages[-2:]), resolution=side)


def _require_types(function: str, architecture: object, factors: object) -> None:
    """Refuse a name for the network that it names, and plain numbers whose order nothing tells."""
    if not isinstance(architecture, Architecture):
        name = architecture if isinstance(architecture, str) else "efficientnet_b0"
        raise TypeError(f"{function}: what to scale must be an Architecture, as architecture({name!r}), got {architecture!r}")
    if not isinstance(factors, Factors):
        raise TypeError(f"{function}: factors must be Factors, as Factors(1.2, 1.1, 1.15) or compound(1), got {factors!r}")


def scaled_name(name: str, factors: Factors) -> str:
    """What `scale` calls the network that factors make of a baseline of this name."""
    return name if factors == (1, 1, 1) else f"{name} d{factors.depth:.4g} w{factors.width:.4g} r{factors.resolution:.4g}"


def _ceil_repeats(repeats: float) -> int:
    return max(1, math.ceil(repeats - _NOISE))


def _nearest_repeats(repeats: float) -> int:
    return max(1, round(round(repeats, 9)))


def _unguarded_channels(channels: float, divisor: int) -> int:
    return max(divisor, int(channels + divisor / 2 + _NOISE) // divisor * divisor)


def _guarded_channels(channels: float, divisor: int) -> int:
    rounded = _unguarded_channels(channels, divisor)
    return rounded + divisor if rounded < 0.9 * channels - _NOISE else rounded


def _nearest_channels(channels: float, divisor: int) -> int:
    return max(divisor, round(round(channels / divisor, 9)) * divisor)


def _nearest_pixel(side: float) -> int:
    return round(round(side, 9))


def _nearest_fourth_pixel(side: float) -> int:
    return round(round(side / 4, 9)) * 4


_REPEATS: dict[Rounding, Callable[[float], int]] = {
    "released": _ceil_repeats,
    "unguarded": _ceil_repeats,
    "nearest": _nearest_repeats,
    "mobilenetv2": _ceil_repeats,
}


_CHANNELS: dict[Rounding, Callable[[float, int], int]] = {
    "released": _guarded_channels,
    "unguarded": _unguarded_channels,
    "nearest": _nearest_channels,
    "mobilenetv2": _guarded_channels,
}


_PIXELS: dict[Rounding, Callable[[float], int]] = {
    "released": _nearest_pixel,
    "unguarded": _nearest_pixel,
    "nearest": _nearest_fourth_pixel,
    "mobilenetv2": _nearest_pixel,
}
