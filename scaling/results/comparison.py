"""Two recorded runs of the same networks against each other, as documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scaling.core.errors import UserError
from scaling.report.document import Document, Values

if TYPE_CHECKING:
    from scaling.analysis.agreement import Agreement, NoTruth
    from scaling.analysis.intervals import Estimate


def changes_document(one: Path, other: Path) -> Document:
    """What training two families differently changed, network by network.

    Args:
        one: folder of a family.
        other: folder of a family of the same baseline on the same images.

    Raises:
        UserError: they cannot be compared.
    """
    from scaling.analysis.changes import changes
    from scaling.family.reopen import read_family
    from scaling.family.report import changes_table
    from scaling.grid.findings import trainings_said
    from scaling.study.history import require_same_images

    families = [read_family(folder) for folder in (one, other)]
    require_same_images([family.study for family in families])
    if len({family.study.spec.baseline.structure for family in families}) > 1:
        raise UserError(f"{one} and {other} scaled different baselines: they have no network in common")
    found = changes(*(list(family.measured.values()) for family in families))
    plain = [{**change._asdict(), "difference": change.difference._asdict()} for change in found]
    heading = f"Test accuracy in {one} minus that in {other}, of the networks in both, in points, paired over images:"
    unfinished = [said for family in families for said in trainings_said(family.trainings, family.study.spec.seeds)]
    return Document((heading, changes_table(found), *unfinished, Values({"runs": [str(one), str(other)], "networks": plain})))


def agreement_document(short: Path, long: Path) -> Document:
    """Whether two searches would choose alike, and what choosing by the first gives away.

    Args:
        short: folder of a search.
        long: folder of a search of the same baseline at the same cost, trained otherwise.

    Raises:
        UserError: they cannot be compared.
    """
    from scaling.analysis.agreement import agreement
    from scaling.grid.reopen import read_search

    searches = [read_search(folder) for folder in (short, long)]
    baselines = [search.study.spec.baseline for search in searches]
    if baselines[0].structure != baselines[1].structure:
        raise UserError(f"{short} and {long} scaled different baselines: they have no network in common")
    targets = [search.study.space.target for search in searches]
    if targets[0] != targets[1]:
        raise UserError(f"{short} searched at x{targets[0]:g} and {long} at x{targets[1]:g}: they choose at different costs")
    found = agreement(*(search.collected.measured for search in searches), target=targets[0])
    reason = None if found.reason is None else _no_truth(found.reason)
    plain = {**found._asdict(), "reason": reason, "runs": [str(short), str(long)]}
    return Document((*_sentences(short, long, found, reason), Values(plain)))


def _no_truth(reason: NoTruth) -> str:
    if reason.value == "one seed":
        return "One seed per network in a study: how far seeds move it is not known."
    return "The networks differ less than seeds make them, or one study repeats the other."


def _sentences(short: Path, long: Path, found: Agreement, reason: str | None) -> list[str]:
    def between(one: Estimate, unit: float, digits: int) -> str:
        value = f"{unit * one.value:.{digits}f}"
        if one.low is None or one.high is None:
            return value
        true = f"{unit * one.low:.{digits}f} to {unit * one.high:.{digits}f} for the true accuracies ({found.confidence:.0%})"
        return f"{value} as measured, {true}"

    same = "the same network" if found.chosen == found.best else f"{found.best}"
    return [
        f"{len(found.networks)} eligible networks in both, at the target cost. Of these {short} chooses {found.chosen}, {long} "
        f"{same}.",
        f"Kendall's tau of the two orders: {between(found.tau, 1, 2)}; Spearman's rho: {between(found.spearman, 1, 2)}.",
        f"Choosing by {short} loses, in accuracy points of {long}: {between(found.regret, 100, 2)}.",
        *([reason] if reason else []),
    ]
