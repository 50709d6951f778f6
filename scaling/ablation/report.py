"""An ablation as documents: before it is trained, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.ablation.study import AblationStudy
from scaling.core.plain import to_plain
from scaling.core.units import short
from scaling.count.cost import cost
from scaling.report.cells import interval_title, low_to_high, plus_minus
from scaling.report.document import Column, Document, Part, Table, Values

if TYPE_CHECKING:  # a dry run needs none of SciPy
    from scaling.ablation.comparison import Compared, Comparison
    from scaling.ablation.result import Ablation, Judged, Ratio
    from scaling.study.estimate import Pace


def plan_document(study: AblationStudy, missing: int, seconds: float, speed: Pace, folder: Path) -> Document:
    """What a dry run says.

    Args:
        study: as it would be trained.
        missing: trials to be trained.
        seconds: that they are expected to take.
        speed: by which.
        folder: of the run.
    """
    from scaling.ablation.findings import planned

    return Document(
        (
            networks_table(study),
            recipes_table(study),
            *planned(study, missing, seconds, speed, folder),
            Values({**_asked(None, study), **_found(None), "trained": [], "differences": [], "means": [], "missing": []}),
            Values({"estimated_seconds": seconds}),
        )
    )


def ablation_document(ablation: Ablation) -> Document:
    """What an ablation found."""
    from scaling.ablation.findings import compared_said, fairness, measured_said, missing_said
    from scaling.grid.findings import trainings_said

    study, found = ablation.study, ablation.comparison
    parts: list[Part] = [trained_table(ablation), *measured_said(ablation)]
    parts += trainings_said({one.pair.label: one.trainings for one in ablation.judged}, study.spec.seeds, "It is not compared")
    if found.entries:
        heading = (
            f"\nEach recipe minus {found.reference} on the same network, in points, and its time over {found.reference}'s:"
        )
        parts += [heading, differences_table(found.entries, ablation.ratios, found.confidence, "differences")]
        parts += compared_said(found)
    if found.means:
        heading = "\nThe mean over the networks, which stand for themselves and are no sample of others:"
        parts += [heading, differences_table(found.means, ablation.ratios, found.confidence, "means")]
    parts += [*missing_said(found), *fairness(ablation)]
    none: dict[str, Any] = {} if found.entries else {"differences": []}
    none |= {} if found.means else {"means": []}
    missing = [{**one._asdict(), "absence": one.absence.value} for one in found.missing]
    values = {**_asked(str(ablation.run.folder), study), **_found(found), **none, "missing": missing}
    return Document((*parts, Values({**values, "mixed_origins": ablation.mixed_origins})))


def networks_table(study: AblationStudy) -> Table:
    """One line a network, with its cost on these images."""
    first = {one.network: one for one in reversed(study.networks)}
    columns = (
        Column(lambda one: one.network, "network", left=True),
        Column(lambda one: one.realised, "ratio", text="x{:.3f}".format),
        Column(lambda one: one.architecture.resolution, "px"),
        Column(lambda one: one.cost.params, "params", text=short),
        Column(lambda one: one.cost.macs, "MACs", text=short),
    )
    return Table(columns, [first[name] for name in study.spec.networks])


def recipes_table(study: AblationStudy) -> Table:
    """One line a recipe."""
    columns = (
        Column(lambda one: one[0], "recipe", left=True),
        Column(lambda one: one[1].epochs, "epochs"),
        Column(lambda one: one[1].progressive.mean_area(), "pixels", text="x{:.2f}".format),
    )
    return Table(columns, list(study.spec.recipes.items()))


def trained_table(ablation: Ablation) -> Table:
    """One line a network and recipe: accuracy, and what a training took."""
    tested = any(one.test is not None for one in ablation.judged)
    averaged = any(one.last_weights is not None for one in ablation.judged)
    columns = (
        Column(lambda one: one.pair.network, "network", "network", left=True),
        Column(lambda one: one.pair.recipe, "recipe", "recipe", left=True),
        Column(lambda one: _plain(one.accuracy), "accuracy %", "accuracy", lambda one: _percent(one.accuracy), of_row=True),
        Column(_plain_of("test"), "test %" if tested else None, "test", lambda one: _percent(one.test), of_row=True),
        Column(
            lambda one: one.last_weights,
            "last weights %" if averaged else None,
            "last_weights",
            lambda value: "-" if value is None else f"{100 * value:.2f}",
        ),
        Column(lambda one: one.trainings.complete, "seeds"),
        Column(lambda one: one.mean_area, "pixels", "mean_area", "x{:.2f}".format),
        Column(lambda one: one.times and one.times._asdict(), "seconds", "seconds", _seconds, of_row=True),
        Column(lambda one: one.times and one.times.compile, "compiling", text=_tenths),
        Column(lambda one: one.trainings.counts(), None, "trainings"),
    )
    reference = ablation.comparison.reference
    bold: Callable[[Judged], bool] = lambda one: one.pair.recipe == reference  # noqa: E731
    return Table(columns, ablation.judged, "trained", is_bold=bold, section=lambda one: one.pair.network)


def differences_table(
    found: Sequence[Compared], ratios: Mapping[tuple[str | None, str], Ratio], confidence: float, key: str
) -> Table:
    """One line a recipe, on a network or on the mean over them: difference, price in time, verdict."""

    def ratio(one: Compared) -> Ratio | None:
        return ratios.get((one.network, one.recipe))

    on_networks = key == "differences"
    columns = (
        Column(lambda one: one.network, "network" if on_networks else None, "network" if on_networks else None, left=True),
        Column(lambda one: one.recipe, "recipe", "recipe", left=True),
        Column(
            lambda one: one.difference._asdict(),
            "points",
            "difference",
            lambda one: f"{100 * one.difference.mean:+.2f}",
            of_row=True,
        ),
        Column(lambda one: one.difference, interval_title(confidence), text=_low_to_high),
        Column(lambda one: one.p, "p", "p", _p),
        Column(lambda one: one.adjusted_p, "p, Holm", "adjusted_p", _p),
        Column(lambda one: one.difference.n, "seeds"),
        Column(lambda one: _plain(ratio(one)), "time", "time", lambda one: _ratio(ratio(one)), of_row=True),
        Column(_verdict, "verdict", "verdict", lambda value: value or "not tested", left=True),
    )
    return Table(columns, found, key, section=lambda one: one.network)


def _asked(run: str | None, study: AblationStudy) -> dict[str, Any]:
    spec, dataset = study.spec, study.dataset
    first = next(iter(spec.networks.values()))
    counts = (dataset.num_classes, dataset.in_channels)
    smallest = cost(first, *counts).macs
    networks = []
    for name, one in spec.networks.items():
        counted = cost(one, *counts)
        sizes = {"params": counted.params, "macs": counted.macs, "activations": counted.activations}
        networks.append({"name": name, "resolution": one.resolution, **sizes, "ratio": counted.macs / smallest})
    recipes = [
        {"name": name, "epochs": one.epochs, "mean_area": one.progressive.mean_area(), "recipe": to_plain(one)}
        for name, one in spec.recipes.items()
    ]
    return {"run": run, "seeds": spec.seeds, "reference": spec.reference, "networks": networks, "recipes": recipes}


def _found(found: Comparison | None) -> dict[str, Any]:
    names = ("images", "confidence", "critical", "seed_sd", "degrees_of_freedom", "spread_p", "pooled")
    return {name: getattr(found, name, None) for name in names}


def _plain(one: Any) -> dict[str, Any] | None:
    return None if one is None else one._asdict()


def _plain_of(name: str) -> Callable[[Judged], dict[str, Any] | None]:
    return lambda one: _plain(getattr(one, name))


def _percent(one: Any) -> str:
    return "-" if one is None else plus_minus(one)


def _seconds(one: Judged) -> str:
    return "-" if one.times is None else _tenths(one.times.train)


def _tenths(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _verdict(one: Compared) -> str | None:
    return None if one.verdict is None else one.verdict.value


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _low_to_high(one: Any) -> str:
    return "-" if one.low is None else low_to_high(one)


def _ratio(one: Ratio | None) -> str:
    if one is None:
        return "-"
    return f"x{one.value:.2f}" + (f" ({one.low:.2f} to {one.high:.2f})" if one.n > 1 else " (one seed)")
