"""Flowers-102 as it is given out, in small: two tables of MATLAB and a folder of photographs."""

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from scaling.data import DataError, load
from scaling.data.listed import ListedDataset

LABELS = [1, 1, 2, 2, 2, 1, 1, 2, 1]
PARTS = {"trnid": [9, 1, 3], "valid": [2, 4], "tstid": [6, 5, 8]}  # 7 is in none


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "jpg").mkdir()
    for number in range(1, len(LABELS) + 1):
        Image.new("RGB", (20 + number, 16), (20 * number, 0, 0)).save(tmp_path / "jpg" / f"image_{number:05d}.jpg")
    tables(tmp_path)
    return tmp_path


def tables(folder, labels=LABELS, parts=PARTS):
    savemat(folder / "imagelabels.mat", {"labels": np.array([labels], np.uint8)})
    savemat(folder / "setid.mat", {name: np.array([one], np.uint16) for name, one in parts.items()})


def test_splits_are_its_own(folder):
    found = load(folder)
    assert found.classes == ("1", "2")
    assert found.side == 16
    for split, part in zip((found.train, found.validation, found.test), PARTS.values(), strict=True):
        assert split.names == tuple(f"jpg/image_{number:05d}.jpg" for number in part)
        assert split.labels.tolist() == [LABELS[number - 1] - 1 for number in part]
        np.testing.assert_allclose(split.images[:, 8, 8, 0], [20 * number for number in part], atol=3)


def test_it_may_be_stored(folder, tmp_path):
    found = load(folder, stored=True, store=tmp_path / "store")
    assert isinstance(found, ListedDataset)
    np.testing.assert_array_equal(found.open(workers=0).test.labels, load(folder).test.labels)


def test_classes_are_those_that_are_used(folder):
    tables(folder, labels=[102 if one == 2 else one for one in LABELS])
    assert load(folder).classes == ("1", "102")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [1, 2, 2, 2]}, "setid.mat must name each of the 4 images of imagelabels.mat once at most, and no other"),
        ({"parts": {**PARTS, "valid": [2, 4, 1]}}, "must name each of the 9 images of imagelabels.mat once at most"),
        ({"parts": {**PARTS, "valid": [0, 4]}}, "setid.mat: must hold 'valid', whole numbers from 1 on"),
        ({"parts": {"trnid": [1], "tstid": [2]}}, "setid.mat: must hold 'valid', whole numbers from 1 on"),
        (
            {"parts": {**PARTS, "valid": [2]}},
            "class '2' has 3 images, too few to fill every split: none is left for validation",
        ),
    ],
)
def test_tables_that_do_not_fit_are_one_line(folder, change, message):
    tables(folder, **change)
    with pytest.raises(DataError, match=message) as raised:
        load(folder)
    assert "\n" not in str(raised.value)


def test_what_is_damaged_or_missing_is_one_line(folder):
    with pytest.raises(DataError, match="validation_share is a part of train held out"):
        load(folder, validation_share=0.5)
    with pytest.raises(DataError, match="holds no folders that could be classes"):
        load(folder, top_classes=True)
    table = folder / "setid.mat"
    content = table.read_bytes()
    for damaged in (content[:150], b"\x89HDF" + content, bytes(200), b""):
        table.write_bytes(damaged)
        with pytest.raises(DataError, match=r"setid.mat: (no whole file of MATLAB 5 to 7; fetch it again|must hold .trnid.)"):
            load(folder)
    tables(folder)
    (folder / "jpg").rename(folder / "images")
    with pytest.raises(
        DataError, match=r"jpg/ is missing; it holds the images of imagelabels\.mat: unpack 102flowers\.tgz here"
    ):
        load(folder)
