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


def whole(content):
    return content


def written(made):
    """Files of weights in every form, and files that would run something if anything in them ran.

    Each as what is damaged, and what makes a file of it: all of the file, or the pickle that a sound archive holds.
    """
    state = checkpoints.state_dict()
    harm = checkpoints.Call("os", "system", f"touch {made}")
    kernel = checkpoints.tensor(checkpoints.KERNEL, "0")
    checkpoint = {"state_dict": state, "state_dict_ema": {"module.a": kernel}, "epoch": 3, "lr": 0.1}
    files = [
        save({"a.weight": np.ones((2, 3), np.float32), "b": np.zeros(4, np.int64)}, {"format": "pt"}),
        checkpoints.zip_file(state),
        checkpoints.legacy_file(state),
        checkpoints.legacy_file(checkpoint, 4),
        checkpoints.legacy_file({"a": kernel, "b": harm}),
        pickle.dumps({"a": Runs(f"touch {made}")}),
    ]
    return [(one, whole) for one in files] + [archived(found) for found in (state, checkpoint, {"a": kernel, "b": harm})]


def archived(found):
    """A pickle, and the sound archive that torch.save would put it into."""
    content, storages = checkpoints.pickled(found)
    data = {f"data/{key}": one.array.tobytes() for key, one in storages.items()}
    return content, lambda changed: checkpoints.zip_of({"data.pkl": changed, "byteorder": b"little", **data})


def test_weights(cases, edited, tmp_path):
    made, path = tmp_path / "made", tmp_path / "weights"
    files = written(made)

    @cases
    @given(st.integers(0, 2**32), st.integers(0, len(files) - 1))
    def law(seed, which):
        sound, packed = files[which]
        content = packed(edited(sound, seed))
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
