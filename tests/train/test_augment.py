from collections import Counter
from functools import lru_cache
from itertools import chain

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scenes import awkward
from scipy.stats import chisquare, ks_2samp, kstest

from scaling.core.errors import UserError
from scaling.recipe.augment import Augment
from scaling.train import augment as module
from scaling.train.augment import augmented, erased, mixed
from scaling.train.crop import cropped
from scaling.train.distort import NOTHING, OPERATIONS
from scaling.train.policies import AUTOAUGMENT, RANDAUGMENT

KEY = jax.random.key(7)
EVERYTHING = Augment(crop=0.08, policy="randaugment", magnitude=15, mixup=0.2, cutmix=1, erase=0.5)
LIKELY = 1e-4
"""Smallest probability of what the tests draw; the seeds are fixed."""


@lru_cache
def program(augment, side):
    return jax.jit(lambda *given: augmented(augment, *given[:5], side, *given[5:]))


def changed(augment, images, *, key=KEY, epoch=3, identity=None, side=None, magnitude=None):
    identity = jnp.arange(len(images)) if identity is None else jnp.asarray(identity)
    more = () if magnitude is None else (magnitude,)
    given = key, jnp.int32(epoch), identity, images, jnp.ones(len(images)), *more
    return np.asarray(program(augment, side or images.shape[1])(*given))


def operators(function, *arrays):
    return {equation.primitive.name for equation in jax.make_jaxpr(function)(*arrays).eqns}


def test_what_is_off_is_not_in_the_program():
    images, off, numbers, ones = awkward(2, 16), Augment(), jnp.arange(2), jnp.ones(2)
    assert operators(lambda given: augmented(off, KEY, 0, numbers, given, ones, 16), images) == {"convert_element_type"}
    resized = str(jax.make_jaxpr(lambda given: augmented(off, KEY, 0, numbers, given, ones, 8))(images))
    assert "dot_general" in resized
    assert "random_bits" not in resized
    cut = str(jax.make_jaxpr(lambda given: augmented(Augment(crop=0.5), KEY, 0, numbers, given, ones, 8))(images))
    assert "random_bits" in cut
    assert "cumsum" not in cut
    floats, targets = jnp.zeros((2, 8, 8, 1)), jnp.ones((2, 1))
    assert erased(off, KEY, 0, numbers, floats) is floats
    assert all(one is other for one, other in zip(mixed(off, KEY, 0, floats, targets), (floats, targets), strict=True))


def test_nothing_asked_for_is_nothing_done_but_a_resize():
    images = awkward(4, 24)
    np.testing.assert_array_equal(changed(Augment(), images), images)
    whole = jnp.array([[0.0, 0, 1, 1]] * 4)
    np.testing.assert_array_equal(changed(Augment(), images, side=16), jax.jit(lambda: cropped(images, whole, 16))())


def test_only_a_policy_leaves_bytes():
    images = awkward(8, 24)
    crops = changed(Augment(crop=0.08), images, side=16)
    assert crops.shape == (8, 16, 16, 3)
    assert (crops != crops.round()).any()
    distorted = changed(Augment(crop=0.08, policy="autoaugment"), images, side=16)
    assert distorted.dtype == np.float32
    np.testing.assert_array_equal(distorted, distorted.round())
    assert distorted.min() >= 0
    assert distorted.max() <= 255


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("augment", [Augment(crop=0.2, policy="autoaugment"), EVERYTHING], ids=lambda one: one.policy)
def test_an_image_is_changed_alike_in_any_batch_at_any_place_and_anew_in_every_epoch(augment, channels):
    images, identity = awkward(24, 20)[..., :channels], np.arange(24) * 1000
    together = changed(augment, images, identity=identity, side=16)
    order = np.random.default_rng(0).permutation(24)[:7]
    np.testing.assert_array_equal(changed(augment, images[order], identity=identity[order], side=16), together[order])
    for other in ({"epoch": 4}, {"key": jax.random.key(8)}, {"identity": identity + 1}):
        again = changed(augment, images, **{"identity": identity, **other}, side=16)
        assert (again != together).any((1, 2, 3)).mean() > 0.9


