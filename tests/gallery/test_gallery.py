"""The gallery: drawn where it is, told in one line where it cannot be."""

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from scaling.gallery.__main__ import caption, drawn, main, modules, page
from scaling.study.history import NotRecorded

ROOT = Path(__file__).parents[2]
PLOTS = ROOT / "plots"
MODULE = '''"""{title}

What it shows.
"""

from matplotlib.figure import Figure

from scaling.study.history import NotRecorded


def draw() -> Figure:
    """The figure."""
{body}
'''
DOT = "    figure = Figure()\n    figure.add_axes((0, 0, 1, 1)).plot([1], [1], marker='o')\n    return figure"
MISSING = "    raise NotRecorded('runs/x is missing:\\nrun python -m scaling.grid')"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """checkout(name=body, ...) makes a folder with plots/ the current one."""
    monkeypatch.chdir(tmp_path)

    def make(**bodies):
        for name, body in bodies.items():
            (tmp_path / "plots").mkdir(exist_ok=True)
            text = MODULE.format(title=f"Title of {name}", body=body) if body.startswith("    ") else body
            (tmp_path / "plots" / f"{name}.py").write_text(text)
        return tmp_path / "plots"

    return make


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_figures_and_page_are_made_and_stay_as_they_are(checkout, capsys):
    plots = checkout(one=DOT, two=MISSING)
    assert main([]) == 0
    assert capsys.readouterr() == (
        "one: plots/one.svg, plots/one.png\ntwo: left out: runs/x is missing: run python -m scaling.grid\n",
        "",
    )
    made = files(plots)
    assert sorted(made) == ["README.md", "one.png", "one.py", "one.svg", "two.py"]
    text = made["README.md"].decode()
    assert "## Title of one\n\n![Title of one](one.png)\n\nWhat it shows.\n\n`python -m scaling.gallery one`" in text
    assert "two" not in text
    assert main([]) == 0
    assert files(plots) == made


def test_only_the_named_are_drawn(checkout, capsys):
    plots = checkout(one=DOT, three=DOT, two=MISSING)
    assert main(["three", "three", "two", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "figures": [{"name": "three", "svg": "plots/three.svg", "png": "plots/three.png"}],
        "left_out": [{"name": "two", "reason": "runs/x is missing:\nrun python -m scaling.grid"}],
    }
    assert "one.png" not in files(plots)
    assert "Title of one" not in files(plots)["README.md"].decode()


@pytest.mark.parametrize(
    ("bodies", "words", "message"),
    [
        ({}, [], "no figure modules in plots/: the gallery belongs to a checkout of the project, run this there"),
        ({"one": DOT}, ["on"], "no figure 'on' in plots/; there are one"),
        ({"one": "x = 1\n"}, [], "plots/one.py: no docstring; its first line is the figure's title, the rest its caption"),
        ({"one": '"""Title."""\n'}, [], "plots/one.py: no function draw(); it returns the figure"),
        ({"one": '"""Title."""\ndraw = lambda: 3\n'}, [], "plots/one.py: draw() must return a matplotlib Figure, got int"),
        ({"one": '"""Title."""\n(\n'}, [], "plots/one.py: not a Python module: '(' was never closed"),
        ({"one": DOT}, ["--all"], "unrecognized arguments: --all"),
    ],
)
def test_bad_input_is_one_line_and_status_two(bodies, words, message, checkout, capsys):
    checkout(**bodies)
    try:
        status = main(words)
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("    raise RuntimeError('oh no')", RuntimeError, "oh no"),
        ('"""Title."""\n\nimport nowhere\n', ModuleNotFoundError, "No module named 'nowhere'"),
    ],
)
def test_a_bug_of_a_module_is_a_traceback(body, error, message, checkout):
    checkout(one=body)
    with pytest.raises(error, match=message):
        main([])


def test_a_folder_that_cannot_be_written(checkout, capsys):
    plots = checkout(one=DOT)
    (plots / "one.svg").mkdir()
    assert main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("path", modules(PLOTS).values(), ids=lambda path: path.stem)
def test_every_module_of_this_checkout_draws(path):
    assert caption(path).text
    try:
        figure = drawn(path)
    except NotRecorded as reason:
        pytest.skip(str(reason))
    assert isinstance(figure, Figure)
    assert path.with_suffix(".svg").is_file()
    assert path.with_suffix(".png").is_file()


def test_the_page_of_this_checkout_is_current():
    assert (PLOTS / "README.md").read_text("utf-8") == page(PLOTS)
