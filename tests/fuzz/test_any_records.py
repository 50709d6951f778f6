import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling.family.__main__ import main as family
from scaling.grid.__main__ import main as grid
from scaling.results.__main__ import main

FAMILY = """
[family]
rules = ["compound", "width"]
phi = "0:2:1"
"""


@pytest.fixture(
    params=[("search", 1), ("family", 1), ("search", 2)],
    ids=lambda asked: f"{asked[0]} from {asked[1]} seed(s)",
    scope="module",
)
def run(request, tmp_path_factory, tiny_text, obeys):
    """A small search, and a small family, trained and recorded; and how many of the cases are tried on it."""
    kind, seeds = request.param
    folder = tmp_path_factory.mktemp("recorded")
    spec, made = folder / "tiny.toml", folder / "run"
    text = tiny_text.replace("seeds = 2", f"seeds = {seeds}")
    if kind == "search":
        spec.write_text(text)
        assert obeys(grid, ["--spec", spec, "--run", made]) == 0
    else:
        head, _, tail = text.replace("phi = 1\n", "").partition("[lattice]")
        spec.write_text(f"{head}{FAMILY}[recipe]{tail.partition('[recipe]')[2]}")
        assert obeys(family, ["--train", "--spec", spec, "--to", made]) == 0
    for path in [*made.glob("*.png"), *made.glob("*.svg")]:
        path.unlink()
    return made, 1 if seeds == 1 else 10  # a ranking of several seeds is ten times as slow


def damage(folder, seed, edited, edited_value):
    """One file of a run folder changed, by bytes or by values."""
    chance = random.Random(seed)
    path = chance.choice([path for path in sorted(folder.iterdir()) if path.suffix in (".json", ".jsonl")])
    content = path.read_bytes()
    if chance.random() < 0.3:
        path.write_bytes(edited(content, seed))
        return
    lines = content.split(b"\n") if path.suffix == ".jsonl" else [content]
    at = chance.randrange(len(lines))
    if lines[at]:
        lines[at] = json.dumps(edited_value(json.loads(lines[at]), seed)).encode()
    path.write_bytes(b"\n".join(lines))


def test_records(cases, obeys, edited, edited_value, contents, run):
    run, slower = run
    whole = {path: content for path, content in contents(run).items() if path.parent == run}

    @settings(cases, max_examples=max(10, cases.max_examples // slower))
    @given(st.integers(0, 2**32))
    def law(seed):
        for path, content in whole.items():
            path.write_bytes(content)
        damage(run, seed, edited, edited_value)
        before = {path: path.read_bytes() for path in whole}
        obeys(main, [run, "--json"])
        assert {path: path.read_bytes() for path in whole} == before

    law()