def pushed(images, operation, argument, centre):
    """Instead of a distortion: its number and its argument, 0 if negative and rounded up, pushed on a stack of four bytes."""
    said = jnp.stack([operation, jnp.ceil(argument.clip(0))], -1).astype(jnp.uint8)
    return jnp.concatenate([said, images.reshape(-1, 4)[:, :2]], -1).reshape(images.shape)


def asked_for(monkeypatch, augment, count):
    """(count, layers, 2): operations and arguments."""
    monkeypatch.setattr(module, "distorted", pushed)
    images, numbers = np.zeros((count, 2, 2, 1), np.uint8), jnp.arange(count)
    made = jax.jit(lambda: augmented(augment, KEY, 0, numbers, images, jnp.ones(count), 2))()
    return np.asarray(made).reshape(count, 2, 2).astype(int)[:, ::-1]


def test_randaugment_draws_its_operations_evenly_and_either_sign(monkeypatch):
    drawn = asked_for(monkeypatch, Augment(policy="randaugment"), 8000)
    numbers = [OPERATIONS.index(name) for name in RANDAUGMENT]
    pairs = np.zeros((NOTHING + 1, NOTHING + 1))
    np.add.at(pairs, (drawn[:, 0, 0], drawn[:, 1, 0]), 1)
    assert pairs.sum() == pairs[np.ix_(numbers, numbers)].sum()
    assert chisquare(pairs[np.ix_(numbers, numbers)].ravel()).pvalue > LIKELY
    for name in ("Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY"):
        signs = drawn[..., 1][drawn[..., 0] == OPERATIONS.index(name)]
        assert len(signs) > 800
        assert abs((signs > 0).mean() - 0.5) < 0.06


def test_autoaugment_draws_its_pairs_evenly_and_their_operations_with_their_probabilities(monkeypatch):
    drawn = asked_for(monkeypatch, Augment(policy="autoaugment"), 20000)[..., 0]
    expected = np.zeros((NOTHING + 1, NOTHING + 1))
    for pair in AUTOAUGMENT:
        first, second = ({OPERATIONS.index(step.operation): step.probability, NOTHING: 1 - step.probability} for step in pair)
        for one, chance in first.items():
            for other, more in second.items():
                expected[one, other] += chance * more / len(AUTOAUGMENT)
    seen = np.zeros_like(expected)
    np.add.at(seen, tuple(drawn.T), 1)
    assert seen[expected == 0].sum() == 0
    possible = expected > 0
    assert chisquare(seen[possible], 20000 * expected[possible] / expected.sum()).pvalue > LIKELY


def test_policies_name_operations_that_there_are():
    assert len(AUTOAUGMENT) == 25
    assert {step.operation for pair in AUTOAUGMENT for step in pair} <= {*OPERATIONS}
    assert sorted(RANDAUGMENT) == sorted(OPERATIONS)


def test_the_levels_and_probabilities_of_autoaugment_add_up_as_released():
    levels = Counter()
    for step in chain(*AUTOAUGMENT):
        levels[step.operation] += step.level
    often = {"Equalize": 55, "Solarize": 41, "Rotate": 39, "Color": 37, "ShearY": 14, "SolarizeAdd": 10, "Posterize": 8}
    assert levels == {**often, **dict.fromkeys(("ShearX", "TranslateY", "Invert", "AutoContrast"), 9)}
    assert sum(step.probability for step in chain(*AUTOAUGMENT)) == pytest.approx(29.8)


def test_the_levels_of_autoaugment_reach_the_operations(monkeypatch):
    monkeypatch.setattr(module, "arguments", lambda operations, levels, signs: levels)
    drawn = asked_for(monkeypatch, Augment(policy="autoaugment", magnitude=30), 4000)
    for place in range(2):
        allowed = {
            (OPERATIONS.index(pair[place].operation), pair[place].level) for pair in AUTOAUGMENT if pair[place].probability
        }
        assert {(one, level) for one, level in drawn[:, place] if one != NOTHING} == allowed


