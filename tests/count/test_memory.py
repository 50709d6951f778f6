import pytest

from scaling import Architecture, Stage, cost
from scaling.arch import EFFICIENTNET_B0, SMALL
from scaling.count.memory import inference_bytes, training_bytes


def test_training_holds_the_state_three_times_and_every_activation_three_times():
    counted = cost(SMALL, 10, 1)
    assert training_bytes(SMALL, 7, 10, 1) == 12 * counted.params + 12 * 7 * counted.activations
    assert training_bytes(SMALL, 7, 10, 1, number=2) == 12 * counted.params + 6 * 7 * counted.activations


def test_inference_holds_one_layer_counted_by_hand():
    one = Architecture("one", 8, stem=4, stages=(Stage(2, 3, 1, 2, 4, 0),), head=4, stem_stride=2)
    # Maps of 4 x 4: the skipped input of 4 channels, and 8 channels before and after the depthwise convolution.
    assert inference_bytes(one, 5, 10, 3) == 4 * cost(one, 10, 3).params + 4 * 5 * (16 * (4 + 8 + 8))
    wide = Architecture("wide", 8, stem=1, stages=(Stage(1, 3, 1, 1, 1, 0),), head=1, stem_stride=2)
    assert inference_bytes(wide, 1, 10, 3) == 4 * cost(wide, 10, 3).params + 4 * (8 * 8 * 3 + 16)  # the picture itself


def test_of_b0_the_first_strided_depthwise_convolution_holds_most():
    held = (inference_bytes(EFFICIENTNET_B0, 1) - 4 * cost(EFFICIENTNET_B0).params) / 4
    assert held == 96 * (112 * 112 + 56 * 56)


@pytest.mark.parametrize("needs", [training_bytes, inference_bytes])
def test_a_batch_below_one(needs):
    with pytest.raises(ValueError, match=f"{needs.__name__}: batch must be at least 1, got 0"):
        needs(SMALL, 0)
