"""Which group each judged image of a run belongs to, kept in its folder for those who read it back without the images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import SpecError
from scaling.core.files import atomic_write, parse_json, read_text

FILE = "groups.json"


def write_groups(folder: Path, validation: NDArray[np.int32], test: NDArray[np.int32]) -> None:
    """Keep the groups of the validation and test images."""
    atomic_write(folder / FILE, json.dumps({"validation": validation.tolist(), "test": test.tolist()}) + "\n")


def read_groups(folder: Path) -> tuple[NDArray[np.int32] | None, NDArray[np.int32] | None]:
    """Groups of the validation and test images; None each where images stand for themselves.

    Raises:
        SpecError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None, None
    try:
        found = parse_json(read_text(path))
        return np.array(found["validation"], np.int32), np.array(found["test"], np.int32)
    except (ValueError, KeyError, TypeError):
        raise SpecError(f"{path}: damaged; restore it, or remove it and start the command that made the run again") from None
