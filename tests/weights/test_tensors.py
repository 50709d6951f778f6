"""Tensors into networks and back; the names and shapes of other libraries' tensors as they were on the originals."""

import dataclasses
import hashlib

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from flax import nnx

from scaling import Architecture, Stage, architecture
from scaling.nets import abstract, build
from scaling.weights.errors import WeightsError
from scaling.weights.loading import as_trained, load, unload
from scaling.weights.naming import NAMINGS, source_of

# Of each original's tensors: the start of the SHA-256 of the sorted lines "name shape", and how many there are. With the
# originals installed, tests/benchmarks/parity.py compares names, shapes and values with theirs.
ORIGINALS = {
    ("timm", "efficientnet_b0"): ("f62a5c98a74c6670", 311),
    ("timm", "efficientnet_b3"): ("20981c52ac4dbfc0", 496),
    ("timm", "efficientnet_lite0"): ("9e9d040635458c95", 247),
    ("timm", "efficientnetv2_b0"): ("3d1ed0931310a01e", 361),
    ("timm", "efficientnetv2_b3"): ("e331100fdd1a890d", 538),
    ("timm", "efficientnetv2_s"): ("69333b70a7c28d9d", 672),
    ("timm", "mobilenet_v1"): ("04cf17640bb96433", 137),
    ("timm", "mobilenet_v2"): ("5a95ee06712e31e9", 262),
    ("resnet", "resnet50"): ("cf11dad974eadeaa", 267),
    ("resnet", "resnet18"): ("2bb53b15765c4651", 102),
    ("resnet", "resnet152"): ("2fe195791c8ffb5f", 777),
    ("resnet", "wide_resnet50_2"): ("5b22ca8fa50e0423", 267),
    ("resnet", "resnext101_32x4d"): ("ea984b06157c67ed", 522),
    ("torchvision", "efficientnet_b0"): ("b5ec7b4b5e4fedbb", 311),
    ("torchvision", "efficientnet_b5"): ("33800e0779416f4e", 738),
    ("torchvision", "efficientnetv2_s"): ("63498c34974c0241", 672),
    ("torchvision-mobilenet", "mobilenet_v2"): ("d613ea65450d5318", 262),
    ("lukemelas", "efficientnet_b0"): ("5e5ff9da6a1946fc", 311),
    ("lukemelas", "efficientnet_b2"): ("8e79181962c94af7", 439),
    ("lukemelas", "efficientnet_lite0"): ("e8b5afc66056b920", 247),
    ("lukemelas", "efficientnet_lite2"): ("fe74032d0bfd039e", 322),
}

MBCONV = Architecture("mbconv", 12, 4, (Stage(1, 3, 1, 1, 4), Stage(2, 3, 2, 2, 8)), 16)
KINDS = {
    "mbconv": (MBCONV, ("timm", "torchvision", "lukemelas", "own")),
    "lite": (
        dataclasses.replace(MBCONV, stages=tuple(dataclasses.replace(stage, squeeze_excite=0) for stage in MBCONV.stages)),
        ("timm", "torchvision-mobilenet", "lukemelas", "own"),
    ),
    "fused": (
        dataclasses.replace(MBCONV, stages=(Stage(2, 3, 1, 1, 4, 0, "fused"), Stage(2, 3, 2, 2, 8, 0, "fused"))),
        ("timm", "torchvision", "own"),
    ),
    "separable": (
        Architecture("separable", 12, 4, (Stage(2, 3, 2, 1, 8, 0, "separable"),), 0, activation="relu6"),
        ("timm", "own"),
    ),
    "basic": (
        Architecture("basic", 12, 4, (Stage(2, 3, 1, 1, 4, 0, "basic"), Stage(1, 3, 2, 1, 8, 0, "basic")), 0, stem_pool=2),
        ("resnet", "own"),
    ),
    "bottleneck": (
        Architecture("bottleneck", 12, 4, (Stage(2, 3, 1, 2, 8, 0, "bottleneck", groups=2),), 0, stem_kernel=7, stem_pool=2),
        ("resnet", "own"),
    ),
}


@pytest.mark.parametrize(("source", "name"), ORIGINALS)
def test_names_and_shapes_are_the_originals(source, name):
    network = architecture(name)
    made = abstract(network)
    state = nnx.state(made)
    nnx.update(made, jax.tree.map(lambda leaf: np.broadcast_to(np.float32(0), leaf.shape), state))
    lines = sorted(f"{key} {tensor.shape}" for key, tensor in unload(made, network, source).items())
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    assert (digest, len(lines)) == ORIGINALS[source, name]


def network_of(kind, seed=0):
    network = build(KINDS[kind][0], 5, 2, nnx.Rngs(seed))
    random = np.random.default_rng(seed)
    for statistic in jax.tree.leaves(nnx.state(network, nnx.BatchStat), is_leaf=lambda one: isinstance(one, nnx.Variable)):
        statistic.set_value(jnp.asarray(random.uniform(0.5, 1.5, statistic.get_value().shape), jnp.float32))
    network.eval()
    return network


