"""timm as a peer: importing it, and building its networks to the measure of ours."""

import sys
import types
from functools import partial

from scaling import cost


def import_timm():
    """timm, also beside a CPU build of torch.

    There torchvision may lack its compiled operators; timm only needs the name of one to be known.
    """
    from torch import library

    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")
        operators = library.Library("torchvision", "DEF")
        operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import_timm.operators = operators  # they are gone when the object is
    import timm

    return timm


def scaled_b0(factor, num_classes):
    """timm's EfficientNet-B0 with `factor` times its width and depth, without dropout and stochastic depth."""
    import_timm()
    from timm.models.efficientnet import _gen_efficientnet

    settings = {"num_classes": num_classes, "drop_rate": 0.0, "drop_path_rate": 0.0}
    return _gen_efficientnet("efficientnet_b0", channel_multiplier=factor, depth_multiplier=factor, **settings)


def like(architecture, num_classes, in_channels, batch_norm_decay):
    """timm's EfficientNet with exactly the layers of an `Architecture`.

    Raises:
        ValueError: it came out with another number of parameters.
    """
    import_timm()
    import torch
    from timm.models import _efficientnet_blocks
    from timm.models._efficientnet_builder import decode_arch_def
    from timm.models.efficientnet import EfficientNet

    rounding = _efficientnet_blocks.make_divisible
    _efficientnet_blocks.make_divisible = int  # hidden channels would become multiples of 8
    try:
        network = EfficientNet(
            block_args=decode_arch_def([[_block(stage)] for stage in architecture.stages]),
            num_classes=num_classes,
            num_features=architecture.head,
            in_chans=in_channels,
            stem_size=architecture.stem,
            act_layer=torch.nn.SiLU,
            norm_layer=partial(torch.nn.BatchNorm2d, eps=1e-3, momentum=1 - batch_norm_decay),
            round_chs_fn=int,
        )
    finally:
        _efficientnet_blocks.make_divisible = rounding
    network.conv_stem.stride = (architecture.stem_stride,) * 2
    theirs, ours = sum(one.numel() for one in network.parameters()), cost(architecture, num_classes, in_channels).params
    if theirs != ours:
        raise ValueError(f"{architecture.name}: timm's network has {theirs} parameters, ours {ours}")
    return network


def _block(stage):
    """A stage in timm's notation; it calls a block without expansion depthwise separable."""
    kind = "ds" if stage.expansion == 1 else "ir"
    attention = f"_se{stage.squeeze_excite}" if stage.squeeze_excite else ""
    return f"{kind}_r{stage.repeats}_k{stage.kernel}_s{stage.stride}_e{stage.expansion}_c{stage.channels}{attention}"
