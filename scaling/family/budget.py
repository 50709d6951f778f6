"""The largest member of each rule that fits a budget."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from scaling.core.errors import UserError
from scaling.family.spec import FamilySpec
from scaling.rules.members import RELEASED_PHIS, Member, as_released, large_enough, member
from scaling.rules.solve import HIGHEST, largest_phi, lowest_phi


class Budget(NamedTuple):
    """How much of what: the measure's name, the most of it, its unit for messages, and the size of a member in it."""

    measure: str
    most: float
    unit: str
    size: Callable[[Member], float]


class NoMemberFits(UserError):
    """A rule has no largest member in a budget; one line that says why."""


def largest_member(spec: FamilySpec, name: str, num_classes: int, in_channels: int, budget: Budget) -> Member:
    """The largest member of a rule that fits a budget.

    Args:
        spec: baseline and rules; its phis are left aside.
        name: of the rule.
        num_classes: of the images it is counted for.
        in_channels: of them.
        budget: its size must not fall as phi rises.

    Raises:
        NoMemberFits: not even the rule's smallest member fits, or its largest does.
    """
    baseline, counted = spec.baseline, (num_classes, in_channels)
    if name == "released":
        members = as_released(baseline, *counted, RELEASED_PHIS)
        smallest, found = members[0], next((one for one in reversed(members) if budget.size(one) <= budget.most), None)
    else:
        named = spec.family.rule(name)

        def at(phi: float) -> Member:
            return member(baseline, named, phi, *counted, spec.family.rounding)

        lowest = lowest_phi(lambda phi: large_enough(baseline, named, phi))
        phi = largest_phi(lambda phi: budget.size(at(phi)), budget.most, lowest)
        if phi == math.inf:
            raise NoMemberFits(f"{name}: every member up to phi {HIGHEST:g} fits {budget.most:.4g} {budget.unit}")
        smallest, found = at(lowest), None if phi is None else at(phi)
    if found is None:
        least = budget.size(smallest)
        raise NoMemberFits(f"{name}: its smallest member needs {least:.4g} {budget.unit}, over the budget of {budget.most:.4g}")
    return found