def test_the_magnitude_may_be_given_as_an_array():
    images, augment = awkward(24, 16), Augment(policy="randaugment", magnitude=4)
    as_field = changed(Augment(policy="randaugment", magnitude=9), images)
    np.testing.assert_array_equal(changed(augment, images, magnitude=jnp.float32(9)), as_field)
    assert (changed(augment, images) != as_field).any()


def test_a_policy_does_not_depend_on_what_else_is_asked_for():
    images = awkward(8, 16)
    alone = changed(Augment(policy="randaugment"), images)
    np.testing.assert_array_equal(changed(Augment(policy="randaugment", erase=1, mixup=1), images), alone)


def batch(count, side=8, classes=5):
    """Images of their own number, and targets of a class each."""
    images = jnp.broadcast_to(jnp.arange(float(count))[:, None, None, None], (count, side, side, 3))
    targets = 0.9 * jax.nn.one_hot(jnp.arange(count) % classes, classes) + 0.1 / classes
    return images, targets


def own_share(targets, of, partner):
    """Weight of an image's own targets, from what became of them; not known where the two have one class."""
    known = abs(of - partner).max(-1) > 0
    shares = ((targets - partner) * (of - partner)).sum(-1)[known] / ((of - partner) ** 2).sum(-1)[known]
    return known, shares


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_mixup_weighs_images_and_targets_alike_by_the_larger_part(alpha):
    images, targets = batch(4000, side=1, classes=7)
    made, mixture = jax.jit(lambda *given: mixed(Augment(mixup=alpha), KEY, 0, *given))(images, targets)
    np.testing.assert_allclose(mixture.sum(-1), 1, rtol=1e-5)
    known, share = own_share(mixture, targets, targets[::-1])
    share_of_pixels = (made - images[::-1]) / (images - images[::-1])
    np.testing.assert_allclose(share_of_pixels[known, 0, 0, 0], share, atol=2e-3)
    assert share.min() > 0.5 - 1e-3
    drawn = np.random.default_rng(0).beta(alpha, alpha, 20000)
    folded = np.maximum(drawn, 1 - drawn)
    assert (
        ks_2samp(np.asarray(share, float).round(4), folded.round(4)).pvalue > LIKELY
    )  # rounded, since float32 has many ones among them


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_the_share_of_cutmix_is_the_share_of_its_targets(alpha):
    images, targets = batch(4000, side=16, classes=7)
    made, mixture = jax.jit(lambda *given: mixed(Augment(cutmix=alpha), KEY, 0, *given))(images, targets)
    own, theirs = (made == images).all(-1), (made == images[::-1]).all(-1)
    assert (own ^ theirs).all()
    known, share = own_share(mixture, targets, targets[::-1])
    np.testing.assert_allclose(own.mean((1, 2))[known], share, atol=1e-5)
    np.testing.assert_allclose(mixture.sum(-1), 1, rtol=1e-5)
    box = np.asarray(theirs)
    rows, columns = box.any(2).sum(1), box.any(1).sum(1)
    np.testing.assert_array_equal(rows * columns, box.sum((1, 2)))  # one box without a hole
    random = np.random.default_rng(0)
    half = np.floor(np.sqrt(1 - random.beta(alpha, alpha, (100_000, 1))) * 16) // 2
    middle = random.integers(0, 16, (100_000, 2))
    sides = np.minimum(middle + half, 16) - np.maximum(middle - half, 0)
    assert abs(box.mean((1, 2)).mean() - sides.prod(1).mean() / 256) < 0.015


