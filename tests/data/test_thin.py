"""A share of the train images: of every class the same, spread over its files, and nothing else of the set changes."""

import numpy as np
import pytest
from PIL import Image

from scaling.core.errors import UserError
from scaling.data import load
from scaling.data.held_out import in_share


@pytest.mark.parametrize("share", [0.5, 0.1, 0.33, 0.999])
def test_every_class_keeps_the_share_of_its_images(share):
    labels = np.repeat(np.arange(4), (100, 10, 1, 250))
    np.random.default_rng(0).shuffle(labels)
    kept = in_share(labels, share)
    for label, count in enumerate((100, 10, 1, 250)):
        found = int(kept[labels == label].sum())
        assert found >= 1
        assert abs(found - share * count) <= 1


def test_a_small_set_keeps_validation_and_test():
    whole, part = load("fashion-mnist-10k"), load("fashion-mnist-10k", train_share=0.25)
    assert np.bincount(part.train.labels).tolist() == [150] * 10
    assert len(whole.train) == 6000
    for name in ("validation", "test"):
        assert np.array_equal(getattr(whole, name).images, getattr(part, name).images)
    known = {image.tobytes() for image in whole.train.images}
    assert all(image.tobytes() in known for image in part.train.images)
    assert part.fingerprint != whole.fingerprint


def test_a_listed_set_does_not_store_the_others(tmp_path):
    for label in ("a", "b"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(40):
            Image.new("L", (16, 16), 6 * number).save(tmp_path / "set" / label / f"{number:02}.png")
    words = {"stored": True, "store": tmp_path / "store"}
    whole, part = load(tmp_path / "set", **words), load(tmp_path / "set", train_share=0.5, **words)
    assert (len(whole.train), len(part.train)) == (48, 24)
    assert set(part.train.names) < set(whole.train.names)
    assert part.validation.names == whole.validation.names or list(part.validation.names) == list(whole.validation.names)
    assert part.fingerprint != whole.fingerprint
    assert part.bytes < whole.bytes
    opened = part.open(workers=0)
    assert opened.train.images.shape[0] == 24
    levels = [int(name.split("/")[1][:2]) * 6 for name in opened.train.names]
    assert opened.train.images[:, 0, 0, 0].tolist() == levels


def test_a_share_that_is_none_is_refused():
    for share in (0.0, 1.0, -1, 2):
        with pytest.raises(UserError, match="train_share must be above 0 and below 1, got"):
            load("fashion-mnist-10k", train_share=share)
