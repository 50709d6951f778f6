"""What networks cost on this machine, measured one after another: `python -m scaling.profile NAME...`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence

from scaling.arch import Architecture
from scaling.cli.answer import answer
from scaling.cli.exit import status
from scaling.cli.options import Parser, place, whole
from scaling.core.errors import UserError
from scaling.core.files import require_writable

COMMAND = "python -m scaling.profile"

DESCRIPTION = """\
Compile networks for inference on the default device and time them, one after another, beside their counts: seconds to compile
and of the first call, latency of one image, images a second in a batch, memory, and how near they come to what the device
can do at most. With three networks or more: which count orders them as their time does. Nothing else should run meanwhile."""

EXAMPLES = """\
examples:
  python -m scaling.profile efficientnet_b0 efficientnet_b1 efficientnet_b2
  python -m scaling.profile efficientnet_b0 --batch 1 --precision bfloat16
  python -m scaling.profile efficientnet_b1 --resolution 224          fed smaller images than its own
  python -m scaling.profile efficientnet_b0 --record runs/profile     kept for the gallery, beside what is there
  python -m scaling.profile small mine.toml --json                    a baseline of your own, for machines

exit status: 0 done, 1 nothing could be measured, 2 bad input (one line says what), 130 stopped by Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("networks", nargs="+", metavar="NAME|FILE", help="released networks, baselines, or TOML files with one")
    made.add_argument("--batch", type=whole, metavar="N", help="images of a call (default: 16 on a CPU, 128 elsewhere)")
    made.add_argument("--runs", type=whole, default=20, metavar="N", help="timed calls after warming up (default: 20)")
    made.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32", help="of maps and products (default: float32)"
    )
    made.add_argument("--resolution", type=whole, metavar="PX", help="side of the images (default: each network's own)")
    made.add_argument("--record", type=place, metavar="FOLDER", help="add them to FOLDER/profile.json, replace those it has")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of a table")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    stopped = "stopped; what was measured before is recorded" if options.record else "stopped"
    return status(COMMAND, lambda: _profile(options), stopped)


def _networks(options: argparse.Namespace) -> dict[str, Architecture]:
    """By the names of their entries in a record."""
    from scaling.study.spec import read_baseline

    found: dict[str, Architecture] = {}
    for given in options.networks:
        one = read_baseline(given)
        if options.resolution is not None:
            one = dataclasses.replace(one, resolution=options.resolution)
        name = one.name if options.resolution is None else f"{one.name}@{one.resolution}"
        if found.setdefault(name, one) != one:
            raise UserError(f"two networks are called {name}: rename one of the files")
    return found


def _profile(options: argparse.Namespace) -> int:
    for flag in ("batch", "runs"):
        if getattr(options, flag) is not None and getattr(options, flag) < 1:
            raise UserError(f"--{flag} must be at least 1, got {getattr(options, flag)}")
    networks = _networks(options)
    from scaling.train.jax_start import jax_ready

    with jax_ready():
        return _measured(options, networks)


def _measured(options: argparse.Namespace, networks: dict[str, Architecture]) -> int:
    import jax

    from scaling.profile.measure import device_limits, profile_network
    from scaling.profile.record import FILE, add_to_record, require_recordable
    from scaling.profile.report import profile_document
    from scaling.report.text import say
    from scaling.study.provenance import host

    on_cpu = jax.default_backend() == "cpu"
    device = host() if on_cpu else jax.local_devices()[0].device_kind
    if options.record is not None:
        require_writable(options.record / FILE, "--record")
        require_recordable(options.record, device, options.precision)
    batch = options.batch or (16 if on_cpu else 128)
    profiles = []
    say([f"{device}: measuring what it can do at most"])
    limits = device_limits(options.precision)
    for number, (name, one) in enumerate(networks.items(), 1):
        say([f"[{number}/{len(networks)}] {name}: compiling and timing, {one.resolution} px, batches of {batch}"])
        profile = profile_network(one, batch=batch, runs=options.runs, precision=options.precision)
        profiles.append(profile)
        if options.record is not None:
            add_to_record(options.record, device, name, profile, limits)
    recorded = [] if options.record is None else [f"Recorded in {options.record}."]
    answer(profile_document(device, profiles, limits, recorded), options.json)
    return 0 if any(one.measured is not None for one in profiles) else 1


if __name__ == "__main__":
    sys.exit(main())