def test_with_both_either_half_is_mixed_with_itself():
    images, targets = batch(11, side=16)
    augment = Augment(mixup=0.5, cutmix=1)
    made, _ = jax.jit(lambda *given: mixed(augment, KEY, 1, *given))(images, targets)
    for number, image in enumerate(np.asarray(made)):
        if number < 5:
            assert len(np.unique(image)) == 1
            assert min(number, 4 - number) - 1e-4 <= image.max() <= max(number, 4 - number) + 1e-4
        else:
            assert {*np.unique(image)} <= {number, 15 - number}


def test_every_step_mixes_anew():
    images, targets = batch(16)
    at = jax.jit(lambda step: mixed(Augment(mixup=1), KEY, step, images, targets)[0])
    assert (at(0) != at(1)).any((1, 2, 3)).sum() >= 15
    np.testing.assert_array_equal(at(0), at(0))


def erasing(augment, images, identity=None, epoch=0):
    identity = jnp.arange(len(images)) if identity is None else identity
    return np.asarray(jax.jit(lambda *given: erased(augment, KEY, epoch, *given))(identity, images))


def test_erasing_replaces_a_box_by_noise_with_its_probability():
    side = 24
    images = jnp.full((3000, side, side, 2), 100.0)
    made = erasing(Augment(erase=0.3), images)
    hit = (made != 100).all(-1)
    np.testing.assert_array_equal((made != 100).any(-1), hit)  # all channels or none
    happened = hit.any((1, 2))
    assert abs(happened.mean() - 0.3) < 0.03
    rows, columns = hit.any(2).sum(1)[happened], hit.any(1).sum(1)[happened]
    area = hit.sum((1, 2))[happened]
    np.testing.assert_array_equal(rows * columns, area)
    assert max(rows.max(), columns.max()) < side
    assert area.min() / side**2 > 0.015
    assert area.max() / side**2 < 0.35
    assert np.mean(area) / side**2 == pytest.approx(0.175, abs=0.015)
    assert (np.log(rows / columns)).mean() == pytest.approx(0, abs=0.1)
    assert 2.9 < (rows / columns).max() < 4  # in whole pixels
    place = hit.any(2).argmax(1)[happened] / (side - rows), hit.any(1).argmax(1)[happened] / (side - columns)
    np.testing.assert_allclose(np.mean(place, 1), 0.5, atol=0.04)
    assert kstest(made[hit].ravel()[:20000], "norm").statistic < 0.015


def test_erasing_is_the_same_in_another_batch_and_anew_in_every_epoch():
    images = jax.random.normal(KEY, (40, 12, 12, 1))
    augment = Augment(erase=0.5)
    together = erasing(augment, images)
    order = np.random.default_rng(0).permutation(40)[:9]
    np.testing.assert_array_equal(erasing(augment, images[order], identity=jnp.asarray(order)), together[order])
    assert (erasing(augment, images, epoch=1) != together).any()
    np.testing.assert_array_equal(erasing(Augment(erase=1e-9), images), images)


def test_everything_lowers_for_every_platform():
    def whole(images, targets, aspect, identity, magnitude):
        made = augmented(EVERYTHING, KEY, 2, identity, images, aspect, 12, magnitude)
        return mixed(EVERYTHING, KEY, 5, erased(EVERYTHING, KEY, 2, identity, made / 128 - 1), targets)

    shapes = [((4, 16, 16, 3), jnp.uint8), ((4, 5), jnp.float32), ((4,), jnp.float32), ((4,), jnp.int32), ((), jnp.float32)]
    given = [jax.ShapeDtypeStruct(*shape) for shape in shapes]
    exported = jax.export.export(jax.jit(whole), platforms=("cpu", "cuda", "tpu"))(*given)
    assert [value.shape for value in exported.out_avals] == [(4, 12, 12, 3), (4, 5)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("crop", 1.1),
        ("erase", -0.1),
        ("magnitude", 31),
        ("mixup", -1),
        ("cutmix", 11),
        ("layers", 0),
        ("policy", "randaugmnet"),
    ],
)
def test_a_field_out_of_range_is_named(field, value):
    with pytest.raises(UserError, match=rf"Augment\.{field} must be .*{value}"):
        Augment(**{field: value})
