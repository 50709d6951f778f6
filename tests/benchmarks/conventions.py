"""Do other tools print what `scaling.count` says they print? Every convention beside the installed tool, to the last digit.

    pip install -e '.[bench]'
    python tests/benchmarks/conventions.py [--json]

torchvision's ResNet-18 and -50, MobileNetV2, EfficientNet-B0 and -B3, one image each at the resolution they were released for,
through thop, both backends of ptflops and fvcore, and torchvision's own list of GFLOPs. One line a pair: what the tool counted,
what we say, what it does not see of that network, and whether the first is the second less the third. Exit status 1 where it is
not, 2 where a package is missing. Half a minute.
"""

import contextlib
import io
import json
import logging
import sys
import warnings

from sides import origin, parser, print_table, require, told
from timm_peer import import_timm

from scaling.count.conventions import by_convention
from scaling.count.cost import parts
from scaling.rules.releases import architecture

NETWORKS = ("resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "efficientnet_b3")

UNSEEN = {
    # Pooling by a function instead of a module, before MobileNetV2's classifier: no rule in thop, one count of two in ptflops.
    ("thop", "mobilenet_v2"): 1280 * 7 * 7 + 1280,
    ("ptflops pytorch", "mobilenet_v2"): 1280 * 7 * 7,
}


def thop(network, image):
    """MACs by thop."""
    from thop import profile

    return int(profile(network, (image,), verbose=False)[0])


def ptflops(network, image, backend):
    """MACs by ptflops."""
    from ptflops import get_model_complexity_info

    settings = {"print_per_layer_stat": False, "as_strings": False, "backend": backend}
    return int(get_model_complexity_info(network, tuple(image.shape[1:]), **settings)[0])


def fvcore(network, image):
    """What fvcore calls flops."""
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(network, image).total())


TOOLS = {
    "thop": ("thop_0_1_1", thop),
    "ptflops pytorch": ("ptflops_0_7_5", lambda *given: ptflops(*given, "pytorch")),
    "ptflops aten": ("macs_biases", lambda *given: ptflops(*given, "aten")),
    "fvcore": ("macs_batch_norm_pooling", fvcore),
}
"""By name: the convention that is theirs, and how they count."""


def compare(name):
    """The lines of one network."""
    import torch
    from torchvision import models

    ours = architecture(name)
    counts = by_convention(parts(ours))
    network, image = models.get_model(name, weights=None).eval(), torch.zeros(1, 3, ours.resolution, ours.resolution)
    for tool, (convention, count) in TOOLS.items():
        with contextlib.redirect_stdout(io.StringIO()):
            counted = count(network, image)
        unseen = UNSEEN.get((tool, name), 0)
        equal = counted == counts[convention] - unseen
        yield {"network": name, "tool": tool, "counted": counted, "ours": counts[convention], "unseen": unseen, "equal": equal}
    listed = models.get_model_weights(name)["IMAGENET1K_V1"].meta["_ops"]
    rounded = round(counts["macs"] / 1e9, 3)
    yield {"network": name, "tool": "torchvision", "counted": listed, "ours": rounded, "unseen": 0, "equal": listed == rounded}


def main():
    """Count and print."""
    options = parser(__doc__).parse_args()
    require("torch", "torchvision", "timm", "thop", "ptflops", "fvcore")
    warnings.filterwarnings("ignore")
    logging.disable(logging.ERROR)
    import_timm()  # makes torchvision importable beside a build of torch for CPUs
    rows = [row for name in NETWORKS for row in compare(name)]
    made_by = origin("torch", "torchvision", "thop", "ptflops", "fvcore")
    if options.json:
        print(json.dumps({**made_by, "rows": rows}))
    else:
        print(told(made_by))
        print_table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])
    return 0 if all(row["equal"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
