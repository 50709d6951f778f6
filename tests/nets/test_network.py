import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from scaling import Architecture, Factors, Stage, architecture, cost, scale
from scaling.arch.blocks import KINDS, Kind, Layer
from scaling.count.memory import inference_bytes
from scaling.grid.enumerate import enumerate_lattice
from scaling.grid.lattice import Coefficients, Lattice
from scaling.nets import ModelConfig, abstract, build
from scaling.nets.batch_norm import BatchNorm
from scaling.nets.layers import StochasticDepth
from scaling.rules.releases import NAMES
from scaling.weights.loading import unload

B0 = architecture("efficientnet_b0")
SMALL = architecture("small")
TINY = dataclasses.replace(
    SMALL, resolution=12, stem=8, head=16, stages=(Stage(1, 3, 1, 1, 8), Stage(2, 3, 2, 2, 12, 0.0), Stage(1, 5, 2, 3, 16))
)


@nnx.jit
def run(network, images):
    return network(images)


def parameters(network):
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


@pytest.mark.parametrize("name", NAMES)
def test_every_released_network_does_what_is_counted(name):
    """Its parameters, and the products of the traced program."""
    network = architecture(name)
    counted = cost(network)
    assert parameters(abstract(network)) == counted.params
    assert traced(network) == (counted.macs, counted.activations)


@pytest.mark.parametrize("name", ["mobilenet_v1", "resnet18", "resnext101_32x4d", "efficientnet_lite0", "efficientnetv2_b0"])
def test_every_kind_of_block_is_counted_for_any_factors(name):
    for factors in itertools.product((0.4, 1.3), (0.5, 1.0, 1.6), (0.31, 0.5)):
        scaled = scale(architecture(name), Factors(*factors))
        scaled = dataclasses.replace(
            scaled, stages=tuple(dataclasses.replace(stage, repeats=min(3, stage.repeats)) for stage in scaled.stages)
        )
        counted = cost(scaled, 10, 1)
        assert parameters(abstract(scaled, 10, 1)) == counted.params
        assert traced(scaled, 10, 1) == (counted.macs, counted.activations)


def _wide(stage, ends):
    yield Layer("depthwise", "depthwise", ends.inputs, ends.inputs, stage.kernel, ends.stride, ends.inputs)
    yield Layer("expand", "pointwise", ends.inputs, ends.inputs * stage.expansion, activated=True)
    yield Layer("branch", "convolution", ends.inputs * stage.expansion, ends.outputs, 1, activated=True, number=0)
    yield Layer("branch", "convolution", ends.outputs, ends.outputs, 3, 1, 2, number=1)


@pytest.mark.parametrize("skip", ["never", "same shape", "always"])
def test_a_new_kind_of_block_is_an_entry_of_one_table(monkeypatch, skip):
    monkeypatch.setitem(KINDS, "wide", Kind(_wide, skip, uses=("expansion",), activated=True))
    scaled = dataclasses.replace(SMALL, stages=(Stage(2, 3, 2, 1, 8, 0, "wide"), Stage(2, 5, 1, 3, 8, 0, "wide")))
    assert Architecture.from_dict(scaled.to_dict()) == scaled
    counted, network = cost(scaled, 10, 1), abstract(scaled, 10, 1)
    assert parameters(network) == counted.params
    assert traced(scaled, 10, 1) == (counted.macs, counted.activations)
    assert inference_bytes(scaled, 1, 10, 1) > 4 * counted.params
    assert sum(tensor.size for tensor in unload(build(scaled, 10, 1), scaled).values()) > counted.params
    found = enumerate_lattice(scaled, Lattice(), num_classes=10, in_channels=1)
    first = Coefficients(*found.points[0].tolist()).factors(1)
    assert found.macs[found.networks[0]] == cost(scale(scaled, first), 10, 1).macs
    with pytest.raises(ValueError, match=r"Stage.groups must be 1 in wide blocks, got 2"):
        Stage(1, 3, 1, 1, 8, 0, "wide", groups=2)


def test_parameters_equal_the_count_for_all_factors():
    steps = (0.5, 1.0, 1.15, 1.6)
    for base, classes, channels in ((B0, 1000, 3), (SMALL, 10, 1), (TINY, 2, 5)):
        for factors in itertools.product(steps, steps, (0.8, 1.0, 1.3)):
            scaled = scale(base, Factors(*factors))
            assert parameters(abstract(scaled, classes, channels)) == cost(scaled, classes, channels).params


