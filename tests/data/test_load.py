import doctest
import subprocess
import sys

import pytest

import scaling.data
from scaling.data import DataError, load


@pytest.mark.parametrize("name", ["fashion-mnist-11k", "", "/no/where", "nul\0byte"])
def test_refuses_unknown_names_and_says_what_is_allowed(name):
    allowed = "allowed: fashion-mnist-10k, fashion-mnist, a folder of class folders, .*MNIST.*, or an .npz file"
    with pytest.raises(DataError, match=f"no images called .*; {allowed}"):
        load(name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("notes.xyz", "is no folder and no .npz file, so it holds no images that are read"),
        ("train.arrow", "is Arrow of Hugging Face datasets, which is not read; write its images to FOLDER/CLASS/"),
        ("images.tar.gz", "is an archive, which is not read; .*: unpack it first"),
        ("train_32x32.mat", "is a file of MATLAB, as SVHN"),
        ("labels.csv", "is a table"),
    ],
)
def test_a_file_of_another_form_is_named_with_the_way_to_convert_it(name, told, tmp_path):
    (tmp_path / name).write_bytes(b"x")
    for asked in (tmp_path / name, tmp_path):
        if name != "notes.xyz" or asked != tmp_path:
            with pytest.raises(DataError, match=rf"{name}:? .*{told}|{name}: {told}"):
                load(asked)


def test_a_packed_file_that_is_not_there():
    with pytest.raises(DataError, match=r"gone\.npz: no such file"):
        load("gone.npz")


@pytest.mark.parametrize("side", [0, -1, 1.5, "28", True])
def test_refuses_a_side_before_it_reads_anything(side):
    with pytest.raises(DataError, match="load: side must be a whole number of at least 1, got"):
        load("/no/where", side=side)


def test_names_win_and_paths_are_reached_by_a_dot(folders, tmp_path, monkeypatch):
    folders({"a": 3, "b": 3}, root="fashion-mnist-10k")
    monkeypatch.chdir(tmp_path)
    assert load("fashion-mnist-10k").num_classes == 10
    assert load("./fashion-mnist-10k").num_classes == 2


def test_home_is_expanded(folders, monkeypatch):
    monkeypatch.setenv("HOME", str(folders({"a": 3, "b": 3}).parent))
    assert load("~/set").name == "set"


def test_examples_in_the_docstring():
    assert doctest.testmod(scaling.data).failed == 0


def test_needs_numpy_and_pillow_only():
    program = "import sys, scaling.data; print(sorted({'jax', 'flax', 'scipy', 'matplotlib'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed == "[]\n"


@pytest.mark.parametrize("options", [{"grouped": True}, {"top_classes": True}, {"skip_unreadable": True}])
def test_a_name_that_is_not_there_is_said_whatever_else_is_asked(options):
    with pytest.raises(DataError, match="no images called 'typo'"):
        load("typo", **options)
