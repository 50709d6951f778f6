"""Step 1 made concrete: its specification, its pictures, its candidates."""

from __future__ import annotations

from dataclasses import dataclass

from scaling.data import PictureSet, load
from scaling.recipe import REVISION, Recipe
from scaling.space import Candidate, Space, search_space
from scaling.study.spec import StudySpec
from scaling.study.tables import SpecError
from scaling.study.trials import Pictures, Trials, resolved


@dataclass(frozen=True)
class Study(Trials):
    """Step 1: a specification with its pictures loaded and its candidates found."""

    spec: StudySpec
    pictures: Pictures
    space: Space
    recipe: Recipe
    """the specification's, its precision resolved for the device"""
    revision: int = REVISION

    @property
    def networks(self) -> tuple[Candidate, ...]:
        """The candidates."""
        return self.space.candidates


def load_pictures(spec: StudySpec) -> PictureSet:
    """The pictures of a specification, stored large enough for twice the baseline's input where they are files.

    Raises:
        DataError: there are none, or they cannot be used.
    """
    return load(spec.data, side=spec.side, largest=max(128, 2 * spec.baseline.resolution))


def plan(spec: StudySpec, num_classes: int, in_channels: int) -> Space:
    """The candidates of a specification.

    Raises:
        SpecError: its lattice has no point that meets its constraint.
    """
    try:
        return search_space(spec.baseline, spec.lattice, spec.phi, num_classes=num_classes, in_channels=in_channels)
    except ValueError as error:
        raise SpecError(str(error)) from None


def make_study(spec: StudySpec, pictures: PictureSet, precision: str) -> Study:
    """Find the candidates of a specification on its pictures; `precision` is what `auto` means on the device.

    Raises:
        SpecError: as `plan`, or the pictures do not fill a batch.
    """
    recipe = resolved(spec.recipe, pictures, precision)
    return Study(spec, pictures, plan(spec, pictures.num_classes, pictures.in_channels), recipe)
