"""Profiles as a document: one line a network, and what the table means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from scaling.core.units import short
from scaling.profile.profile import Measured, Profile, Spread
from scaling.profile.record import rank_correlations
from scaling.profile.roofline import DeviceLimits
from scaling.report.document import Column, Document, Table, Values

_COUNTS = {"macs": "MACs", "activations": "activations", "params": "params", "bytes": "bytes moved"}
"""What may order networks as their time does."""


def profile_document(device: str, profiles: Sequence[Profile], limits: DeviceLimits, more: Sequence[str] = ()) -> Document:
    """Profiles of one batch on one device.

    Args:
        device: in words.
        profiles: measured on it, of one batch.
        limits: of the device.
        more: sentences below.
    """
    return Document(
        (
            profiles_table(profiles, limits),
            *explained(profiles, limits),
            *more,
            Values(
                {
                    "device": device,
                    "limits": limits._asdict(),
                    "networks": [_plain(one, limits) for one in profiles],
                    "spearman": rank_correlations(profiles) or None,
                }
            ),
        )
    )


def profiles_table(profiles: Sequence[Profile], limits: DeviceLimits) -> Table:
    """One line a network."""
    columns = (
        Column(lambda one: one.network, "network", left=True),
        Column(lambda one: one.resolution, "px"),
        Column(lambda one: one.cost.params, "params", text=short),
        Column(lambda one: one.cost.macs, "MACs", text=short),
        Column(lambda one: one.cost.activations, "activations", text=short),
        Column(_measured(lambda found: f"{found.compile_s:.1f}"), "compile s"),
        Column(_measured(lambda found: f"{found.first_call_s:.2f}"), "first call s"),
        Column(_measured(lambda found: _with_spread(found.latency_ms)), "latency ms"),
        Column(_measured(lambda found: _with_spread(found.pictures_per_s)), "images/s"),
        Column(_measured(_megabytes), "memory MB"),
        Column(lambda one: None if (use := one.use(limits)) is None else f"{use.intensity:.1f}", "FLOPs/byte"),
        Column(
            lambda one: None if (use := one.use(limits)) is None else f"{use.limit} {100 * use.share:.0f} %", "limit", left=True
        ),
    )
    return Table(columns, profiles)


def explained(profiles: Sequence[Profile], limits: DeviceLimits) -> list[str]:
    """Sentences below the table: what it means, what could not be measured, which counts order networks as time does."""
    first = profiles[0]
    lines = [
        f"Median of {first.runs} calls (5 % to 95 %), {first.precision}, inputs on the device; compile, first call and latency "
        f"are of one image, the rest is of a batch of {first.batch}. Counted and run with "
        f"{first.num_classes} classes and {first.in_channels} channels.",
        f"The device at most: {limits.flops_per_s / 1e9:,.0f} GFLOP/s in {first.precision} matrix products, "
        f"{limits.bytes_per_s / 1e9:,.1f} GB/s in passes over memory. 'limit' is the nearer of the two and the share of it "
        "that is reached.",
    ]
    lines += [f"{one.network}: not measured: {one.reason}" for one in profiles if one.measured is None]
    rhos = rank_correlations(profiles)
    if rhos:
        said = ", ".join(f"{name} {'-' if rhos[key] is None else f'{rhos[key]:.2f}'}" for key, name in _COUNTS.items())
        lines.append(f"Spearman's rho of the time per image over these networks: {said}.")
    return lines


def _plain(one: Profile, limits: DeviceLimits) -> dict[str, Any]:
    use = one.use(limits)
    found = None if use is None else {**use._asdict(), "share": use.share}
    return {**one.to_dict(), "moved_bytes": one.moved_bytes, "use": found}


def _measured(text: Callable[[Measured], str | None]) -> Callable[[Profile], str | None]:
    """Of what was measured; None where the device did not bear the network."""
    return lambda one: None if one.measured is None else text(one.measured)


def _megabytes(found: Measured) -> str | None:
    return None if found.memory_bytes is None else f"{found.memory_bytes / 1e6:,.0f}"


def _with_spread(spread: Spread) -> str:
    digits = 0 if spread.median >= 100 else 1 if spread.median >= 10 else 2
    median, low, high = (f"{value:,.{digits}f}" for value in spread)
    return f"{median} ({low} to {high})"
