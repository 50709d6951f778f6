import json

import pytest

from scaling.core.errors import SpecError
from scaling.grid.looks import look_number, read_looks, record_look


def test_every_number_of_seeds_is_one_look(tmp_path):
    assert read_looks(tmp_path) == ()
    assert record_look(tmp_path, (), 2) == 1
    assert record_look(tmp_path, read_looks(tmp_path), 2) == 1  # the same again
    assert record_look(tmp_path, read_looks(tmp_path), 5) == 2
    assert record_look(tmp_path, read_looks(tmp_path), 3) == 3
    assert read_looks(tmp_path) == (2, 5, 3)
    assert [look_number(read_looks(tmp_path), seeds) for seeds in (2, 5, 3, 8)] == [1, 2, 3, 4]


def test_a_folder_from_before_was_looked_at_at_the_seeds_of_its_results(tmp_path):
    networks = [{"accuracy": {"n": 3}}, {"accuracy": None}, {"accuracy": {"n": 2}}]
    (tmp_path / "results.json").write_text(json.dumps({"networks": networks}))
    assert read_looks(tmp_path) == (3,)
    assert record_look(tmp_path, read_looks(tmp_path), 5) == 2
    assert json.loads((tmp_path / "looks.json").read_text()) == {"seeds": [3, 5]}


def test_one_seed_was_no_look(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps({"networks": [{"accuracy": {"n": 1}}]}))
    assert read_looks(tmp_path) == ()


@pytest.mark.parametrize("text", ["{", "[]", '{"seeds": 3}', '{"seeds": ["x"]}'])
def test_damaged(tmp_path, text):
    (tmp_path / "looks.json").write_text(text)
    with pytest.raises(SpecError, match=r"looks\.json: damaged; restore it or move it away"):
        read_looks(tmp_path)
