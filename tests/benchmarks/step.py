"""Training steps and inference beside PyTorch's EfficientNet (timm): images per second, their ratio, peak memory.

    pip install -e '.[bench]'
    python tests/benchmarks/step.py
    python tests/benchmarks/step.py --cases half-32 --modes train --rounds 1

Cases: B0 on 64 px, batch 32 (b0-64); B0 on 224 px, batch 8 (b0-224); half of B0's width and depth on 32 px, batch 64
(half-32). Every measurement has a fresh process; rounds take turns: ours, then timm in each memory layout. A process warms
up and reports the median of its repeats; the table has medians over rounds, of timm in its faster layout. A ratio above 1
means that ours is faster. Ours gathers and normalises its batch within the step, timm is given a ready one. Peak memory is
that of the whole process: of ours in the first round, where it compiles, and later, where the program comes from the cache.
About ten minutes on two cores.
"""

import json
import statistics
import tempfile
import time

from cases import CASES, CLASSES, random_images, task
from sides import in_fresh_process, origin, parser, peak_megabytes, print_table, require, say, told, whole, with_cache

LAYOUTS = ("channels_last", "contiguous")


def ours_training(case, steps, precision):
    """A function that takes `steps` training steps."""
    from scaling.train.feed import epoch_order
    from scaling.train.loop import compile_training, initial_state

    work = task(case, steps, precision)
    program, state = compile_training(work), initial_state(work, 0)
    images, chosen = random_images(work), epoch_order(work, 0, 0)

    def train():
        nonlocal state
        state, progress = program(state, *images, *chosen)
        float(progress.loss)  # waits

    return train


def ours_inference(case, steps, precision):
    """A function that computes the logits of `steps` batches."""
    import jax

    from scaling.train.compile import compiled
    from scaling.train.loop import initial_state, unpacked
    from scaling.train.step import evaluation_program

    work = task(case, 1, precision)
    weights = unpacked(work, initial_state(work, 0))
    images, _, pixels = random_images(work)
    # The library's own program evaluates batches of one fixed size.
    shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), (weights, images, pixels))
    name = [work.architecture.to_dict(), precision]
    program = compiled("inference", name, lambda: evaluation_program(work, jax.default_backend()), shapes, 0)

    def infer():
        for _ in range(steps):
            jax.block_until_ready(program(weights, images, pixels))

    return infer


def theirs(case, steps, precision, layout, mode):
    """The same of timm's network, one or the other by `mode`."""
    import torch
    from timm_peer import scaled_b0

    torch.manual_seed(0)
    network = scaled_b0(case.factor, CLASSES).train(mode == "train")
    images = torch.randn(case.batch, 3, case.resolution, case.resolution)
    if layout == "channels_last":
        network, images = (one.to(memory_format=torch.channels_last) for one in (network, images))
    labels = torch.randint(CLASSES, (case.batch,))
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, nesterov=True)
    narrow = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")

    def train():
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            with narrow:
                logits = network(images)
            torch.nn.functional.cross_entropy(logits.float(), labels).backward()
            optimizer.step()

    def infer():
        with torch.inference_mode(), narrow:
            for _ in range(steps):
                network(images)

    return train if mode == "train" else infer


def measure(case, mode, side, steps, repeats, precision):
    """In a fresh process: images per second of one side, and its peak memory."""
    case = CASES[case]
    if side == "ours":
        call = (ours_training if mode == "train" else ours_inference)(case, steps, precision)
    else:
        call = theirs(case, steps, precision, side, mode)
    seconds = []
    for _ in range(1 + repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    pace = steps * case.batch / statistics.median(seconds[1:])  # the first warms up
    return {"images_per_second": pace, "peak_megabytes": peak_megabytes()}


def compare(case, mode, rounds, **how):
    """Both sides of one case."""
    measured = {side: [] for side in ("ours", *LAYOUTS)}
    with tempfile.TemporaryDirectory() as cache:
        for number in range(rounds):
            for side, found in measured.items():
                settings = {"case": case, "mode": mode, "side": side, **how}
                found.append(in_fresh_process(__file__, settings, with_cache(cache)))
                pace, peak = found[-1].values()
                say(f"{case} {mode} round {number + 1}: {side} {pace:.1f} images a second, {peak:.0f} MB")
    sides = {side: _summary(found) for side, found in measured.items()}
    layout = max(LAYOUTS, key=lambda side: sides[side]["images_per_second"])
    ratio = sides["ours"]["images_per_second"] / sides[layout]["images_per_second"]
    return {"case": case, **CASES[case]._asdict(), "mode": mode, **sides, "faster_layout": layout, "ratio": ratio}


def _summary(found):
    rounds = [one["images_per_second"] for one in found]
    peaks = [one["peak_megabytes"] for one in found]
    return {
        "images_per_second": statistics.median(rounds),
        "rounds": rounds,
        "peak_megabytes": statistics.median(peaks[1:] or peaks),
        "peak_megabytes_first": peaks[0],
    }


def _row(one):
    ours, peer = one["ours"], one[one["faster_layout"]]
    paces = [ours["images_per_second"], peer["images_per_second"], one["ratio"]]
    peaks = [ours["peak_megabytes_first"], ours["peak_megabytes"], peer["peak_megabytes"]]
    return [one["case"], one["mode"], *paces, *peaks, one["faster_layout"]]


def main():
    """Measure and print."""
    made = parser(__doc__)
    made.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="default: all")
    made.add_argument("--modes", nargs="+", choices=("train", "infer"), default=["train", "infer"], help="default: both")
    made.add_argument("--rounds", type=whole(), default=3, help="fresh processes of each side (default: 3)")
    made.add_argument("--repeats", type=whole(), default=3, help="timed calls in a process (default: 3)")
    made.add_argument("--steps", type=whole(64), default=8, help="steps of a call, 1 to 64 (default: 8)")
    made.add_argument("--precision", choices=("float32", "bfloat16"), default="float32", help="default: float32")
    options = made.parse_args()
    if options.measure:
        print(json.dumps(measure(**json.loads(options.measure))))
        return
    require("torch", "timm")
    how = {name: getattr(options, name) for name in ("rounds", "steps", "repeats", "precision")}
    results = [compare(case, mode, **how) for case in options.cases for mode in options.modes]
    where = origin("jax", "torch", "timm")
    if options.json:
        print(json.dumps({**where, **how, "results": results}))
        return
    print(f"{told(where)}; {options.precision}, median of {options.rounds} rounds")
    headers = ["case", "mode", "ours img/s", "timm img/s", "ours/timm", "compiling MB", "ours MB", "timm MB", "timm layout"]
    print_table(headers, [_row(one) for one in results])


if __name__ == "__main__":
    main()
