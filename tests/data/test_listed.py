"""Which sets are only listed, what studies see of them, and what the commands say."""

import io
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from PIL import Image

from scaling.core.errors import UserError
from scaling.data import DataError, Dataset, ListedDataset, Split, load, store
from scaling.data.duplicates import duplicate_notes
from scaling.family.__main__ import main as family
from scaling.grid.__main__ import main

module = sys.modules[load.__module__]


def test_a_small_folder_is_decoded_at_once(folders):
    found = load(folders({"a": 6, "b": 6}))
    assert isinstance(found, Dataset)
    assert found.stored is None
    assert found.train.aspect is None
    assert isinstance(found.train.names, tuple)


def test_what_would_not_fit_is_listed(folders, tmp_path, monkeypatch):
    folder = folders({"a": 6, "b": 6}, side=8)
    monkeypatch.setattr(module, "IN_MEMORY_BYTES", 12 * 8 * 8 * 3)
    assert isinstance(load(folder, store=tmp_path), Dataset)  # just fits, as a sample of headers says
    monkeypatch.setattr(module, "IN_MEMORY_BYTES", 12 * 8 * 8 * 3 - 1)
    found = load(folder, store=tmp_path)
    assert isinstance(found, ListedDataset)
    assert found.side == 8
    assert load(folder, side=16, largest=4, store=tmp_path).side == 16
    assert isinstance(load(folder, side=4), Dataset)
    assert isinstance(load(folder, largest=4), Dataset)
    assert isinstance(load(folder, stored=False), Dataset)
    assert found.notes == (
        f"12 images will be decoded once, at first use, and stored in {found.place.folder}, 2.99 KiB, at 8 px.",
    )


def test_what_holds_no_files_is_never_listed(tmp_path):
    with pytest.raises(DataError, match="fashion-mnist-10k: holds no image files that could be decoded later"):
        load("fashion-mnist-10k", stored=True)


def test_the_store_lies_where_it_is_asked_for(folders, tmp_path, monkeypatch):
    folder = folders({"a": 3, "b": 3})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert load(folder, stored=True).place.root == tmp_path / "cache" / "compound-scaling" / "images"
    monkeypatch.setenv("SCALING_STORE", str(tmp_path / "large"))
    assert load(folder, stored=True).place.root == tmp_path / "large"
    assert load(folder, stored=True, store=tmp_path / "other").place.root == tmp_path / "other"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load(folder, stored=True, store="~/here").place.root == tmp_path / "here"


def test_nowhere_to_store_is_said(folders, monkeypatch):
    import platformdirs

    def homeless(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("SCALING_STORE", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_path", homeless)
    with pytest.raises(UserError, match="no home to keep decoded images in; --store FOLDER names a place"):
        load(folders({"a": 3, "b": 3}), stored=True)


def test_the_side_is_the_median_of_a_sample(tmp_path):
    for number, side in enumerate((10, 20, 30, 40, 50, 60)):
        place = tmp_path / "set" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (side, 70)).save(place / f"{number}.png")
    (tmp_path / "set" / "a" / "damaged.png").write_bytes(b"")
    assert load(tmp_path / "set", stored=True, store=tmp_path).side == 30
    assert load(tmp_path / "set", stored=True, store=tmp_path, largest=25).side == 25


def test_splits_of_a_stored_set_are_views(folders, tmp_path):
    opened = load(folders({"a": 20, "b": 20}), stored=True, store=tmp_path).open(workers=0)
    for split in (opened.train, opened.validation, opened.test):
        assert split.images.base is not None
        assert split.images.flags.c_contiguous
        assert not split.images.flags.owndata
    assert opened.fingerprint == opened.stored.fingerprint
    assert duplicate_notes(opened) == [
        "Copies of images are not looked for: these are stored on the disk, and all would have to be read."
    ]


def test_an_aspect_belongs_to_each_image():
    pixels, labels = np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2, np.int32)
    assert not Split(pixels, labels, aspect=np.ones(2, np.float32)).aspect.flags.writeable
    for aspect in (np.ones(2), np.ones(3, np.float32)):
        with pytest.raises(DataError, match=r"Split\.aspect must be float32 \(2,\), got"):
            Split(pixels, labels, aspect=aspect)


