"""Profiles recorded on disk, by name of the network, and what they say of the counts that stand for time."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scaling.analysis.correlation import spearman
from scaling.core.errors import SpecError
from scaling.core.files import atomic_write, make_folder, parse_json, read_text
from scaling.profile.profile import Profile
from scaling.profile.roofline import DeviceLimits
from scaling.study.history import NotRecorded
from scaling.study.provenance import provenance

FILE = "profile.json"
FEWEST = 3
"""Networks that a correlation takes."""


class Entry(NamedTuple):
    """A recorded profile, the limits its device had then, and where it comes from."""

    profile: Profile
    limits: DeviceLimits
    provenance: dict[str, Any]


class Record(NamedTuple):
    """A folder's profiles, all of one device and precision.

    Attributes:
        device: in words.
        precision: of maps and products.
        entries: by the network's name, or `NAME@PX` where a resolution was asked for.
    """

    device: str
    precision: str
    entries: dict[str, Entry]


def read_record(folder: Path) -> Record:
    """The profiles of a folder.

    Raises:
        NotRecorded: it has none.
        SpecError: its file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        raise NotRecorded(f"{path}: no profile is recorded here; python -m scaling.profile NAME... --record {folder}")
    try:
        stored = parse_json(read_text(path))
        entries = {name: _entry(one) for name, one in stored["networks"].items()}
        return Record(stored["device"], stored["precision"], entries)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SpecError(f"{path}: damaged; restore it or take another folder") from None


def add_to_record(folder: Path, device: str, name: str, profile: Profile, limits: DeviceLimits) -> None:
    """Add a profile to a folder's, or replace the one of that name; the file is written whole.

    Args:
        folder: made if missing.
        device: that it was measured on, in words.
        name: of its entry.
        profile: measured just now.
        limits: of the device.

    Raises:
        SpecError: the folder's profiles are of another device or precision, or damaged.
        OSError: it cannot be written.
    """
    require_recordable(folder, device, profile.precision)
    recorded = read_record(folder).entries if (folder / FILE).is_file() else {}
    entries = {**recorded, name: Entry(profile, limits, provenance(device))}
    networks = {one: _plain(entries[one]) for one in sorted(entries)}
    text = json.dumps({"device": device, "precision": profile.precision, "networks": networks}, indent=1, allow_nan=False)
    atomic_write(folder / FILE, text + "\n")


def require_recordable(folder: Path, device: str, precision: str) -> None:
    """Refuse to add to profiles that cannot be compared; the folder is made if missing.

    Raises:
        SpecError: the folder's profiles are of another device or precision, or damaged.
        OSError: there is no such folder, and it cannot be made.
    """
    make_folder(folder)
    if not (folder / FILE).is_file():
        return
    record = read_record(folder)
    for what, before, now in (("device", record.device, device), ("precision", record.precision, precision)):
        if before != now:
            raise SpecError(f"{folder / FILE}: holds profiles of the {what} {before}, not {now}; record in another folder")


def rank_correlations(profiles: Sequence[Profile]) -> dict[str, float | None]:
    """Spearman's rho of the time per image with each count, over the networks that were measured.

    Args:
        profiles: of one device and batch.

    Returns:
        By count: -1 to 1, None where all networks have the same; empty where fewer than `FEWEST` were measured.
    """
    measured = [one for one in profiles if one.measured is not None]
    if len(measured) < FEWEST:
        return {}
    seconds = np.array([one.seconds_per_image for one in measured], float)
    counts = {
        "macs": [one.cost.macs for one in measured],
        "activations": [one.cost.activations for one in measured],
        "params": [one.cost.params for one in measured],
        "bytes": [one.moved_bytes for one in measured],
    }
    found = {name: float(spearman(seconds, np.array(values, float))) for name, values in counts.items()}
    return {name: None if math.isnan(rho) else rho for name, rho in found.items()}


def _entry(stored: dict[str, Any]) -> Entry:
    return Entry(Profile.from_dict(stored["profile"]), DeviceLimits(**stored["limits"]), stored["provenance"])


def _plain(entry: Entry) -> dict[str, Any]:
    return {"profile": entry.profile.to_dict(), "limits": entry.limits._asdict(), "provenance": entry.provenance}
