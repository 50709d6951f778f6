"""What README.md and the pages in docs/ say is run, or compared with what is recorded.

* A line of a `bash` block is run; what would train is a dry run.
* A command in an `sh` block, or within a sentence, needs files or hours that a test has not: the command's own parser reads it.
* A `text` block says above it which command prints it. `output of:` is run and compared, `measured by:` took a machine's time.
* A `toml` block is a specification; a dry run reads it. A `python` block is a doctest.
* A link leads to a file that there is, and to a heading of it.
"""

import doctest
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))}
INDEXES = ("runs/README.md", "plots/README.md", "tests/benchmarks/README.md")
EVERYTHING = "\n".join(PAGES.values())


def blocks(kind, text=EVERYTHING):
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def lines(kind):
    found = [line.split(" #")[0].strip() for block in blocks(kind) for line in block.splitlines()]
    return list(dict.fromkeys(line for line in found if line))


MARKED = re.findall(r"<!-- (output of|measured by): (python .*?) -->\n```text\n(.*?)^```", EVERYTHING, re.DOTALL | re.MULTILINE)
SHOWN = [(said, text) for kind, said, text in MARKED if kind == "output of"]
COMMANDS = [line for line in lines("bash") if line.startswith("python -m ") and line not in dict(SHOWN)]
SENTENCES = re.sub(r"^```.*?^```", "", EVERYTHING, flags=re.DOTALL | re.MULTILINE)
QUOTED = [" ".join(code.split()) for code in re.findall(r"`(python (?:-m scaling|tests/)[^`]*)`", SENTENCES)]
MEASURED = [said for kind, said, _ in MARKED if kind == "measured by"]
READ = list(dict.fromkeys((*lines("sh"), *QUOTED, *MEASURED)))


def command(line, *more, **options):
    return subprocess.run(
        [sys.executable, *shlex.split(line)[1:], *more],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **options,
    )


def copied(folder, tmp_path):
    shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("weights", "lock"))


@pytest.mark.parametrize("name", [name for name, text in PAGES.items() if ">>>" in text])
def test_python_examples(name):
    flags = doctest.NORMALIZE_WHITESPACE
    assert doctest.testfile(str(ROOT / name), module_relative=False, optionflags=flags).failed == 0


@pytest.mark.parametrize("line", COMMANDS)
def test_commands(line, tmp_path):
    trains = "--train" in line or line.startswith("python -m scaling.grid")
    dry = ["--dry-run"] if trains and "--dry-run" not in line else []
    for folder in ("runs", "plots"):
        copied(folder, tmp_path)
    done = command(line, *dry, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", READ)
def test_commands_that_are_only_read(line):
    words = shlex.split(line)
    if words[1] != "-m":
        assert (ROOT / words[1]).is_file()
        return
    main = importlib.import_module(f"{words[2]}.__main__")
    if words[2] == "scaling":
        assert not words[3:] or words[3] in main.commands()
    else:
        main.parser().parse_args(words[3:])


def test_no_command_is_left_out():
    strange = [line for line in lines("bash") if line not in COMMANDS and line not in dict(SHOWN) and "pip install" not in line]
    assert strange == []
    assert len(MARKED) == len(blocks("text"))
    kinds = set(re.findall(r"^```([^\n]*)\n.*?^```", EVERYTHING, re.DOTALL | re.MULTILINE))
    assert kinds <= {"bash", "sh", "text", "toml", "python", "bibtex", ""}


@pytest.mark.parametrize(("line", "said"), SHOWN)
def test_what_recorded_runs_found(line, said, tmp_path):
    """The block is printed as it stands; nothing is trained, and the result that is kept stays what it was."""
    copied("runs", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("runs/*/trials.jsonl")}
    done = command(line, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    wanted, printed = _lines(said), _lines(done.stdout)
    start = printed.index(wanted[0])
    assert printed[start : start + len(wanted)] == wanted

    assert {path: path.read_bytes() for path in before} == before
    for path in (tmp_path / word / "results.json" for word in shlex.split(line) if word.startswith("runs/")):
        ours, theirs = (_leaves(json.loads(one.read_text())) for one in (path, ROOT / path.relative_to(tmp_path)))
        assert ours.keys() == theirs.keys()
        for place, value in theirs.items():  # another processor may sum in another order
            assert ours[place] == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value), place


def test_the_two_commands_install_run_and_test():
    first, second = (line for line in "".join(blocks("bash", PAGES["README.md"])).splitlines() if "pip install" in line)
    assert first.endswith("pip install . && .venv/bin/python -m scaling.grid --phi 1")
    assert second.endswith("pip install -e '.[test]' && .venv/bin/python -m pytest -n 2")


@pytest.mark.parametrize("text", blocks("toml"))
def test_specifications(text, tmp_path):
    (tmp_path / "mine.toml").write_text(text)
    family = re.search(r"^\[family\]", text, re.MULTILINE)
    line = "python -m scaling.family --train" if family else "python -m scaling.grid"
    done = command(f"{line} --spec mine.toml --dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    if family:
        bases = [re.search(rf"^{name} *= *([\d.]+)", text, re.MULTILINE)[1] for name in ("alpha", "beta", "gamma")]
        assert f"compound is {' '.join(bases)}" in done.stdout


@pytest.mark.parametrize("name", [*PAGES, *INDEXES])
def test_links(name):
    text = (ROOT / name).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            path, _, heading = target.partition("#")
            page = (ROOT / name).parent / path if path else ROOT / name
            assert page.exists(), target
            assert not heading or heading in _headings(page), target


def _headings(page):
    """The anchors that GitHub makes of a page's headings."""
    bare = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", bare, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _lines(block):
    return [line.rstrip() for line in block.splitlines() if line.strip()]


def _leaves(data, place=""):
    """Every value of nested plain data by its place."""
    if isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        return {key: leaf for name, item in items for key, leaf in _leaves(item, f"{place}/{name}").items()}
    return {place: data}
