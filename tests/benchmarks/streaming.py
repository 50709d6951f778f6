"""How much slower is a training whose images come from the disk, and how much memory does it take?

    python tests/benchmarks/streaming.py

Makes 20,000 JPEGs of 400 x 300 px and about 50 kB, stores them at 160 px, and trains EfficientNet-B0 at half its width for two
epochs at 64 px, cropping at random, once with the images in memory and once from the store; each in a process of its own, in
turn, one after the other and back. Printed are the images a second, their ratio, and the most anonymous memory of the process
that reads from the store: pages of the mapped file are the system's and do not count. --images and --folder as in listings.py.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from listings import make_photographs

ROOT = Path(__file__).parents[2]

TRAIN = """
import dataclasses, re, sys, threading, time
import jax, numpy as np
from scaling import Factors, architecture, scale
from scaling.data import load
from scaling.recipe.augment import Augment
from scaling.recipe.recipe import Recipe
from scaling.train import input as given_module
from scaling.train.compile import enable_cache
from scaling.train.input import given, to_device
from scaling.train.loop import compile_training, train_stages
from scaling.train.task import Task

folder, store, resident = sys.argv[1], sys.argv[2], sys.argv[3] == "resident"
enable_cache()
most, over = [0.0], threading.Event()

def watch():
    while not over.wait(0.05):
        anonymous = int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1e6
        most[0] = max(most[0], anonymous)

threading.Thread(target=watch, daemon=True).start()
dataset = load(folder, side=160, stored=True, store=store).open()
network = dataclasses.replace(scale(architecture("efficientnet_b0"), Factors(1, 0.5, 1)), resolution=64)
recipe = Recipe(epochs=2, batch=128, peak_rate=0.1, augment=Augment(crop=0.25))
task = Task(network, recipe, dataset.num_classes, 3, len(dataset.train))
data = to_device(dataset, 64, True)
if resident:
    data = data._replace(**{name: jax.device_put(np.array(getattr(data, name))) for name in ("images", "labels", "aspect")})
program = compile_training(task, given(task, data))
moments = []
train_stages(task, lambda stage: (program, data), 0, lambda segment: moments.append((time.perf_counter(), segment.loss)))
over.set()
calls = len(moments) - 1  # the first is still waking up
steps = given(task, data).steps
print(calls * steps * 128 / (moments[-1][0] - moments[0][0]), most[0], moments[-1][1])
"""


def trained(folder, how):
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, str(folder / "photographs"), str(folder / "store"), how],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return tuple(map(float, done.stdout.split()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="streaming-", dir=asked.folder))
    try:
        make_photographs(folder / "photographs", asked.images)
        print(f"{asked.images:,} JPEGs made", flush=True)
        rates = {"resident": [], "stored": []}
        for turn in range(asked.rounds):
            for how in ("resident", "stored") if turn % 2 == 0 else ("stored", "resident"):
                rate, memory, loss = trained(folder, how)
                rates[how].append(rate)
                print(f"{how}: {rate:.0f} images a second, {memory:.2f} GB anonymous at most, last loss {loss:.4f}", flush=True)
        ratio = statistics.fmean(rates["stored"]) / statistics.fmean(rates["resident"])
        print(f"stored over resident: {ratio:.3f}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
