"""What a search says of its images before it trains, and what it leaves in its folder."""

import shutil

import pytest

from scaling.data import duplicates
from scaling.family.__main__ import main as family
from scaling.grid.__main__ import main
from scaling.study.engines import programs


@pytest.fixture
def untrained(monkeypatch):
    """No network can be compiled: what is said and kept before training is all there is."""

    def broken(*_):
        raise RuntimeError("not compiled")

    monkeypatch.setattr(programs, "compile_training", broken)


@pytest.fixture
def images(image_folder, tmp_path):
    """The images with a damaged one, a copy in the other class, and a list of names."""
    folder = tmp_path / "images"
    shutil.copytree(image_folder, folder)
    (folder / "above" / "05.png").write_bytes(b"damaged")
    shutil.copy(folder / "above" / "00.png", folder / "below" / "zz.png")
    (folder / "names.txt").write_text("")
    return folder


def test_unreadable_images_are_refused_with_the_way_to_go_on(tiny, images, tmp_path, capsys):
    assert main(["--spec", str(tiny), "--data", str(images), "--run", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert "1 of 121 images cannot be read: above/05.png (not a PNG, JPEG, WebP, BMP or GIF file)" in told
    assert "pass over them with --skip-unreadable, which lists them all" in told


@pytest.mark.usefixtures("untrained")
def test_what_is_passed_over_is_said_and_listed(tiny, images, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["--spec", str(tiny), "--data", str(images), "--run", str(run), "--skip-unreadable"]) == 1
    told = capsys.readouterr().err
    assert "Files passed over because they are no images: 1 .txt." in told
    assert "1 of 121 images cannot be read and were passed over, the first: above/05.png: not a PNG" in told
    assert "1 image is a copy of an image of another class, the first: below/zz.png is above/00.png" in told
    assert (run / "unreadable.txt").read_text() == "above/05.png: not a PNG, JPEG, WebP, BMP or GIF file\n"


def test_a_dry_run_looks_for_no_copies(tiny, images, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(duplicates, "find_duplicates", lambda dataset: pytest.fail("hashed"))
    words = ["--spec", str(tiny), "--data", str(images), "--skip-unreadable", "--dry-run", "--run", str(tmp_path / "run")]
    assert main(words) == 0
    assert "1 of 121 images cannot be read" in capsys.readouterr().err


def test_classes_are_the_top_folders_where_that_is_asked(tiny, image_folder, tmp_path, capsys):
    for place in ("one", "two"):
        shutil.copytree(image_folder, tmp_path / "set" / place)
    words = ["--spec", str(tiny), "--data", str(tmp_path / "set"), "--dry-run", "--run", str(tmp_path / "run")]
    assert main(words) == 2
    assert "all hold the same sub-folders 'above', 'below'" in capsys.readouterr().err
    assert main([*words, "--classes", "top"]) == 0
    assert family(["--train", "--baseline", "small", "--data", str(tmp_path / "set"), "--classes", "top", "--dry-run"]) == 0


@pytest.mark.usefixtures("untrained")
def test_a_family_of_which_nothing_counts_is_not_done(tmp_path, capsys):
    words = ["--train", "--rule", "depth,width", "--phi", "0:1", "--seeds", "1"]
    assert family([*words, "--to", str(tmp_path / "run")]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("Nothing was measured: of 3 trainings 3 failed. The first reason, of ")
    assert last.endswith("failed: RuntimeError: not compiled")
