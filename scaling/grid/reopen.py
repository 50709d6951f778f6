"""A recorded Step 1 read back from its folder alone, without its images and without JAX."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from scaling.analysis.ranking import Ranking, rank
from scaling.core.errors import SpecError, UserError
from scaling.grid.latency import read_latencies
from scaling.grid.looks import look_number, read_looks
from scaling.grid.result import Collected, collect
from scaling.grid.spec import StudySpec
from scaling.grid.study import Study, plan
from scaling.rules.members import transfer_coefficients
from scaling.study.history import read_run, recorded_config, recorded_dataset, recorded_starts, require_kind
from scaling.study.run import Kind, Run
from scaling.study.spec import recorded_spec
from scaling.study.trial import network_key


class Search(NamedTuple):
    """A recorded Step 1: as it was asked, its records, its measured candidates and their ranking."""

    study: Study
    run: Run
    collected: Collected
    ranking: Ranking


def read_search(folder: Path) -> Search:
    """A recorded Step 1.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it holds something else or no finished trial, or its files are damaged.
    """
    require_kind(folder, Kind.SEARCH)
    config = recorded_config(folder)
    dataset, revision = recorded_dataset(folder, config)
    spec = recorded_spec(StudySpec, folder, config)
    latencies = read_latencies(folder)
    space = plan(spec, dataset.num_classes, dataset.in_channels, latencies)
    if spec.limits.latency is not None and any(network_key(one.architecture) not in latencies for one in space.candidates):
        raise SpecError(f"{folder}: not every latency is measured that its limit asks for; go on with the command that made it")
    study, run = Study(spec, dataset, space, spec.recipe, revision, **recorded_starts(config)), read_run(folder)
    collected = collect(study, run)
    if not collected.measured:
        raise SpecError(f"{folder}: no trial that it was asked for is finished; go on with the command that made it")
    look = None if collected.untrained else look_number(read_looks(folder), spec.seeds)
    return Search(study, run, collected, rank(collected.measured, space.target, look=look))


def add_extrapolated_reference(spec: StudySpec, folder: Path, num_classes: int, in_channels: int) -> StudySpec:
    """A specification with the choice of a recorded search, carried to its phi, as one more reference.

    Args:
        spec: what is asked.
        folder: of the recorded search.
        num_classes: of the images that are asked for; they may be others than the search's.
        in_channels: of them.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: as `read_search`, or that search has no best network, scaled another baseline, or chose what never costs
            2^phi.
    """
    search = read_search(folder)
    winner = search.collected.winner(search.ranking)
    if winner is None:
        raise SpecError(
            f"{folder}: no network is near enough to its target cost{search.study.spec.limits.within()} to be the best; "
            "there is nothing to extrapolate"
        )
    baseline = search.study.spec.baseline
    if baseline.structure != spec.baseline.structure:
        raise SpecError(
            f"{folder}: scaled the baseline {baseline.name}, not {spec.baseline.name}; its choice means nothing here"
        )
    if search.study.spec.phi == spec.phi:
        raise SpecError(
            f"{folder}: searched at phi {spec.phi:g} itself, there is nothing to extrapolate; give --phi another value"
        )
    counted = (num_classes, in_channels, spec.lattice.rounding)
    try:
        chosen = transfer_coefficients(spec.baseline, winner.coefficients, spec.phi, *counted).decimals
        return replace(spec, lattice=replace(spec.lattice, extrapolated=chosen))
    except UserError as error:
        raise SpecError(f"{folder}: {error}") from None
