"""What a network is, as frozen data: `Stage` and `Architecture`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, get_args

from scaling.arch.blocks import KINDS, Block, require_used
from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.core.plain import from_plain, later, to_plain

Activation = Literal["silu", "relu", "relu6"]
Padding = Literal["same", "symmetric"]


@dataclass(frozen=True, slots=True)
class Stage:
    """`repeats` equal blocks in a row; only the first one strides and changes the number of channels.

    What is in each kind of block, and which of the fields below it has a use for, is in `scaling.arch.blocks`.

    Args:
        repeats: number of blocks, at least 1.
        kernel: side of the k x k kernel in px, odd.
        stride: stride of the first block, 1 or more.
        expansion: e, channels of a block's wide end over those of its narrow end, at least 1.
        channels: output channels of every block.
        squeeze_excite: squeezed channels over the channels of the block's input; 0 leaves squeeze-excite out.
        block: the kind: a key of `scaling.arch.blocks.KINDS`.
        groups: of the k x k convolution.
    """

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int
    squeeze_excite: float = 0.25
    block: Block = later("mbconv")
    groups: int = later(1)

    def __post_init__(self) -> None:
        _require_one_of("Stage.block", self.block, tuple(KINDS))
        for field in ("repeats", "kernel", "stride", "expansion", "channels", "groups"):
            _require_positive_int(f"Stage.{field}", getattr(self, field))
        if self.kernel % 2 == 0:
            raise UserError(f"Stage.kernel must be odd, got {self.kernel}")
        share = self.squeeze_excite
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise UserError(f"Stage.squeeze_excite must be a number from 0 to 1, got {share!r}")
        require_used(self)
        object.__setattr__(self, "squeeze_excite", float(share))  # 0 and 0.0 are one network

    def squeezed_channels(self, input_channels: int) -> int:
        """Channels inside squeeze-excite: max(1, floor(share * channels of the block's input)), as released."""
        return max(1, int(input_channels * self.squeeze_excite))


@dataclass(frozen=True, slots=True)
class Architecture:
    """A ConvNet: stem convolution, stages of equal blocks, head convolution, mean over the map, classifier.

    Args:
        name: what people call it; two architectures that differ in nothing else are the same network.
        resolution: side of the square input image in px.
        stem: output channels of the stem convolution.
        stages: from the input to the output.
        head: output channels of the 1 x 1 head convolution; 0 leaves it out.
        stem_stride: stride of the stem convolution; networks for small images may use 1.
        channel_divisor: scaled channel counts are multiples of this.
        stem_kernel: side of the stem convolution's kernel in px, odd.
        stem_pool: stride of the 3 x 3 max pooling after the stem, as in ResNets; 1 leaves it out.
        activation: after every convolution but those that project.
        padding: `same`, TensorFlow's, which puts an odd zero on the far side, or `symmetric`, PyTorch's: kernel // 2 zeros on
            either side. They differ where a convolution strides over an even side.
        batch_norm_epsilon: added to the variance.
        fixed_ends: scaling leaves the widths of stem and head and the repeats of the first and the last stage as they are
            (EfficientNet-Lite).
    """

    name: str
    resolution: int
    stem: int
    stages: tuple[Stage, ...]
    head: int
    stem_stride: int = 2
    channel_divisor: int = 8
    stem_kernel: int = later(3)
    stem_pool: int = later(1)
    activation: Activation = later("silu")
    padding: Padding = later("same")
    batch_norm_epsilon: float = later(1e-3)
    fixed_ends: bool = later(False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UserError(f"Architecture.name must be a text, got {self.name!r}")
        for field in ("resolution", "stem", "stem_stride", "channel_divisor", "stem_kernel", "stem_pool"):
            _require_positive_int(f"Architecture.{field}", getattr(self, field))
        if self.head != 0 or isinstance(self.head, bool):
            _require_positive_int("Architecture.head", self.head)
        if self.stem_kernel % 2 == 0:
            raise UserError(f"Architecture.stem_kernel must be odd, got {self.stem_kernel}")
        _require_one_of("Architecture.activation", self.activation, get_args(Activation))
        _require_one_of("Architecture.padding", self.padding, get_args(Padding))
        if not (isinstance(self.batch_norm_epsilon, float) and 0 < self.batch_norm_epsilon < 1):
            raise UserError(f"Architecture.batch_norm_epsilon must be between 0 and 1, got {self.batch_norm_epsilon!r}")
        if not isinstance(self.fixed_ends, bool):
            raise UserError(f"Architecture.fixed_ends must be true or false, got {self.fixed_ends!r}")
        if not self.stages or not all(isinstance(stage, Stage) for stage in self.stages):
            raise UserError(f"Architecture.stages must be a non-empty tuple of Stage, got {self.stages!r}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data (numbers, strings, lists) from which `from_dict` builds an equal architecture.

        What only other families than EfficientNet use is left out where it has its default.
        """
        return dict(to_plain(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Architecture:
        """The inverse of `to_dict`.

        Raises:
            SpecError: a key is unknown or missing, or a value is of another type or out of range; the message names it.
        """
        return from_plain(cls, data, "Architecture")

    @property
    def structure(self) -> tuple[Any, ...]:
        """Everything but the name: equal for two architectures that are the same network."""
        free = {"name", "channel_divisor", "fixed_ends"}
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in free)


def _require_one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UserError(f"{name} must be one of {', '.join(allowed)}, got {value!r}{did_you_mean(value, allowed)}")


def _require_positive_int(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"{name} must be a whole number of at least 1, got {value!r}")
