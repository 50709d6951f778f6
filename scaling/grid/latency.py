"""The latencies of a run folder: measured once for each network and device, so that the same candidates come back every time.

The file has a table for each device, and the device that the search was last held to is the last in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scaling.arch import Architecture
from scaling.core.errors import SpecError
from scaling.core.files import atomic_write, parse_json, read_text
from scaling.profile.profile import Spread
from scaling.study.provenance import provenance
from scaling.study.trial import network_key

FILE = "latencies.json"


def read_latencies(folder: Path, device: str | None = None) -> dict[str, float]:
    """Median milliseconds of one image, by `network_key`; empty where none was measured.

    Args:
        folder: of the run.
        device: measured on it, in words; None is the device that the search was last held to.

    Raises:
        SpecError: the file is damaged.
    """
    try:
        stored = _stored(folder)
        found = next(reversed(stored.values()), {}) if device is None else stored.get(device, {})
        return {key: float(one["latency_ms"]["median"]) for key, one in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SpecError(f"{folder / FILE}: damaged; restore it or take another folder with --run") from None


def record_latency(folder: Path, architecture: Architecture, latency_ms: Spread, device: str) -> None:
    """Add a network's latency to a run folder; the file is written whole.

    Args:
        folder: of the run.
        architecture: what was measured.
        latency_ms: milliseconds of one image.
        device: it was measured on, in words.

    Raises:
        UserError: the file is damaged.
        OSError: it cannot be written.
    """
    found = {"network": architecture.name, "latency_ms": latency_ms._asdict(), "provenance": provenance(device)}
    _update(folder, device, {network_key(architecture): found})


def set_latency_device(folder: Path, device: str) -> None:
    """Note that a run folder's search is held to its latencies on a device, in words.

    Raises:
        UserError: the file is damaged.
        OSError: it cannot be written.
    """
    _update(folder, device, {})


def _update(folder: Path, device: str, more: dict[str, Any]) -> None:
    stored = _stored(folder)
    known = stored.pop(device, {})
    atomic_write(folder / FILE, json.dumps({**stored, device: {**known, **more}}, indent=1, allow_nan=False) + "\n")


def _stored(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    return dict(parse_json(read_text(path))) if path.exists() else {}
