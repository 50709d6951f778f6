"""What is suggested where a name is not known: one rule for every list of names."""

import pytest

from scaling.core.names import did_you_mean
from scaling.rules.releases import architecture
from scaling.rules.rules import rule
from scaling.weights.models import model


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("efficientnet-b0", "; did you mean efficientnet_b0?"),
        ("EfficientNet_B0", "; did you mean efficientnet_b0?"),
        ("b0", "; did you mean efficientnet_b0 or efficientnetv2_b0?"),
        ("tf_efficientnet_b0", "; did you mean efficientnet_b0?"),
        ("efficientnet_b0.ra_in1k", "; did you mean efficientnet_b0-pytorch?"),
        ("tf_efficientnet_b0.ns_jft_in1k", "; did you mean efficientnet_b0?"),
        ("efficientnet_v2_s", "; did you mean efficientnetv2_s?"),
        ("resnet50.a1_in1k", "; did you mean resnet50?"),
        ("lite0", "; did you mean efficientnet_lite0?"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_models_under_the_names_of_other_libraries(name, ending):
    with pytest.raises(ValueError, match=f"^no model {name!r}; known: ") as caught:
        model(name)
    assert str(caught.value).endswith(f"wide_resnet50_2{ending}")


def test_networks_and_rules():
    with pytest.raises(ValueError, match=r"wide_resnet50_2; did you mean efficientnet_b0\?$"):
        architecture("efficientnet-b0")
    with pytest.raises(ValueError, match=r"did you mean width\?$"):
        rule("witdh")


@pytest.mark.parametrize("name", [None, 3, 0.5, ["relu"], "..."])
def test_what_is_no_name_is_near_nothing(name):
    assert did_you_mean(name, ["relu", "silu"]) == ""


def test_at_most_three_the_nearest_first():
    assert did_you_mean("epoch", ["epoch2", "epochs", "epoch1", "epochal", "batch"]).count(" or ") == 2
    assert did_you_mean("silu6", ["relu6", "silu", "relu"]).startswith("; did you mean silu ")
