import pytest

from scaling import Architecture, Stage, cost
from scaling.arch import EFFICIENTNET_B0, SMALL
from scaling.count.memory import inference_bytes, training_bytes
from scaling.rules.releases import NAMES, architecture

# Bytes for a batch of two images: while training, while predicting.
RELEASED_BYTES = {
    "efficientnet_b0": (225415440, 33196432),
    "efficientnet_b1": (354754080, 45000736),
    "efficientnet_b2": (441307944, 52663976),
    "efficientnet_b3": (718749888, 81332928),
    "efficientnet_b4": (1419836160, 129350464),
    "efficientnet_b5": (2737255008, 196416096),
    "efficientnet_b6": (4533930048, 305979136),
    "efficientnet_b7": (7754722656, 438191840),
    "efficientnet_b8": (11678232792, 566412888),
    "efficientnet_l2": (46741072176, 2612437232),
    "efficientnet_lite0": (217552800, 30650272),
    "efficientnet_lite1": (308435232, 35490720),
    "efficientnet_lite2": (382599264, 40592288),
    "efficientnet_lite3": (554012448, 61012384),
    "efficientnet_lite4": (848222112, 84426272),
    "efficientnetv2_b0": (200238048, 33375712),
    "efficientnetv2_b1": (273756528, 38093808),
    "efficientnetv2_b2": (357244248, 46873944),
    "efficientnetv2_b3": (549963288, 68233624),
    "efficientnetv2_l": (5213889312, 518297888),
    "efficientnetv2_m": (2805794352, 249735024),
    "efficientnetv2_s": (1115900832, 107067616),
    "efficientnetv2_xl": (8433115392, 882810880),
    "mobilenet_v1": (171832224, 26561696),
    "mobilenet_v2": (202357152, 26061728),
    "mobilenet_v2_035": (88856160, 12729632),
    "mobilenet_v2_050": (111010848, 13895840),
    "mobilenet_v2_075": (172188384, 22587936),
    "mobilenet_v2_130": (280240416, 39610528),
    "mobilenet_v2_140": (303091488, 42498464),
    "resnet101": (924180384, 192647328),
    "resnet152": (1263636384, 255221920),
    "resnet18": (199907232, 54786208),
    "resnet50": (573444000, 116678816),
    "resnext101_32x4d": (1039543200, 192767136),
    "small": (2761728, 763072),
    "wide_resnet50_2": (1172235168, 291589280),
}


@pytest.mark.parametrize("name", NAMES)
def test_released_networks(name):
    assert (training_bytes(architecture(name), 2), inference_bytes(architecture(name), 2)) == RELEASED_BYTES[name]


def test_training_holds_the_state_three_times_and_every_activation_three_times():
    counted = cost(SMALL, 10, 1)
    assert training_bytes(SMALL, 7, 10, 1) == 12 * counted.params + 12 * 7 * counted.activations
    assert training_bytes(SMALL, 7, 10, 1, number=2) == 12 * counted.params + 6 * 7 * counted.activations


def test_inference_holds_one_layer_counted_by_hand():
    one = Architecture("one", 8, stem=4, stages=(Stage(2, 3, 1, 2, 4, 0),), head=4, stem_stride=2)
    # Maps of 4 x 4: the skipped input of 4 channels, and 8 channels before and after the depthwise convolution.
    assert inference_bytes(one, 5, 10, 3) == 4 * cost(one, 10, 3).params + 4 * 5 * (16 * (4 + 8 + 8))
    wide = Architecture("wide", 8, stem=1, stages=(Stage(1, 3, 1, 1, 1, 0),), head=1, stem_stride=2)
    assert inference_bytes(wide, 1, 10, 3) == 4 * cost(wide, 10, 3).params + 4 * (8 * 8 * 3 + 16)  # the image itself


def test_of_b0_the_first_strided_depthwise_convolution_holds_most():
    held = (inference_bytes(EFFICIENTNET_B0, 1) - 4 * cost(EFFICIENTNET_B0).params) / 4
    assert held == 96 * (112 * 112 + 56 * 56)


@pytest.mark.parametrize("needs", [training_bytes, inference_bytes])
def test_a_batch_below_one(needs):
    with pytest.raises(ValueError, match=f"{needs.__name__}: batch must be at least 1, got 0"):
        needs(SMALL, 0)
