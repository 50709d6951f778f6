"""What people should know of how their images were read, a sentence each; nothing where there is nothing to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scaling.data.endings import SUFFIXES
from scaling.data.walk import OTHER

_FULL_BITS = 16
_ENDINGS_NAMED = 6


def passed_over_note(passed_over: Counter[str]) -> list[str]:
    """Files that are no images.

    Args:
        passed_over: how many, by ending.
    """
    stray = sum(count for ending, count in passed_over.items() if ending in SUFFIXES)
    found = [f"Images in no class folder, passed over: {stray}."] if stray else []
    if passed_over[OTHER]:
        found.append(f"Links that lead nowhere, pipes and the like, passed over: {passed_over[OTHER]}.")
    others = sorted((-count, ending) for ending, count in passed_over.items() if ending not in (*SUFFIXES, OTHER) and count)
    if others:
        named = [f"{-count} {ending or 'without an ending'}" for count, ending in others[:_ENDINGS_NAMED]]
        rest = -sum(count for count, _ in others[_ENDINGS_NAMED:])
        named += [f"{rest} others"] if rest else []
        found.append(f"Files passed over because they are no images: {', '.join(named)}.")
    return found


def left_alone_note(left_alone: Sequence[str]) -> list[str]:
    """Folders that hold images and are not used, each with why."""
    return [f"Left alone: {'; '.join(left_alone)}."] if left_alone else []


def depth_note(bits: int | None) -> list[str]:
    """16-bit images that use fewer bits.

    Args:
        bits: that they use; None if there are none.
    """
    if bits in (None, _FULL_BITS):
        return []
    return [f"16-bit grey images hold numbers up to {2**bits - 1:,} at most: scaled from {bits} bits to 8."]


def unreadable_note(unreadable: Sequence[str], total: int) -> list[str]:
    """Images that were passed over, each with its reason, of how many."""
    if not unreadable:
        return []
    return [f"{len(unreadable)} of {total:,} images cannot be read and were passed over, the first: {unreadable[0]}."]