@pytest.mark.parametrize(("kind", "source"), [(kind, source) for kind, (_, sources) in KINDS.items() for source in sources])
def test_there_and_back(kind, source):
    described, network = KINDS[kind][0], network_of(kind)
    tensors = unload(network, described, source)
    assert source_of(tensors) == source
    again = load(described, {**tensors, "bn1.num_batches_tracked": np.array(3)}, "a file")
    images = np.random.default_rng(1).standard_normal((2, 12, 12, 2), np.float32)
    if as_trained(described, source) == described:
        np.testing.assert_array_equal(network(images), again(images))
    back = unload(again, described, source)
    assert back.keys() == tensors.keys()
    assert all(np.array_equal(back[name], tensor) for name, tensor in tensors.items())


def test_layouts_are_pytorchs():
    tensors = unload(network_of("mbconv"), MBCONV, "timm")
    assert tensors["conv_stem.weight"].shape == (4, 2, 3, 3)
    assert tensors["blocks.1.0.conv_pw.weight"].shape == (8, 4, 1, 1)
    assert tensors["blocks.1.0.conv_dw.weight"].shape == (8, 1, 3, 3)
    assert tensors["classifier.weight"].shape == (5, 16)
    network = network_of("mbconv")
    kernel = np.asarray(network.blocks[1].depthwise.convolution.kernel[...])
    assert tensors["blocks.1.0.conv_dw.weight"][3, 0, 1, 2] == kernel[1, 2, 3]


def test_narrow_weights_become_float32():
    tensors = unload(network_of("mbconv"), MBCONV)
    narrow = {name: tensor.astype(ml_dtypes.bfloat16) for name, tensor in tensors.items()}
    kernel = load(MBCONV, narrow, "a file").classifier.kernel[...]
    assert kernel.dtype == jnp.float32
    np.testing.assert_array_equal(kernel, narrow["classifier.weight"].astype(np.float32).T)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"blocks.1.0.conv_pw.weight": None},
            "a file: no tensor blocks.1.0.conv_pw.weight, which mbconv has in the names of timm",
        ),
        ({"classifier.weight": None}, "a file: no tensor classifier.weight, which mbconv has in the names of timm"),
        (
            {"blocks.1.0.conv_pw.weight": np.zeros((9, 4, 1, 1), np.float32)},
            r"tensor blocks.1.0.conv_pw.weight is \(9, 4, 1, 1\), mbconv needs \(8, 4, 1, 1\)",
        ),
        ({"bn1.bias": np.zeros(4, np.int64)}, "tensor bn1.bias holds int64, weights are floating-point numbers"),
        (
            {"blocks.2.0.conv_pw.weight": np.zeros(1, np.float32)},
            "mbconv has no place for its tensor blocks.2.0.conv_pw.weight",
        ),
        ({"classifier.weight": np.zeros((), np.float32)}, r"tensor classifier.weight is \(\), of another number of dimensions"),
        ({"conv_stem.weight": np.zeros(4, np.float32)}, r"tensor conv_stem.weight is \(4,\), of another number of dimensions"),
        ({"bn1.bias": np.float32([0, np.nan, 0, 0])}, "tensor bn1.bias is NaN or infinite in 1 of 4 numbers"),
        ({"bn1.running_var": np.full(4, 1e300)}, "tensor bn1.running_var is NaN or infinite in 4 of 4 numbers"),
        ({"bn1.weight": np.full(4, np.inf, ml_dtypes.bfloat16)}, "tensor bn1.weight is NaN or infinite in 4 of 4 numbers"),
        (
            {"conv_stem.weight": None},
            r"its tensors \(blocks.0.0.bn1.bias, .*\) are named as in none of timm, resnet, torchvision",
        ),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    tensors = {**unload(network_of("mbconv"), MBCONV, "timm"), **change}
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    with pytest.raises(WeightsError, match=message):
        load(MBCONV, tensors, "a file")


def test_weights_of_another_network_are_refused():
    tensors = {
        name: np.broadcast_to(np.float32(0), tensor.shape)
        for name, tensor in unload(build(architecture("efficientnet_b0")), architecture("efficientnet_b0"), "timm").items()
    }
    with pytest.raises(
        WeightsError, match=r"no tensor blocks.0.1.conv_dw.weight, which efficientnet_b1 has in the names of timm"
    ):
        load(architecture("efficientnet_b1"), tensors, "a file")


def test_torchvisions_padding_and_batch_norm():
    assert as_trained(architecture("efficientnet_b0"), "timm") == architecture("efficientnet_b0")
    for name, epsilon in (("efficientnet_b0", 1e-5), ("efficientnet_b5", 1e-3), ("efficientnetv2_s", 1e-3)):
        found = as_trained(architecture(name), "torchvision")
        assert (found.padding, found.batch_norm_epsilon) == ("symmetric", epsilon)


def test_every_source_is_recognised():
    assert set(NAMINGS) == {source for _, sources in KINDS.values() for source in sources}
    assert source_of({"weight": 0}) is None


def test_a_file_of_another_kind_of_network_is_refused():
    tensors = unload(build(architecture("mobilenet_v2")), architecture("mobilenet_v2"), "torchvision-mobilenet")
    with pytest.raises(WeightsError, match="layers that the names of torchvision-mobilenet have no name for: squeeze"):
        load(architecture("efficientnet_b0"), tensors, "a file")