@pytest.mark.parametrize("side", [12, 13, 16, 27])
def test_any_input_size_from_twelve_px(side):
    network = build(TINY, 7, 2)
    network.eval()
    logits = run(network, jnp.ones((3, side, side + 1, 2)))
    assert logits.shape == (3, 7)
    assert logits.dtype == jnp.float32
    assert np.isfinite(logits).all()


def test_b0_itself_maps_twelve_px():
    network = build(B0, 10, 1)
    network.eval()
    assert jax.jit(lambda x: network(x))(jnp.zeros((1, 12, 12, 1))).shape == (1, 10)


def traced(architecture, num_classes=1000, in_channels=3):
    """MACs and activations read off the program: its products, additions and shapes."""
    network = abstract(architecture, num_classes, in_channels)
    network.eval()
    graph, state = nnx.split(network)
    images = jax.ShapeDtypeStruct((1, architecture.resolution, architecture.resolution, in_channels), jnp.float32)
    jaxpr = jax.make_jaxpr(lambda state, x: nnx.merge(graph, state)(x))(state, images)
    products = [one for one in _equations(jaxpr.jaxpr) if one.primitive.name in ("dot_general", "conv_general_dilated")]
    return sum(_macs(one) for one in products), sum(math.prod(one.outvars[0].aval.shape) for one in products)


def test_macs_and_activations_equal_what_the_program_does():
    assert traced(TINY, 7, 2) == (cost(TINY, 7, 2).macs, cost(TINY, 7, 2).activations)


def _equations(jaxpr):
    for equation in jaxpr.eqns:
        inner = [value for value in jax.tree.leaves(equation.params, is_leaf=_is_jaxpr) if _is_jaxpr(value)]
        if equation.primitive.name == "cond":  # one form per platform: count the last, XLA's own convolutions
            inner = inner[-1:]
        for value in inner:
            yield from _equations(getattr(value, "jaxpr", value))
        if not inner:
            yield equation


def _is_jaxpr(value):
    return hasattr(value, "eqns") or hasattr(value, "jaxpr")


def _macs(equation):
    if equation.primitive.name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        depth = math.prod(equation.invars[0].aval.shape[axis] for axis in contracted)
        return depth * math.prod(equation.outvars[0].aval.shape)
    height, width, fan_in, _ = equation.invars[1].aval.shape
    return height * width * fan_in * math.prod(equation.outvars[0].aval.shape)


@pytest.mark.parametrize("shape", [(4, 20, 20, 3), (20, 20, 1), (20, 20)])
def test_images_of_another_shape_are_named(shape):
    with pytest.raises(ValueError, match=rf"images must be \(batch, height, width, 1\), got the shape \({shape[0]}, "):
        jax.eval_shape(build(architecture("small"), 10, 1), jax.ShapeDtypeStruct(shape, jnp.float32))


@pytest.mark.parametrize("counts", [(0, 1), (10, 0)])
def test_a_network_has_classes_and_channels(counts):
    with pytest.raises(ValueError, match=f"needs 1 class and 1 channel or more, got {counts[0]} and {counts[1]}"):
        build(architecture("small"), *counts)


def test_the_same_seed_draws_the_same_network():
    first, again, other = (nnx.state(build(TINY, rngs=nnx.Rngs(seed)), nnx.Param) for seed in (0, 0, 1))
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, first, again)))
    assert not all(jax.tree.leaves(jax.tree.map(np.array_equal, first, other)))


def test_initial_deviations_are_the_released_ones():
    network = build(B0)
    block = network.blocks[3]
    for kernel, wanted in (
        (network.stem.convolution.kernel, math.sqrt(2 / (9 * 32))),
        (block.expand.convolution.kernel, math.sqrt(2 / block.expand.convolution.kernel.shape[1])),
        (block.depthwise.convolution.kernel, math.sqrt(2 / 25)),
        (network.classifier.kernel, 1 / math.sqrt(3 * 1000)),
    ):
        assert float(jnp.std(kernel[...])) == pytest.approx(wanted, rel=0.1)


def test_squeeze_excite_is_squeezed_from_the_blocks_input():
    network = build(B0)
    assert network.blocks[1].attention.squeeze.kernel.shape == (96, 4)


def test_stochastic_depth_rises_over_the_blocks_and_spares_the_last_fraction():
    network = build(B0, settings=ModelConfig(stochastic_depth=0.2))
    rates = [(index, block.drop.rate) for index, block in enumerate(network.blocks) if block.drop is not None]
    assert rates == [(index, 0.2 * index / 16) for index, block in enumerate(network.blocks) if block.skip and index]
    assert [index for index, block in enumerate(network.blocks) if block.skip] == [2, 4, 6, 7, 9, 10, 12, 13, 14]


