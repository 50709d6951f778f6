"""What networks cost on this machine, measured one after another: `python -m scaling.profile NAME...`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.arch import Architecture
from scaling.cli import terminal
from scaling.core.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from scaling.profile.profile import Profile, Spread
    from scaling.profile.roofline import DeviceLimits

COMMAND = "python -m scaling.profile"

DESCRIPTION = """\
Compile networks for inference on the default device and time them, one after another, beside their counts: seconds to compile
and of the first call, latency of one picture, pictures a second in a batch, memory, and how near they come to what the device
can do at most. With three networks or more: which count orders them as their time does. Nothing else should run meanwhile."""

EXAMPLES = """\
examples:
  python -m scaling.profile efficientnet_b0 efficientnet_b1 efficientnet_b2
  python -m scaling.profile efficientnet_b0 --batch 1 --precision bfloat16
  python -m scaling.profile efficientnet_b1 --resolution 224          fed smaller pictures than its own
  python -m scaling.profile efficientnet_b0 --record runs/profile     kept for the gallery, beside what is there
  python -m scaling.profile small mine.toml --json                    a baseline of your own, for machines

exit status: 0 done, 1 nothing could be measured, 2 bad input (one line says what), 130 stopped by Ctrl-C."""

_COUNTS = {"macs": "MACs", "activations": "activations", "params": "params", "bytes": "bytes moved"}


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = terminal.Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("networks", nargs="+", metavar="NAME|FILE", help="released networks, baselines, or TOML files with one")
    made.add_argument("--batch", type=int, metavar="N", help="pictures of a call (default: 16 on a CPU, 128 elsewhere)")
    made.add_argument("--runs", type=int, default=20, metavar="N", help="timed calls after warming up (default: 20)")
    made.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32", help="of maps and products (default: float32)"
    )
    made.add_argument("--resolution", type=int, metavar="PX", help="side of the pictures (default: each network's own)")
    made.add_argument("--record", type=Path, metavar="FOLDER", help="add them to FOLDER/profile.json, replace those it has")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of a table")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    stopped = "stopped; what was measured before is recorded" if options.record else "stopped"
    return terminal.status(COMMAND, lambda: _profile(options), stopped)


def document(device: str, profiles: Sequence[Profile], limits: DeviceLimits) -> dict[str, Any]:
    """Profiles as plain data: numbers unrounded, a missing value is None.

    Args:
        device: in words.
        profiles: measured on it, of one batch.
        limits: of the device.
    """
    from scaling.profile.record import rank_correlations

    networks = []
    for one in profiles:
        use = one.use(limits)
        found = None if use is None else {**use._asdict(), "share": use.share}
        networks.append({**one.to_dict(), "moved_bytes": one.moved_bytes, "use": found})
    correlations = rank_correlations(profiles) or None
    return {"device": device, "limits": limits._asdict(), "networks": networks, "spearman": correlations}


def told(profiles: Sequence[Profile], limits: DeviceLimits) -> list[str]:
    """Sentences below the table: what it means, what could not be measured, which counts order networks as time does."""
    from scaling.profile.record import rank_correlations

    first = profiles[0]
    lines = [
        f"Median of {first.runs} calls (5 % to 95 %), {first.precision}, inputs on the device; compile, first call and latency "
        f"are of one picture, the rest is of a batch of {first.batch}. Counted and run with "
        f"{first.num_classes} classes and {first.in_channels} channels.",
        f"The device at most: {limits.flops_per_s / 1e9:,.0f} GFLOP/s in {first.precision} matrix products, "
        f"{limits.bytes_per_s / 1e9:,.1f} GB/s in passes over memory. 'limit' is the nearer of the two and the share of it "
        "that is reached.",
    ]
    lines += [f"{one.network}: not measured: {one.reason}" for one in profiles if one.measured is None]
    rhos = rank_correlations(profiles)
    if rhos:
        said = ", ".join(f"{name} {'-' if rhos[key] is None else f'{rhos[key]:.2f}'}" for key, name in _COUNTS.items())
        lines.append(f"Spearman's rho of the time per picture over these networks: {said}.")
    return lines


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

    import jax

    from scaling.profile.measure import device_limits, profile_network
    from scaling.profile.record import add_to_record, require_recordable
    from scaling.study.provenance import host

    on_cpu = jax.default_backend() == "cpu"
    device = host() if on_cpu else jax.local_devices()[0].device_kind
    if options.record is not None:
        require_recordable(options.record, device, options.precision)
    batch = options.batch or (16 if on_cpu else 128)
    profiles = []
    terminal.say([f"{device}: measuring what it can do at most"])
    limits = device_limits(options.precision)
    for number, (name, one) in enumerate(networks.items(), 1):
        terminal.say([f"[{number}/{len(networks)}] {name}: compiling and timing, {one.resolution} px, batches of {batch}"])
        profile = profile_network(one, batch=batch, runs=options.runs, precision=options.precision)
        profiles.append(profile)
        if options.record is not None:
            add_to_record(options.record, device, name, profile, limits)
    if options.json:
        terminal.emit(document(device, profiles, limits))
    else:
        recorded = [] if options.record is None else [f"Recorded in {options.record}."]
        terminal.show(_table(profiles, limits), *told(profiles, limits), *recorded)
    return 0 if any(one.measured is not None for one in profiles) else 1


def _table(profiles: Sequence[Profile], limits: DeviceLimits) -> Table:
    """One line a network."""
    table = terminal.table(
        "network", ">px", ">params", ">MACs", ">activations", ">compile s", ">first call s", ">latency ms", ">pictures/s",
        ">memory MB", ">FLOPs/byte", "limit",
    )  # fmt: skip
    for one in profiles:
        counts = (terminal.short(count) for count in one.cost)
        table.add_row(one.network, str(one.resolution), *counts, *_measured_cells(one, limits))
    return table


def _measured_cells(profile: Profile, limits: DeviceLimits) -> tuple[str, ...]:
    found, use = profile.measured, profile.use(limits)
    if found is None or use is None:
        return ("-",) * 7
    return (
        f"{found.compile_s:.1f}",
        f"{found.first_call_s:.2f}",
        _with_spread(found.latency_ms),
        _with_spread(found.pictures_per_s),
        "-" if found.memory_bytes is None else f"{found.memory_bytes / 1e6:,.0f}",
        f"{use.intensity:.1f}",
        f"{use.limit} {100 * use.share:.0f} %",
    )


def _with_spread(spread: Spread) -> str:
    digits = 0 if spread.median >= 100 else 1 if spread.median >= 10 else 2
    median, low, high = (f"{value:,.{digits}f}" for value in spread)
    return f"{median} ({low} to {high})"


if __name__ == "__main__":
    sys.exit(main())
