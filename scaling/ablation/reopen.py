"""A recorded ablation read back from its folder alone, without its images and without JAX."""

from __future__ import annotations

from pathlib import Path

from scaling.ablation.read_spec import recorded_ablation_spec
from scaling.ablation.result import Ablation, ablation_found
from scaling.ablation.study import AblationStudy
from scaling.study.history import read_run, recorded_config, recorded_dataset, require_kind
from scaling.study.run import Kind


def read_ablation(folder: Path) -> Ablation:
    """A recorded ablation.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it holds something else or no finished trial, or its files are damaged.
    """
    require_kind(folder, Kind.ABLATION)
    config = recorded_config(folder)
    dataset, revision = recorded_dataset(folder, config)
    run = read_run(folder)
    precision = run.recorded_precision() or "float32"
    return ablation_found(AblationStudy(recorded_ablation_spec(folder, config), dataset, precision, revision), run)
