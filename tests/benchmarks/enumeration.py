"""How fast is a lattice counted? A million points in closed form, beside a counter that runs the network once.

    pip install -e '.[bench]'
    python tests/benchmarks/enumeration.py

Prints the seconds that `enumerate_lattice` takes for the million points of a lattice around EfficientNet-B0, that
`search_space` takes to list all of its networks with their aliases, and that fvcore's FlopCountAnalysis and ptflops take to
count one B0 of timm; the ratio is of networks counted per second. Best of three each; building the peers' network is not
timed. Under a minute. Without the peers' packages it prints ours alone.
"""

import io
import logging
import time
import warnings

from timm_peer import import_timm

from scaling import architecture, cost
from scaling.grid.enumerate import enumerate_lattice
from scaling.grid.lattice import Lattice
from scaling.grid.space import search_space

REPEATS = 3
B0 = architecture("efficientnet_b0")
MILLION = Lattice(step=0.01, alpha=(1, 1.99), beta=(1, 1.99), gamma=(1, 1.99), constraint="realised", tolerance=1000)


def fastest(function):
    """(seconds of the fastest call, what it returned)."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        returned = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds), returned


def peer_network():
    """timm's EfficientNet-B0 and one image for it."""
    timm = import_timm()
    import torch

    return timm.create_model("efficientnet_b0").eval(), torch.zeros(1, 3, 224, 224)


def fvcore(network, image):
    """A function that counts the network's MACs."""
    from fvcore.nn import FlopCountAnalysis

    logging.getLogger("fvcore").setLevel(logging.ERROR)
    return lambda: int(FlopCountAnalysis(network, image).total())


def ptflops(network, image):
    """The same."""
    from ptflops import get_model_complexity_info

    settings = {"print_per_layer_stat": False, "as_strings": False, "ost": io.StringIO()}
    return lambda: int(get_model_complexity_info(network, tuple(image.shape[1:]), **settings)[0])


def main():
    """Measure and print."""
    warnings.filterwarnings("ignore")
    enumerating, found = fastest(lambda: enumerate_lattice(B0, MILLION))
    listing, space = fastest(lambda: search_space(B0, MILLION))
    pace = len(found.macs) / enumerating
    print(
        f"enumerate_lattice {enumerating:7.3f} s  {len(found.points)} points, {len(found.macs)} networks, {pace:.0f} a second"
    )
    print(f"search_space      {listing:7.3f} s  {space.points} points, {len(space.candidates)} candidates")
    try:
        measured = [(peer.__name__, *fastest(peer(*peer_network()))) for peer in (fvcore, ptflops)]
    except ImportError as error:
        print(f"no peer beside it, {error.name} is missing: pip install -e '.[bench]'")
        return
    for name, seconds, macs in measured:
        print(f"{name:17} {seconds:7.3f} s  1 network, enumerate_lattice counts x{pace * seconds:.0f} as many a second")
        print(f"{'':28}({macs} MACs; ours {cost(B0).macs}: they count further layers)")


if __name__ == "__main__":
    main()
