"""What is in a block, once: its layers in order, its skip, and the fields of a `Stage` that it uses.

Exact cost, memory, Flax modules, names of weights and the checks of a `Stage` all read this file. A new kind of block is a
function that yields its layers and an entry of `KINDS`; nothing else has to know it. Every convolution has a batch norm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from scaling.core.errors import UserError

if TYPE_CHECKING:
    from scaling.arch.architecture import Stage

Block: TypeAlias = str
"""The name of a kind of block: a key of `KINDS`."""

Size: TypeAlias = Any
"""A whole number, or an array of them: the networks of a lattice are counted all at once."""

Form = Literal["pointwise", "convolution", "depthwise", "dense"]
Skip = Literal["never", "same shape", "always"]


class Layer(NamedTuple):
    """One layer of a block: a convolution with its batch norm, or a dense layer of squeeze-excite with its bias.

    Attributes:
        role: `expand`, `depthwise`, `squeeze`, `excite`, `project`, `branch` (of a ResNet's block) or `shortcut`.
        form: `pointwise` (1 x 1), `convolution` (k x k, in groups or not), `depthwise` or `dense` (one vector an image).
        inputs: channels that it reads.
        outputs: channels that it makes.
        kernel: side of its kernel in px.
        stride: it maps a side of n px to ceil(n / stride).
        groups: that its channels are split into; all of them where it is depthwise.
        activated: whether the network's activation follows.
        number: its place from 0 where several layers have its role; None where it alone has it.
        present: whether it is there at all; an array where `inputs` and `outputs` are arrays.
    """

    role: str
    form: Form
    inputs: Size
    outputs: Size
    kernel: int = 1
    stride: int = 1
    groups: Size = 1
    activated: bool = False
    number: int | None = None
    present: Any = True

    @property
    def fan_in(self) -> Size:
        """inputs / groups, the channels that one output is made of."""
        return self.inputs // self.groups

    @property
    def in_line(self) -> bool:
        """Whether it makes the block's next maps: neither inside squeeze-excite nor beside the other layers."""
        return self.form != "dense" and self.role != "shortcut"

    @property
    def path(self) -> tuple[str | int, ...]:
        """Attributes and indices that lead to it in the block's Flax module."""
        if self.form == "dense":
            return "attention", "squeeze" if self.role == "squeeze" else "expand"
        return (self.role,) if self.number is None else (self.role, self.number)


class Ends(NamedTuple):
    """What a block lies between.

    Attributes:
        inputs: channels of its input.
        outputs: channels of its output.
        stride: of the block.
        squeezed: channels inside squeeze-excite from those of the input, as `Stage.squeezed_channels`.
    """

    inputs: Size
    outputs: Size
    stride: int
    squeezed: Callable[[Size], Size]


class Kind(NamedTuple):
    """A kind of block.

    Attributes:
        layers: between two ends, in order, without that of the skip.
        skip: where its input is added to its output: `never`; where both have the `same shape`; or `always`, through a strided
            1 x 1 convolution where the shapes differ.
        uses: fields of `Stage` that it has a use for, of `squeeze_excite`, `expansion` and `groups`.
        divided: whether its channels are divided by expansion * groups, and so have to be a multiple of it.
        activated: whether the network's activation follows the sum with the skip.
        operator: what papers call it, if they do; `{e}` stands for its expansion where they put that behind, as in MBConv6.
    """

    layers: Callable[[Stage, Ends], Iterator[Layer]]
    skip: Skip
    uses: tuple[str, ...] = ()
    divided: bool = False
    activated: bool = False
    operator: str = ""


def layers(stage: Stage, inputs: int, stride: int) -> tuple[Layer, ...]:
    """The layers of one of a stage's blocks, in the order in which parameters are drawn and weights are listed.

    Args:
        stage: of the block.
        inputs: channels of the block's input.
        stride: of the block: the stage's for its first one, 1 for the others.
    """
    ends = Ends(inputs, stage.channels, stride, stage.squeezed_channels)
    return tuple(one for one in sized_layers(stage, ends) if one.present)


def sized_layers(stage: Stage, ends: Ends) -> Iterator[Layer]:
    """`layers` between any ends, whole numbers or arrays; one that is missing is listed, and `present` says so.

    Args:
        stage: its kernel, expansion, squeeze-excite and groups; its channels are left aside.
        ends: of the block.
    """
    kind = KINDS[stage.block]
    yield from kind.layers(stage, ends)
    if kind.skip == "always":
        present = (ends.inputs != ends.outputs) | (ends.stride != 1)
        yield Layer("shortcut", "pointwise", ends.inputs, ends.outputs, stride=ends.stride, present=present)


def skips(stage: Stage, inputs: int, stride: int) -> bool:
    """Whether a block's input is held until its end, to be added to its output.

    Args:
        stage: of the block.
        inputs: channels of the block's input.
        stride: of the block.
    """
    skip = KINDS[stage.block].skip
    return skip == "always" or (skip == "same shape" and stride == 1 and inputs == stage.channels)


def require_used(stage: Stage) -> None:
    """Refuse a stage with a field that its kind of block has no use for, or with channels that it cannot divide.

    Raises:
        UserError: there is one; the message names it.
    """
    kind = KINDS[stage.block]
    for field, unused in _UNUSED.items():
        value = getattr(stage, field)
        if value != unused and field not in kind.uses:
            raise UserError(f"Stage.{field} must be {unused} in {stage.block} blocks, got {value!r}")
    divisor = stage.expansion * stage.groups
    if kind.divided and stage.channels % divisor:
        raise UserError(
            f"Stage.channels must be a multiple of expansion * groups = {divisor} in {stage.block} blocks, got {stage.channels}"
        )


_UNUSED = {"squeeze_excite": 0, "expansion": 1, "groups": 1}
"""The value of a field of `Stage` that leaves it out."""


def _mbconv(stage: Stage, ends: Ends) -> Iterator[Layer]:
    """MobileNetV2's and EfficientNet's: expand 1 x 1 to expansion * inputs, depthwise k x k, squeeze-excite, project 1 x 1."""
    hidden = ends.inputs * stage.expansion
    if stage.expansion != 1:
        yield Layer("expand", "pointwise", ends.inputs, hidden, activated=True)
    yield Layer("depthwise", "depthwise", hidden, hidden, stage.kernel, ends.stride, hidden, activated=True)
    if stage.squeeze_excite:
        squeezed = ends.squeezed(ends.inputs)
        yield Layer("squeeze", "dense", hidden, squeezed)
        yield Layer("excite", "dense", squeezed, hidden)
    yield Layer("project", "pointwise", hidden, ends.outputs)


def _fused(stage: Stage, ends: Ends) -> Iterator[Layer]:
    """EfficientNetV2's: expand k x k to expansion * inputs, project 1 x 1; without expansion one k x k convolution."""
    hidden = ends.inputs * stage.expansion if stage.expansion != 1 else ends.outputs
    yield Layer("expand", "convolution", ends.inputs, hidden, stage.kernel, ends.stride, activated=True)
    if stage.expansion != 1:
        yield Layer("project", "pointwise", hidden, ends.outputs)


def _separable(stage: Stage, ends: Ends) -> Iterator[Layer]:
    """MobileNetV1's: depthwise k x k, 1 x 1."""
    inputs = ends.inputs
    yield Layer("depthwise", "depthwise", inputs, inputs, stage.kernel, ends.stride, inputs, activated=True)
    yield Layer("project", "pointwise", inputs, ends.outputs, activated=True)


def _basic(stage: Stage, ends: Ends) -> Iterator[Layer]:
    """ResNet-18's: two k x k convolutions."""
    yield Layer("branch", "convolution", ends.inputs, ends.outputs, stage.kernel, ends.stride, activated=True, number=0)
    yield Layer("branch", "convolution", ends.outputs, ends.outputs, stage.kernel, number=1)


def _bottleneck(stage: Stage, ends: Ends) -> Iterator[Layer]:
    """ResNet-50's and ResNeXt's: 1 x 1 to outputs / expansion, k x k in groups, 1 x 1."""
    inner = ends.outputs // stage.expansion
    yield Layer("branch", "pointwise", ends.inputs, inner, activated=True, number=0)
    yield Layer("branch", "convolution", inner, inner, stage.kernel, ends.stride, stage.groups, activated=True, number=1)
    yield Layer("branch", "pointwise", inner, ends.outputs, number=2)


KINDS: dict[Block, Kind] = {
    "mbconv": Kind(_mbconv, "same shape", uses=("expansion", "squeeze_excite"), operator="MBConv{e}"),
    "fused": Kind(_fused, "same shape", uses=("expansion",), operator="Fused-MBConv{e}"),
    "separable": Kind(_separable, "never", operator="Depthwise separable"),
    "basic": Kind(_basic, "always", activated=True, operator="Basic block"),
    "bottleneck": Kind(
        _bottleneck, "always", uses=("expansion", "groups"), divided=True, activated=True, operator="Bottleneck"
    ),
}
"""By the name that a stage has for it."""
