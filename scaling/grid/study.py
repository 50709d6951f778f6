"""Step 1 made concrete: its specification, its images, its candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from scaling.core.errors import SpecError, UserError
from scaling.count.memory import training_bytes
from scaling.data import Dataset, ListedDataset, load
from scaling.grid.space import Candidate, Space, eligible_only, search_space, within
from scaling.grid.spec import StudySpec
from scaling.recipe.recipe import REVISION, Recipe
from scaling.study.resolve import resolved
from scaling.study.spec import reading
from scaling.study.study import DatasetInfo, Trials
from scaling.study.trial import network_key


@dataclass(frozen=True)
class Study(Trials):
    """Step 1: a specification with its images loaded and its candidates found."""

    spec: StudySpec
    dataset: DatasetInfo
    space: Space
    recipe: Recipe
    """the specification's, its precision resolved for the device"""
    revision: int = REVISION
    starts: Mapping[str, str] = field(default_factory=dict, hash=False)
    start_source: str = ""

    @property
    def networks(self) -> tuple[Candidate, ...]:
        """The candidates."""
        return self.space.candidates


def load_dataset(spec: StudySpec, store: Path | None = None) -> Dataset | ListedDataset:
    """The images of a specification, stored large enough for twice the baseline's input where they are files.

    Args:
        spec: what is asked.
        store: folder for images that are too many to hold in memory; None leaves it to `load`.

    Raises:
        DataError: there are none, or they cannot be used.
    """
    return load(spec.data, side=spec.side, largest=max(128, 2 * spec.baseline.resolution), store=store, **reading(spec))


def plan(spec: StudySpec, num_classes: int, in_channels: int, latencies: Mapping[str, float] | None = None) -> Space:
    """The candidates of a specification, within its limits.

    Args:
        spec: with the precision of its recipe resolved where it limits the memory.
        num_classes: of the images.
        in_channels: of the images.
        latencies: milliseconds by `network_key`; a network without one is over no limit of latency.

    Raises:
        SpecError: its lattice has no point that meets its constraint, or none within its limits.
    """
    number = 2 if spec.recipe.precision == "bfloat16" else 4

    def size(name: str, candidate: Candidate) -> float | None:
        if name == "latency":
            return (latencies or {}).get(network_key(candidate.architecture))
        if name == "memory":
            return training_bytes(candidate.architecture, spec.recipe.batch, num_classes, in_channels, number)
        return float(getattr(candidate.cost, name))

    try:
        space = search_space(spec.baseline, spec.lattice, spec.phi, num_classes=num_classes, in_channels=in_channels)
        limited = within(space, spec.limits, size)
        return eligible_only(limited) if spec.eligible_only else limited
    except UserError as error:
        raise SpecError(str(error)) from None


def make_study(
    spec: StudySpec, dataset: Dataset | ListedDataset, precision: str, latencies: Mapping[str, float] | None = None
) -> Study:
    """Find the candidates of a specification on its images.

    Args:
        spec: what is asked.
        images: what is trained on.
        precision: what `auto` means on the device.
        latencies: of the networks that were measured, as `plan` takes them.

    Raises:
        SpecError: as `plan`, or the images do not fill a batch.
    """
    recipe = resolved(spec.recipe, dataset, precision)
    asked = replace(spec, recipe=recipe)
    return Study(spec, dataset, plan(asked, dataset.num_classes, dataset.in_channels, latencies), recipe)
