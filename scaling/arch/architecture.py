"""What a network is, as frozen data: `Stage` and `Architecture`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stage:
    """`repeats` MBConv blocks in a row; only the first one strides and changes the number of channels.

    Args:
        repeats: number of blocks, at least 1.
        kernel: side of the depthwise kernel in px, odd.
        stride: stride of the first block, 1 or more.
        expansion: hidden channels of a block over its input channels, at least 1; 1 leaves the expanding convolution out.
        channels: output channels of every block.
        squeeze_excite: squeezed channels over the channels of the block's input; 0 leaves squeeze-excite out.
    """

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int
    squeeze_excite: float = 0.25

    def __post_init__(self) -> None:
        for field in ("repeats", "kernel", "stride", "expansion", "channels"):
            _require_positive_int(f"Stage.{field}", getattr(self, field))
        if self.kernel % 2 == 0:
            raise ValueError(f"Stage.kernel must be odd, got {self.kernel}")
        share = self.squeeze_excite
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ValueError(f"Stage.squeeze_excite must be a number from 0 to 1, got {share!r}")
        object.__setattr__(self, "squeeze_excite", float(share))  # 0 and 0.0 are one network

    def squeezed_channels(self, input_channels: int) -> int:
        """Channels inside squeeze-excite: max(1, floor(share * channels of the block's input)), as released."""
        return max(1, int(input_channels * self.squeeze_excite))


@dataclass(frozen=True, slots=True)
class Architecture:
    """A ConvNet of the EfficientNet kind: stem convolution, stages of MBConv blocks, head convolution, classifier.

    Args:
        name: what people call it; two architectures that differ in nothing else are the same network.
        resolution: side of the square input picture in px.
        stem: output channels of the 3x3 stem convolution.
        stages: from the input to the output.
        head: output channels of the 1x1 head convolution.
        stem_stride: stride of the stem convolution; networks for small pictures may use 1.
        channel_divisor: scaled channel counts are multiples of this.
    """

    name: str
    resolution: int
    stem: int
    stages: tuple[Stage, ...]
    head: int
    stem_stride: int = 2
    channel_divisor: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"Architecture.name must be a text, got {self.name!r}")
        for field in ("resolution", "stem", "head", "stem_stride", "channel_divisor"):
            _require_positive_int(f"Architecture.{field}", getattr(self, field))
        if not self.stages or not all(isinstance(stage, Stage) for stage in self.stages):
            raise ValueError(f"Architecture.stages must be a non-empty tuple of Stage, got {self.stages!r}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data (numbers, strings, lists) from which `from_dict` builds an equal architecture."""
        data = dataclasses.asdict(self)
        return {**data, "stages": list(data["stages"])}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Architecture:
        """The inverse of `to_dict`.

        Raises:
            ValueError: a key is unknown or missing, or a value is out of range; the message names it.
        """
        values = dict(data)
        stages = values.get("stages")
        if not isinstance(stages, list | tuple):
            raise ValueError(f"Architecture.stages must be a list of tables, got {stages!r}")
        values["stages"] = tuple(_from_table(Stage, stage) for stage in stages)
        return _from_table(cls, values)

    @property
    def structure(self) -> tuple[Any, ...]:
        """Everything but the name: equal for two architectures that are the same network."""
        return (self.resolution, self.stem, self.stem_stride, self.stages, self.head)


def _require_positive_int(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")


def _from_table(kind: Any, table: object) -> Any:
    if not isinstance(table, dict):
        raise ValueError(f"{kind.__name__} must be a table, got {table!r}")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise ValueError(f"{kind.__name__} has no key {unknown[0]!r}; allowed: {', '.join(fields)}")
    missing = [name for name, field in fields.items() if name not in table and field.default is dataclasses.MISSING]
    if missing:
        raise ValueError(f"{kind.__name__} needs the key {missing[0]!r}")
    return kind(**table)
