"""The wheel: everything in it that the command needs, nothing else on the path."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_package_specifications_images_and_published_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"scaling/specs/{path.name}" for path in (ROOT / "grid").glob("*.toml")} <= names
    assert "scaling/data/fashion-mnist-10k/t10k-images-idx3-ubyte.gz" in names
    assert "scaling/data/fashion-mnist-10k/LICENSE" in names
    published = {f"scaling/published/{path.name}" for path in (ROOT / "scaling" / "published").glob("*.csv")}
    assert published
    assert published <= names
    assert {"scaling/weights/imagenet_classes.csv", "scaling/weights/LICENSE-WordNet"} <= names
    assert {name.split("/")[0] for name in names} == {"scaling", next(n for n in names if ".dist-info" in n).split("/")[0]}


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True, capture_output=True, text=True)
    return folder


def run(installed, cwd, *words):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    code = (
        f"import scaling, sys; assert scaling.__file__.startswith({str(installed)!r})\n"
        "from scaling.grid.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_installed_the_default_study_is_found_from_an_empty_folder(installed, tmp_path):
    done = run(installed, tmp_path, "--phi", "1", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "21 lattice points make 18 distinct networks" in done.stdout


def test_installed_it_trains(installed, tiny, tmp_path):
    done = run(installed, tmp_path, "--spec", tiny)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "tiny" / "frontier.png").stat().st_size > 10_000
