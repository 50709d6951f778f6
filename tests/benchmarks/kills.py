"""Does a training that is killed again and again end in the same bits, and how much does each kill cost?

    python tests/benchmarks/kills.py

Trains the small baseline on the shipped images for some minutes with a checkpoint every ten seconds, once undisturbed; then
again, killed by SIGKILL at 20 random moments, and once more ended by SIGTERM. Weights and records are compared bit by bit, and
what each kill lost is the progress that was seen minus what the next start went on from. --kills and --epochs take others.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEC = """
data = "fashion-mnist-10k"
seeds = 1
[family]
rules = ["compound"]
phi = "0:1:1"
[recipe]
epochs = {epochs}
dropout = 0.1
average = 0.999
optimizer = {{ kind = "rmsprop" }}
peak_rate = 0.02
"""


def start(home, minutes):
    return subprocess.Popen(
        [sys.executable, "-m", "scaling.family", "--train", "--spec", "kills.toml", "--checkpoint-minutes", str(minutes)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(home, process):
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(errors)
    weights = {path.name: path.read_bytes() for path in home.glob("runs/kills/weights/*.safetensors")}
    lines = [json.loads(line) for line in (home / "runs" / "kills" / "trials.jsonl").read_text().splitlines()]
    outcomes = {line["id"]: (line["outcome"]["validation"], line["outcome"]["curve"]) for line in lines if "outcome" in line}
    return weights, outcomes


def told(errors):
    return [int(share) for share in re.findall(r"goes on from its checkpoint, (\d+)% trained", " ".join(errors.split()))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=80)
    asked = parser.parse_args()
    top, moments = Path(tempfile.mkdtemp(prefix="kills-")), random.Random(0)
    try:
        homes = [top / name for name in ("whole", "killed")]
        for home in homes:
            home.mkdir()
            (home / "kills.toml").write_text(SPEC.format(epochs=asked.epochs))
        begun = time.monotonic()
        whole = finished(homes[0], start(homes[0], 1 / 6))
        seconds = time.monotonic() - begun
        print(f"undisturbed: {seconds:.0f} s", flush=True)
        for number in range(asked.kills + 1):
            process = start(homes[1], 1 / 6)
            begun = time.time()
            time.sleep(moments.uniform(12, 40))
            asked_to_end = number == asked.kills
            process.send_signal(signal.SIGTERM if asked_to_end else signal.SIGKILL)
            before = time.monotonic()
            ages = [time.time() - max(begun, path.stat().st_mtime) for path in homes[1].glob("runs/kills/weights/*.checkpoint")]
            _, errors = process.communicate()
            ended = f"ended {process.returncode} after {time.monotonic() - before:.1f} s" if asked_to_end else "killed"
            lost = ", ".join(f"{age:.1f}" for age in ages) or "none running"
            print(f"{number + 1}: {ended}; went on from {told(errors)} %; last checkpoints {lost} s before", flush=True)
        again = finished(homes[1], start(homes[1], 1 / 6))
        print(f"weights equal bit for bit: {whole[0] == again[0]}; answers and curves equal: {whole[1] == again[1]}")
    finally:
        shutil.rmtree(top)


if __name__ == "__main__":
    main()
