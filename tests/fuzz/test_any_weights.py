import os
import pickle
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from scaling.weights.errors import WeightsError
from scaling.weights.files import read_weights

sys.path.insert(0, str(Path(__file__).parents[1] / "weights"))
import checkpoints  # beside the tests of weights: files as torch.save writes them, and as an attacker would


class Runs:
    """What a plain pickle would run."""

    def __init__(self, words):
        self.words = words

    def __reduce__(self):
        return os.system, (self.words,)


def written(made):
    """Files of weights in every form, and files that would run something if anything in them ran."""
    state = checkpoints.state_dict()
    harm = checkpoints.Call("os", "system", f"touch {made}")
    return [
        save({"a.weight": np.ones((2, 3), np.float32), "b": np.zeros(4, np.int64)}, {"format": "pt"}),
        checkpoints.zip_file(state),
        checkpoints.zip_file(state, 4),
        checkpoints.legacy_file(state),
        checkpoints.zip_file({"state_dict": state, "epoch": 3, "lr": 0.1}),
        checkpoints.zip_file({"a": checkpoints.tensor(checkpoints.KERNEL, "0"), "b": harm}),
        checkpoints.legacy_file({"a": checkpoints.tensor(checkpoints.KERNEL, "0"), "b": harm}),
        pickle.dumps({"a": Runs(f"touch {made}")}),
    ]


def test_weights(cases, edited, tmp_path):
    made, path = tmp_path / "made", tmp_path / "weights"
    whole = written(made)

    @cases
    @given(st.integers(0, 2**32), st.integers(0, len(whole) - 1))
    def law(seed, which):
        content = edited(whole[which], seed)
        path.write_bytes(content)
        try:
            tensors = read_weights(path)
        except WeightsError as error:
            told = str(error)
        else:
            told = str(path)
            assert tensors
            assert all(isinstance(name, str) and isinstance(one, np.ndarray) for name, one in tensors.items())
            assert sum(one.nbytes for one in tensors.values()) <= 100 * len(content)
        assert told.startswith(str(path))
        assert "\n" not in told
        assert not made.exists()
        assert path.read_bytes() == content

    law()