def test_stochastic_depth_drops_whole_images_and_keeps_the_mean():
    layer = StochasticDepth(0.25, nnx.Rngs(0))
    out = np.asarray(layer(jnp.ones((4000, 2, 2, 3)))).reshape(4000, -1)
    assert set(np.unique(out)) == {0.0, np.float32(1 / 0.75)}
    assert (out == out[:, :1]).all()
    assert out.mean() == pytest.approx(1, abs=0.05)
    layer.deterministic = True
    assert (layer(jnp.ones((4, 2, 2, 3))) == 1).all()


def test_regularisation_is_off_in_evaluation():
    network = build(TINY, 7, 2, settings=ModelConfig(dropout=0.5, stochastic_depth=0.5))
    images = jnp.asarray(np.random.default_rng(0).standard_normal((8, 12, 12, 2), np.float32))
    assert not np.array_equal(run(network, images), run(network, images))
    network.eval()
    assert np.array_equal(run(network, images), run(network, images))


def test_batch_norm_is_flaxs():
    ours = BatchNorm(3, 0.9, 1e-3, _Ones())
    theirs = nnx.BatchNorm(3, momentum=0.9, epsilon=1e-3, rngs=nnx.Rngs(0))
    maps = jnp.asarray(np.random.default_rng(0).standard_normal((4, 5, 5, 3), np.float32) * 3 + 1)
    np.testing.assert_allclose(ours(maps), theirs(maps), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.mean[...], theirs.mean[...], rtol=1e-5)
    np.testing.assert_allclose(ours.var[...], theirs.var[...], rtol=1e-5)
    ours.use_running_average = theirs.use_running_average = True
    np.testing.assert_allclose(ours(maps), theirs(maps), rtol=1e-4, atol=1e-5)


class _Ones:
    def constant(self, shape, value):
        return jnp.full(shape, value, jnp.float32)


def test_batch_norm_of_a_large_constant_stays_finite():
    layer = BatchNorm(1, 0.9, 1e-3, _Ones())
    assert np.isfinite(layer(jnp.full((2, 3, 3, 1), 1e4))).all()


def test_narrow_precision_keeps_parameters_statistics_and_logits_wide():
    network = build(TINY, 7, 2, settings=ModelConfig(dtype=jnp.bfloat16))
    logits = run(network, jnp.ones((2, 12, 12, 2)))
    assert logits.dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(nnx.state(network, (nnx.Param, nnx.BatchStat)))} == {jnp.dtype("float32")}


@pytest.mark.parametrize("mean", [0, 3, 10])
def test_narrow_batch_norm_is_as_exact_as_its_output(mean):
    wide = np.random.default_rng(0).standard_normal((16, 8, 8, 4), np.float32) + mean
    narrow = jnp.asarray(wide, jnp.bfloat16)
    exact = np.asarray(narrow, np.float64)
    exact = (exact - exact.mean((0, 1, 2))) / np.sqrt(exact.var((0, 1, 2)) + 1e-3)
    found = np.asarray(BatchNorm(4, 0.9, 1e-3, _Ones())(narrow), np.float64)
    assert np.sqrt(((found - exact) ** 2).mean()) < 0.003


@pytest.mark.parametrize("name", ["resnet18", "efficientnetv2_b0", "resnext101_32x4d"])
def test_training_and_evaluation_convolve_alike(name):
    """They take different forms on a CPU; batch statistics and running ones are made the same."""
    scaled = architecture(name)
    stages = tuple(dataclasses.replace(stage, repeats=1) for stage in scaled.stages[:2])
    network = build(dataclasses.replace(scaled, stages=stages), 5, 3, settings=ModelConfig(dropout=0, stochastic_depth=0))
    images = jnp.asarray(np.random.default_rng(0).standard_normal((2, 32, 33, 3), np.float32))
    for module in (module for _, module in nnx.iter_modules(network) if isinstance(module, BatchNorm)):
        module.use_running_average = True
    trained = network(images)
    network.eval()
    np.testing.assert_allclose(network(images), trained, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("start", "limit"), [("released", 10**-0.5), ("fan_in", 1280**-0.5), ("zero", 0.0)])
def test_the_classifier_starts_as_asked(start, limit):
    settings = dataclasses.replace(ModelConfig(), classifier_start=start)
    kernel = build(architecture("efficientnet_b0"), 10, 3, nnx.Rngs(0), settings).classifier.kernel[...]
    assert np.abs(kernel).max() == pytest.approx(limit, rel=1e-3)
    assert np.std(kernel) == pytest.approx(limit / 3**0.5, rel=2e-2)
