"""What the flags of `python -m scaling.family` ask for: a family, its images, a budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from scaling.arch import EFFICIENTNET_B0, SMALL, Architecture
from scaling.core.errors import UserError
from scaling.core.units import amount, byte_amount
from scaling.data import DataError, Dataset, ListedDataset, load
from scaling.family.budget import Budget
from scaling.family.options import TOP, Options
from scaling.family.spec import COMPARED, FamilyConfig, FamilySpec
from scaling.report.text import say
from scaling.rules.members import RELEASED_PHIS, Member, phi_range
from scaling.study.spec import read_baseline, reading

MEASURES = ("macs", "params", "activations", "memory")
"""What a budget may be of."""


def refuse_idle(options: Options) -> None:
    """Refuse flags that would do nothing.

    Raises:
        UserError: there is one; the message names it.
    """
    training: dict[str, Any] = {
        "data": options.data,
        "seeds": options.seeds,
        "to": options.to,
        "dry-run": options.dry_run or None,
    }
    training["store"] = options.store
    training["init"] = options.init
    training["engine"] = options.engine or None
    training["skip-unreadable"] = options.skip_unreadable
    training["classes top"] = True if options.classes == TOP else None
    listing = {
        "budget": options.budget,
        "csv": options.csv or None,
        "toml": options.toml,
        "classes": None if options.classes == TOP else options.classes,
        "channels": options.channels,
        "inference": options.inference or None,
    }
    for name, value in (listing if options.train else training).items():
        if value is not None:
            raise UserError(f"--{name} has no use {'beside' if options.train else 'without'} --train")
    if options.fitted and options.run is None:
        raise UserError("--fitted has no use without --run: it is the optimum of that run")
    if options.json and options.csv:
        raise UserError("take --json or --csv, not both")
    if options.budget is not None and (options.phi is not None or options.realise):
        other = "--phi" if options.phi is not None else "--realise"
        raise UserError(f"take --budget or {other}, not both: a budget is what phi is solved for")
    if options.budget is not None and len(options.budget) > 1:
        raise UserError(f"one --budget at a time, got {' and '.join(options.budget)}")
    for name in ("batch", "classes", "channels"):
        value = getattr(options, name)
        if isinstance(value, int) and value < 1:
            raise UserError(f"--{name} must be at least 1, got {value}")


def family_asked(options: Options) -> FamilySpec:
    """The specification with the flags over it."""
    if options.spec is not None and options.run is not None:
        raise UserError("take --spec or --run, not both: a specification names its run itself, in [family]")
    # Both read runs, which needs SciPy; a list of members does not.
    if options.spec is not None:
        from scaling.family.read_spec import read_family_spec

        spec = read_family_spec(options.spec)
    elif options.run is not None:
        from scaling.family.from_search import family_of_run

        spec = family_of_run(options.run, options.fitted)
    else:
        spec = _without_spec(options)
    flags: dict[str, Any] = {"data": options.data, "seeds": options.seeds, "skip_unreadable": options.skip_unreadable}
    flags["top_classes"] = True if options.classes == TOP else None
    if options.baseline is not None:
        flags["baseline"] = read_baseline(options.baseline)
        if options.run is not None and flags["baseline"].structure != spec.baseline.structure:
            raise UserError(f"{options.run} scaled {spec.baseline.name}; its coefficients are not for {options.baseline}")
    kinship = {name: getattr(options, name) for name in ("phi", "realise", "alpha", "beta", "gamma", "rounding")}
    if options.train and options.spec is None:
        kinship["realise"] = True  # rules are compared at equal cost
    kinship["rules"] = None if options.rule is None else tuple(name for given in options.rule for name in given.split(","))
    if options.spec is None and options.run is None:
        kinship["rules"] = kinship["rules"] or _default_rules(options, flags.get("baseline", spec.baseline))
    if options.init is not None:
        flags["recipe"] = dataclasses.replace(spec.recipe, init=str(options.init))
    changed = dataclasses.replace(spec.family, **_given(kinship))
    bases = [f"--{name}" for name in ("alpha", "beta", "gamma") if getattr(options, name) is not None]
    if bases and "compound" not in changed.rules:
        raise UserError(f"{bases[0]} has no use without the rule compound, got {', '.join(changed.rules)}")
    return dataclasses.replace(spec, family=changed, **_given(flags))


def counts_asked(options: Options, spec: FamilySpec) -> tuple[int, int]:
    """Classes and channels: as given, those of the images asked for, or ImageNet's."""
    classes, channels = 1000, 3
    if options.run is not None:
        from scaling.grid.reopen import read_search

        searched = read_search(options.run).study.dataset
        classes, channels = searched.num_classes, searched.in_channels
    elif options.spec is not None:
        dataset = load(spec.data, side=spec.side, **reading(spec))
        classes, channels = dataset.num_classes, dataset.in_channels
    return (
        options.classes if isinstance(options.classes, int) else classes,
        channels if options.channels is None else options.channels,
    )


def dataset_asked(options: Options, spec: FamilySpec) -> Dataset | ListedDataset:
    """The images to train on, stored as large as the largest member sees them; a run's own, unless others are asked for.

    Raises:
        DataError: there are none.
        UserError: they are not those of the run.
    """
    largest = max(128, spec.family.largest_side(spec.baseline))
    if options.run is None or options.data is not None:
        return load(spec.data, side=spec.side, largest=largest, store=options.store, **reading(spec))
    said = f"the images of {options.run} are called {spec.data!r}; --data says where they are"
    try:
        largest = max(128, 2 * spec.baseline.resolution)
        dataset = load(spec.data, side=spec.side, largest=largest, store=options.store, **reading(spec))
    except DataError:
        raise UserError(said) from None
    from scaling.grid.reopen import read_search

    if dataset.fingerprint != read_search(options.run).study.dataset.fingerprint:
        raise UserError(f"{said}: what is found by that name are others")
    return dataset


def budget_asked(text: str, memory: Callable[[Member], int]) -> Budget:
    """A budget as `WHAT=NUMBER`; `memory` is the size of a member in bytes.

    Raises:
        UserError: it is of another form, or of something else.
    """
    measure, _, number = text.replace(" ", "").partition("=")
    wanted = f"--budget must be WHAT=NUMBER with WHAT of {', '.join(MEASURES)}, as macs=1e9 or memory=8GB, got {text!r}"
    if measure not in MEASURES:
        raise UserError(wanted)
    try:
        most = (byte_amount if measure == "memory" else amount)(number)
    except UserError as error:
        raise UserError(f"{wanted}: {measure} {error}") from None
    if measure == "memory":
        return Budget(measure, most, "bytes", memory)
    return Budget(measure, most, "MACs" if measure == "macs" else measure, lambda member: int(getattr(member, measure)))


def _without_spec(options: Options) -> FamilySpec:
    """B0's family, or to be trained that of the small baseline at equal costs."""
    if options.train:
        return FamilySpec("family", SMALL)
    return FamilySpec("family", EFFICIENTNET_B0, family=FamilyConfig(("compound",), "0:7"))


def _default_rules(options: Options, baseline: Architecture) -> tuple[str, ...]:
    """The released networks beside the formula where they are of this baseline and all phis are numbers of theirs."""
    if options.train:
        return COMPARED
    if baseline != EFFICIENTNET_B0:
        return ("compound",)
    if options.realise or not all(phi in RELEASED_PHIS for phi in phi_range(options.phi or "0:7")):
        say(["The released networks are left out: they have whole numbers from 0 to 8, and costs of their own."])
        return ("compound",)
    return ("compound", "released")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
