"""A training whose process is killed, or asked to end, goes on where it was and ends in the same bits."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = """
data = "{images}"
baseline = "small"
seeds = 1
[family]
rules = ["compound"]
phi = "0:1:1"
[recipe]
epochs = 30
batch = 16
peak_rate = 0.05
flip = true
dropout = 0.1
average = 0.99
optimizer = {{ kind = "rmsprop" }}
"""


class Home:
    """A folder with a study of two networks that train for some seconds each."""

    def __init__(self, folder, images):
        folder.mkdir()
        self.folder, self.run = folder, folder / "runs" / "two"
        (folder / "two.toml").write_text(SPEC.format(images=images))

    def start(self, minutes="0"):
        return subprocess.Popen(
            [sys.executable, "-m", "scaling.family", "--train", "--spec", "two.toml", "--checkpoint-minutes", minutes],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self):
        process = self.start()
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return errors

    def checkpoints(self):
        return list(self.run.glob("weights/*.checkpoint"))

    def weights(self):
        return {path.name: path.read_bytes() for path in self.run.glob("weights/*.safetensors")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, image_folder):
    home = Home(tmp_path_factory.mktemp("whole") / "home", image_folder)
    home.finish()
    assert len(home.weights()) == 2
    assert home.checkpoints() == []
    return home.weights()


def wait_for_checkpoints(home, process, count=1):
    end = time.monotonic() + 60
    while process.poll() is None and len(home.checkpoints()) + len(home.weights()) < count and time.monotonic() < end:
        time.sleep(0.01)


def trained_when_going_on(errors):
    return [int(share) for share in re.findall(r"goes on from its checkpoint, (\d+)% trained", errors.replace("\n", " "))]


@pytest.mark.slow
def test_killed_again_and_again_it_ends_in_the_same_bits(whole, image_folder, tmp_path):
    home, moments = Home(tmp_path / "home", image_folder), random.Random(1)
    for _ in range(5):
        process = home.start()
        wait_for_checkpoints(home, process)
        time.sleep(moments.uniform(0, 1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    shares = trained_when_going_on(home.finish())
    assert home.weights() == whole
    assert not shares or min(shares) > 0


def test_asked_to_end_it_keeps_where_it_was(whole, image_folder, tmp_path):
    home = Home(tmp_path / "home", image_folder)
    process = home.start()
    wait_for_checkpoints(home, process, 2)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert "Traceback" not in errors
    assert "stopping where each training can go on from" in errors
    assert "the same command continues from here" in errors
    left, done = home.checkpoints(), home.weights()
    assert len(left) + len(done) == 2, "each training is either finished or kept"
    shares = trained_when_going_on(home.finish())
    assert len(shares) == len(left)
    assert home.weights() == whole
