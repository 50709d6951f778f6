"""Reading a file from its bytes."""

import pytest

from scaling.weights.errors import WeightsError
from scaling.weights.torch_file import read_torch


@pytest.fixture
def read(tmp_path):
    """read(content) -> the arrays of a file that holds it."""

    def reads(content):
        path = tmp_path / "weights.pth"
        path.write_bytes(content)
        return read_torch(path).tensors

    return reads


@pytest.fixture
def refusal(read, tmp_path):
    """refusal(content) -> the message with which it is refused, without the path."""

    def message(content):
        with pytest.raises(WeightsError) as caught:
            read(content)
        start, rest = str(caught.value).split(": ", 1)
        assert start == str(tmp_path / "weights.pth")
        return rest

    return message