@pytest.fixture
def shards(image_folder, tmp_path):
    """The images of `image_folder` in two shards."""
    folder = tmp_path / "shards"
    folder.mkdir()
    for split, numbers in (("train", range(40)), ("test", range(40, 60))):
        with tarfile.open(folder / f"{split}-0.tar", "w") as archive:
            for label, name in enumerate(("above", "below")):
                for number in numbers:
                    told = (("png", (image_folder / name / f"{number:02}.png").read_bytes()), ("cls", b"%d" % label))
                    for ending, content in told:
                        member = tarfile.TarInfo(f"{name}{number}.{ending}")
                        member.size = len(content)
                        archive.addfile(member, io.BytesIO(content))
    return folder


def test_a_dry_run_lists_and_decodes_nothing(tiny, shards, tmp_path, capsys):
    words = ["--spec", str(tiny), "--data", str(shards), "--run", str(tmp_path / "run"), "--store", str(tmp_path / "store")]
    assert main([*words, "--dry-run"]) == 0
    told = capsys.readouterr().err.replace("\n", " ")
    assert "120 images will be decoded once, at first use, and stored in" in told
    assert not (tmp_path / "store").exists()


def test_a_family_lists_too(tiny, shards, tmp_path, capsys):
    spec = tiny.read_text().replace("phi = 1\n", "").partition("[lattice]")
    (tmp_path / "family.toml").write_text(f"{spec[0]}[family]\nphi = '0:1'\n[recipe]\nbatch = 16\n")
    words = ["--train", "--dry-run", "--spec", str(tmp_path / "family.toml"), "--data", str(shards)]
    assert family([*words, "--store", str(tmp_path / "store"), "--to", str(tmp_path / "run")]) == 0
    assert "120 images will be decoded once" in capsys.readouterr().err
    assert family(["--store", str(tmp_path)]) == 2
    assert "--store has no use without --train" in capsys.readouterr().err


def test_a_search_stores_and_trains_and_its_images_are_found_again(tiny, shards, tmp_path, monkeypatch):
    tiny.write_text(tiny.read_text().replace("epochs = 12", "epochs = 2").replace("seeds = 2", "seeds = 1") + "\n")
    tiny.write_text("minival = 10\n" + tiny.read_text())
    words = ["-m", "scaling.grid", "--spec", tiny, "--data", shards, "--run", tmp_path / "run", "--store", tmp_path / "store"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Images: shards, 70 for training, 10 for validation, 40 for test; 2 classes." in done.stderr.replace("\n", " ")
    assert "images stored: 120 of 120" in done.stderr
    from scaling.grid.reopen import read_search
    from scaling.study.restore import dataset_of

    # Where they are stored is remembered beside the weights.
    monkeypatch.setattr(store, "_store", lambda *_: pytest.fail("stored again"))
    found = dataset_of(read_search(tmp_path / "run").study, tmp_path / "run", str(shards))
    assert len(found.validation) == 10
    assert found.stored is not None


def test_sets_whose_files_are_named_and_sized_alike_are_told_apart(tmp_path):
    """Images that are not compressed all have one size: one set's store must not serve another's pixels."""
    for name, level in (("dark", 40), ("bright", 200)):
        for label in ("a", "b"):
            (tmp_path / name / "set" / label).mkdir(parents=True)
            for number in range(20):
                pixels = np.full((16, 16, 3), level + number, np.uint8)
                Image.fromarray(pixels).save(tmp_path / name / "set" / label / f"{number}.bmp")
    dark, bright = (load(tmp_path / name / "set", stored=True, store=tmp_path / "store") for name in ("dark", "bright"))
    assert dark.fingerprint != bright.fingerprint
    assert dark.open(workers=0).train.images.mean() < 100
    assert bright.open(workers=0).train.images.mean() > 150
