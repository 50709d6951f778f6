"""A search held to its limit of latency: what the networks take is measured once and recorded in the run folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scaling.grid.latency import read_latencies, record_latency, set_latency_device
from scaling.grid.study import Study, plan
from scaling.profile.measure import latency
from scaling.report.text import say
from scaling.study.trial import network_key


def apply_latency_limit(study: Study, folder: Path, device: str) -> Study:
    """A study without the lattice networks over its limit of latency.

    Every candidate that the folder has no latency of on this device is measured, the references too, in the recipe's precision
    and before anything is trained.

    Args:
        study: its candidates within the other limits, whatever their latency.
        folder: of its run, held.
        device: in words.

    Raises:
        SpecError: no lattice network is left, or the folder's latencies are damaged.
        MemoryError: the device does not bear a network.
    """
    if study.spec.limits.latency is None:
        return study
    recorded = read_latencies(folder, device)
    missing = [one for one in study.networks if network_key(one.architecture) not in recorded]
    counts = {"num_classes": study.dataset.num_classes, "in_channels": study.dataset.in_channels}
    if missing:
        say([f"Measuring the latency of {len(missing)} networks, each once; it is kept in {folder}."])
    for number, one in enumerate(missing, 1):
        found = latency(one.architecture, precision=study.recipe.precision, **counts)
        record_latency(folder, one.architecture, found, device)
        say([f"[{number}/{len(missing)}] {one.label}: {found.median:.3g} ms of latency"])
    set_latency_device(folder, device)
    spec = dataclasses.replace(study.spec, recipe=study.recipe)
    return dataclasses.replace(study, space=plan(spec, **counts, latencies=read_latencies(folder, device)))
