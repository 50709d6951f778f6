"""What an ablation will be able to say, and what it found, in sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.ablation.study import AblationStudy
from scaling.analysis.errors import SPREADS_DIFFER
from scaling.core.units import duration
from scaling.grid.plan import enlarged, growth, to_train
from scaling.recipe.recipe import Recipe
from scaling.study.estimate import Pace
from scaling.study.trial import Trial

if TYPE_CHECKING:
    from scaling.ablation.comparison import Comparison, Missing
    from scaling.ablation.result import Ablation


def planned(study: AblationStudy, missing: int, seconds: float, speed: Pace, folder: Path) -> list[str]:
    """What a dry run says below the networks and recipes."""
    return [
        *_asked(study),
        *enlarged(study.dataset, study.networks),
        f"{missing} of {len(study.all_trials())} trials are to be trained on {study.dataset.name}: about {duration(seconds)}, "
        f"estimated from {speed.source}.",
        f"Nothing was trained; without --dry-run it is recorded in {folder}.",
    ]


def plan_summary(
    study: AblationStudy, missing: Sequence[Trial], device: str, speed: Pace, folder: Path, grown: Sequence[str]
) -> list[str]:
    """What will be trained, and how long it will take."""
    dataset, total = study.dataset, len(study.all_trials())
    said = [
        *_asked(study),
        f"Images: {dataset.name}, {len(dataset.train):,} for training, {len(dataset.validation):,} for validation, "
        f"{len(dataset.test):,} for test; {dataset.num_classes} classes.",
        *enlarged(dataset, study.networks),
        f"Device: {device}. Records: {folder}.",
        *growth(grown),
    ]
    return [*said, to_train(missing, total, speed)]


def _asked(study: AblationStudy) -> list[str]:
    """What is compared, and in what each recipe differs."""
    spec = study.spec
    reference = spec.recipes[spec.reference]
    said = [
        f"Ablation: {len(spec.recipes)} recipes on {len(spec.networks)} network(s), {spec.seeds} seed(s) each; the reference "
        f"is {spec.reference}."
    ]
    for name, one in spec.recipes.items():
        if name != spec.reference:
            said.append(f"{name}: {', '.join(changed(reference, one))}.")
    return said


def changed(reference: Recipe, other: Recipe) -> list[str]:
    """In what one recipe differs from another, as 'key value instead of value'."""
    before, after = (dict(_flat(dataclasses.asdict(one))) for one in (reference, other))
    return [f"{key} {_word(after[key])} instead of {_word(before[key])}" for key in before if after[key] != before[key]]


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def measured_said(ablation: Ablation) -> list[str]:
    """On what accuracies were measured, and how far seeds move them."""
    found, seeds = ablation.comparison, ablation.study.spec.seeds
    taken = "assumed independent" if found.units == found.images else f"in {found.units:,} groups, assumed independent"
    said = [
        f"Accuracy on {found.images:,} validation images, {taken}, each with a {found.confidence:.0%} interval of its own; "
        "differences below are paired over the images, so that intervals may overlap and recipes yet be told apart."
    ]
    if found.seed_sd is None:
        seeds_said = "One seed" if seeds == 1 else "No second seed yet"
        return [*said, f"{seeds_said}: intervals cover the choice of images only, and recipes are not told apart."]
    said.append(
        f"Standard deviation of an accuracy between seeds: {100 * found.seed_sd:.2f} points ({found.degrees_of_freedom} "
        f"degrees of freedom{_spread(found)})."
    )
    if any(one.test is not None for one in ablation.judged):
        said.append("Test: accuracy on the test images, with an interval of its own; verdicts are those on validation.")
    return said


def _spread(found: Comparison) -> str:
    if found.spread_p is None:
        return ""
    if found.pooled:
        return f"; no evidence that it differs between them, p = {found.spread_p:.2f}"
    return f", over all; it differs between them, p = {found.spread_p:.3f} < {SPREADS_DIFFER:g}, so each has its own"


def compared_said(found: Comparison) -> list[str]:
    """How far the differences may be believed."""
    if found.critical is None:
        return []
    number = len(found.entries) + len(found.means)
    return [
        f"The {number} interval(s) hold together: in {found.confidence:.0%} of studies none of them misses its truth (each is "
        f"{found.critical:.2f} standard errors to either side, the simulated quantile of the largest of {number}). Better or "
        "worse: 0 is outside. p is that of one difference alone; Holm's is over all in its table. Where spreads between seeds "
        "differ, the differences that are known worst make all intervals longer: p may be small where the interval reaches 0."
    ]


def missing_said(found: Comparison) -> list[str]:
    """What is not compared, and why."""
    words = {
        "not trained": "no training of it counts",
        "lost trainings": "it lost trainings, and those that are left are no fair sample",
        "no reference": f"{found.reference} is not fully trained there",
    }

    def line(one: Missing) -> str:
        return f"{one.recipe} on {one.network} is not compared: {words[one.absence.value]}."

    return [line(one) for one in found.missing]


def fairness(ablation: Ablation) -> list[str]:
    """What else than the recipes may make a difference."""
    spec = ablation.study.spec
    epochs = {name: one.epochs for name, one in spec.recipes.items()}
    if len(set(epochs.values())) == 1:
        said = [f"All recipes train for {next(iter(epochs.values()))} epochs: equal epochs, which is not equal time."]
    else:
        listed = ", ".join(f"{name} {number}" for name, number in epochs.items())
        said = [f"Epochs differ ({listed}): a difference may be due to the longer training alone."]
    several = [
        name
        for name, one in spec.recipes.items()
        if len({line.split()[0].partition(".")[0] for line in changed(spec.recipes[spec.reference], one)}) > 1
    ]
    if several:
        listed = ", ".join(several)
        said.append(f"More than one thing differs from {spec.reference} in {listed}: which of them acts is not told.")
    if len({one.peak_rate for one in spec.recipes.values()}) == 1:
        said.append("The learning rate is one for all, and tuned for none of them.")
    return [*said, *_time_said(ablation)]


def _time_said(ablation: Ablation) -> list[str]:
    said = [
        "Seconds are of training alone, compiling apart. They are comparable only between trainings on one machine under the "
        "same load. Two pairs may be trained side by side, and the seeds of a pair follow each other: a load that comes and "
        "goes between pairs is in the ratio of times, and not in its range over seeds."
    ]
    beside = [one.pair.label for one in ablation.judged if one.times is not None and one.times.beside_compiling]
    if beside and ablation.study.spec.seeds > 1:
        said.append(f"Every training of {', '.join(beside)} compiled something: its seconds may hold some of that.")
    elif beside:
        said.append("With one seed, programs of later stages may be compiled while it trains: its seconds hold some of that.")
    if ablation.mixed_origins is not None:
        said.append(ablation.mixed_origins)
    if not ablation.one_machine:
        said.append("Seconds of several machines are not comparable: the column time means nothing here.")
    return said
