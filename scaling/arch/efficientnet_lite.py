"""EfficientNet-Lite as released: B0 without squeeze-excite, ReLU6 for SiLU, ends that scaling leaves alone.

Source: tensorflow/tpu, models/official/efficientnet/lite/efficientnet_lite_builder.py.
"""

import dataclasses

from scaling.arch.efficientnet import EFFICIENTNET_B0

EFFICIENTNET_LITE0 = dataclasses.replace(
    EFFICIENTNET_B0,
    name="efficientnet_lite0",
    stages=tuple(dataclasses.replace(stage, squeeze_excite=0) for stage in EFFICIENTNET_B0.stages),
    activation="relu6",
    fixed_ends=True,
)
