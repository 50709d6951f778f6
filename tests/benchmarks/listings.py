"""What do image sets cost that do not fit into memory: to list a million files, and to store twenty thousand photographs?

    python tests/benchmarks/listings.py folders shards store

`folders` and `shards` make 1.28 million image files of a few hundred bytes in 1,000 classes, as class folders or in 1,281 tar
archives with .cls members, and run `python -m scaling.grid --dry-run` on them; 5 GB and some minutes, most of it to make them.
`store` makes 20,000 JPEGs of 400 x 300 px and about 50 kB, stores them with one worker process a core, and has Pillow alone
decode and resize the same files in this process. Printed are seconds, images a second and core, and the peak memory of the
largest process. --images takes fewer, --folder another place than the system's for temporary files; all is removed at the end.
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
CLASSES = 1000
SHARDS = 1281
HELD_OUT = 26  # one image of so many is in val: 50,000 of ImageNet's


def tiny(number):
    """A PNG of 400 x 300 px in one colour, a few hundred bytes."""
    stream = io.BytesIO()
    image = Image.new("P", (400, 300), number % 256)
    image.putpalette(bytes(range(256)) * 3)
    image.save(stream, "PNG")
    return stream.getvalue()


def make_folders(folder, images):
    contents = [tiny(number) for number in range(256)]
    for split, count in (("val", images // HELD_OUT), ("train", images - images // HELD_OUT)):
        for label in range(CLASSES):
            place = folder / split / f"n{label:08}"
            place.mkdir(parents=True)
            for index in range(label, count, CLASSES):
                with open(f"{place}/{place.name}_{index}.png", "wb") as file:
                    file.write(contents[index % 256])


def make_shards(folder, images):
    contents = [tiny(number) for number in range(256)]
    folder.mkdir()
    numbers = np.array_split(np.arange(images), SHARDS)
    for shard, own in enumerate(numbers):
        split = "validation" if shard < SHARDS // HELD_OUT else "train"
        with tarfile.open(folder / f"imagenet1k-{split}-{shard:04}.tar", "w") as archive:
            for index in own.tolist():
                for ending, content in (("cls", b"%d" % (index % CLASSES)), ("png", contents[index % 256])):
                    member = tarfile.TarInfo(f"{split}_{index:08}.{ending}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))


def make_photographs(folder, images):
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (16, 75, 100, 3), np.uint8)
    for index in range(images):
        place = folder / f"class{index % 10}"
        place.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(np.roll(noise[index % 16], index, (0, 1))).resize((400, 300), Image.Resampling.BICUBIC)
        coarse.save(place / f"{index:06}.jpg", quality=85)


def child(words, **variables):
    """(seconds, peak MB, what was said) of a process of ours."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, *words],
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode()
    if process.returncode:
        raise SystemExit(text)
    return time.monotonic() - start, usage.ru_maxrss / 1000, text


def dry_run(name, make, folder, images):
    start = time.monotonic()
    make(folder / name, images)
    print(f"{name}: {images:,} images made in {time.monotonic() - start:.0f} s", flush=True)
    words = ["-m", "scaling.grid", "--dry-run", "--data", str(folder / name), "--store", str(folder / "store")]
    for _ in range(2):
        seconds, peak, text = child([*words, "--run", str(folder / "run")])
        print(f"{name}: dry run in {seconds:.1f} s, {peak:.0f} MB at most", flush=True)
    print(next(line for line in text.splitlines() if "will be decoded once" in line))


STORE = """
import sys, time
from scaling.data import load
listed = load(sys.argv[1], side=int(sys.argv[3]), stored=True, store=sys.argv[2])
start = time.monotonic()
found = listed.open()
print(time.monotonic() - start)
"""


def alone_seconds(files, side):
    start = time.monotonic()
    for file in files:
        with Image.open(file) as image:
            np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))
    return time.monotonic() - start


def store(folder, images):
    make_photographs(folder / "photographs", images)
    files = sorted((folder / "photographs").glob("*/*.jpg"))
    size = sum(file.stat().st_size for file in files) / len(files)
    print(f"store: {len(files):,} JPEGs of {size / 1000:.0f} kB on average")
    cores = len(os.sched_getaffinity(0))
    for side in (64, 128, 224):
        before = alone_seconds(files[::2], side)
        _, peak, text = child(["-c", STORE, folder / "photographs", folder / f"store{side}", str(side)])
        ours = len(files) / float(text) / cores
        alone = len(files) / (before + alone_seconds(files[1::2], side))  # the machine drifts: half before, half after
        print(
            f"store: {side} px: {ours:.0f} images a second and core, Pillow alone {alone:.0f}, ratio {ours / alone:.2f}; "
            f"{peak:.0f} MB at most in any process",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=("folders", "shards", "store"))
    parser.add_argument("--images", type=int)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="listings-", dir=asked.folder))
    try:
        for what in asked.what:
            if what == "store":
                store(folder, asked.images or 20_000)
            else:
                dry_run(what, make_folders if what == "folders" else make_shards, folder, asked.images or 1_281_167)
                shutil.rmtree(folder / what)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
