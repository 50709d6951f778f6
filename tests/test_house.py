"""The rules of the house, read off the tree: who may import whom, what a folder is, what a module may be called.

Every rule is a function from a tree to its violations, so that each is tried on a small tree that breaks it.
"""

import ast
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = (
    "core",
    "arch recipe analysis report",
    "cli count",
    "rules",
    "nets data",
    "train weights published",
    "study",
    "profile",
    "grid",
    "family ablation",
    "search",
    "figures",
)
"""Rooms from the ground up; imports run down whole floors. A `__main__`, and a command that no room imports, stand on top."""

FACES = {"arch", "rules", "nets", "data"}
"""Rooms whose `__init__` may offer names, because it is light."""

STANDARD_LIBRARY_ONLY = {"core", "arch", "recipe", "count", "rules"}
"""Rooms that people import without an accelerator stack."""

HEAVY = ("jax", "flax", "optax", "numpy", "matplotlib", "scipy", "PIL", "rich")

LONGEST_FILE = 300
LONGEST_FUNCTION = 50


def modules(root):
    return sorted((root / "scaling").rglob("*.py"))


def place(root, path):
    return path.relative_to(root / "scaling")


def tree(path):
    return ast.parse(path.read_text("utf-8"))


def imported(path, root):
    """Every module of the package, and of others, that a file imports, wherever it does."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            folder = root.joinpath(*(node.module or "").split("."))
            for one in node.names:
                is_module = (folder / f"{one.name}.py").exists() or (folder / one.name / "__init__.py").exists()
                yield f"{module}.{one.name}" if is_module else module


def floor(room):
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms.split()), len(FLOORS))


def loose_modules(root):
    return [str(place(root, path)) for path in (root / "scaling").glob("*.py") if path.stem not in ("__init__", "__main__")]


def rooms_without_a_docstring_module(root):
    folders = {path.parent for path in modules(root)}
    return sorted(str(place(root, folder)) for folder in folders if not (folder / "__init__.py").exists())


def imports_that_run_up(root):
    found = []
    for path in modules(root):
        room = place(root, path).parts[0]
        if path.name == "__main__.py" or path.parent == root / "scaling":
            continue
        for name in imported(path, root):
            parts = name.split(".")
            if parts[0] == "scaling" and len(parts) > 1 and parts[1] != room and floor(parts[1]) >= floor(room):
                found.append(f"{place(root, path)} imports {name}")
    return found


def imports_of_a_main(root):
    return [
        f"{place(root, path)} imports {name}"
        for path in modules(root)
        for name in imported(path, root)
        if name.startswith("scaling.") and name.endswith("__main__")
    ]


def imports_of_the_package_itself(root):
    """Inside the package everything is imported from the module that defines it, and by its whole name."""
    return [
        f"{place(root, path)} imports {name}"
        for path in modules(root)
        if path.parent != root / "scaling"
        for name in imported(path, root)
        if name == "scaling" or name.startswith(".") or name == f"scaling.{place(root, path).parts[0]}"
    ]


def faces_where_there_should_be_none(root):
    found = []
    for path in (root / "scaling").rglob("__init__.py"):
        parts = place(root, path).parts
        allowed = len(parts) == 1 or (len(parts) == 2 and parts[0] in FACES)
        if not allowed and any(not isinstance(node, ast.Expr) for node in tree(path).body):
            found.append(str(place(root, path)))
    return sorted(found)


def endings(word):
    """A module's name without the inflection of its last word."""
    return re.sub(r"(ings?|ed|ers?|s|e)$", "", word)


def inflections(root):
    found = []
    for folder in sorted({path.parent for path in modules(root)}):
        stems = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("__"))
        pairs = combinations(stems, 2)
        found += [f"{place(root, folder)}: {one}, {other}" for one, other in pairs if endings(one) == endings(other)]
    return found


def imports_beyond_the_standard_library(root):
    return [
        f"{place(root, path)} imports {name}"
        for path in modules(root)
        if place(root, path).parts[0] in STANDARD_LIBRARY_ONLY and path.name != "__main__.py"
        for name in imported(path, root)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "scaling"}
    ]


def words_in_the_analysis(root):
    """The analysis is pure: no run folder, no formatting library, nothing read or written."""
    return [
        f"{place(root, path)} imports {name}"
        for path in modules(root)
        if place(root, path).parts[0] == "analysis"
        for name in imported(path, root)
        if name.split(".")[0] in ("pathlib", "json", "rich", "matplotlib", "jax", "os", "sys")
    ]


def namespaces_outside_a_main(root):
    return [
        str(place(root, path))
        for path in modules(root)
        if path.name != "__main__.py" and "argparse.Namespace" in path.read_text("utf-8")
    ]


def long_files(root):
    return [
        f"{place(root, path)}: {length} lines"
        for path in modules(root)
        if (length := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE
    ]


def long_functions(root):
    return [
        f"{place(root, path)}: {node.name} has {length} lines"
        for path in modules(root)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and (length := _own_lines(node)) > LONGEST_FUNCTION
    ]


def _own_lines(node):
    """Lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def import_cycles(root):
    """Modules that import each other when they are loaded, over any number of others."""
    edges = {}
    for path in modules(root):
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        edges[name] = _loaded_names(path, root)
    found = []
    for start in edges:
        reached, new = set(), edges[start]
        while new:
            reached |= new
            new = {other for one in new for other in edges.get(one, ())} - reached
        if start in reached:
            found.append(start)
    return found


def _loaded_names(path, root):
    """Modules of the package that a file imports as soon as it is loaded."""
    parsed, later = tree(path), set()
    for node in ast.walk(parsed):
        is_checked = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if is_checked or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            later |= {id(one) for one in ast.walk(node)}
    names = set()
    for node in ast.walk(parsed):
        if isinstance(node, ast.ImportFrom) and id(node) not in later and (node.module or "").startswith("scaling"):
            folder = root.joinpath(*node.module.split("."))
            names |= {
                f"{node.module}.{one.name}" if (folder / f"{one.name}.py").exists() else node.module for one in node.names
            }
    return names


def wide_excepts_of_commands(root):
    """Commands leave it to `scaling.cli` to tell people's mistakes from ours."""
    found = []
    for path in modules(root):
        if path.name == "__main__.py":
            for node in ast.walk(tree(path)):
                caught = ast.unparse(node.type) if isinstance(node, ast.ExceptHandler) and node.type else ""
                if isinstance(node, ast.ExceptHandler) and (not caught or re.search(r"\b(ValueError|Exception)\b", caught)):
                    found.append(f"{place(root, path)}: except {caught}")
    return found


RULES = {
    loose_modules: {"scaling/stray.py": ""},
    rooms_without_a_docstring_module: {"scaling/count/deep/cost.py": ""},
    imports_that_run_up: {"scaling/rules/rules.py": "def f():\n    from scaling.grid.space import Space\n"},
    imports_of_a_main: {"scaling/results/table.py": "from scaling.grid.__main__ import main\n"},
    imports_of_the_package_itself: {"scaling/count/cost.py": "from scaling import Architecture\n"},
    faces_where_there_should_be_none: {"scaling/study/__init__.py": "from scaling.study.run import Run\n"},
    inflections: {"scaling/profile/profile.py": "", "scaling/profile/profiling.py": ""},
    imports_beyond_the_standard_library: {"scaling/rules/rules.py": "import numpy as np\n"},
    words_in_the_analysis: {"scaling/analysis/ranking.py": "from pathlib import Path\n"},
    namespaces_outside_a_main: {"scaling/family/options.py": "import argparse\n\n\ndef f(given: argparse.Namespace): ...\n"},
    long_files: {"scaling/grid/space.py": "x = 1\n" * (LONGEST_FILE + 1)},
    long_functions: {"scaling/grid/space.py": "def f():\n" + "    x = 1\n" * (LONGEST_FUNCTION + 1)},
    import_cycles: {
        "scaling/core/one.py": "from scaling.core.two import x\n",
        "scaling/core/two.py": "from scaling.core.one import y\n",
    },
    wide_excepts_of_commands: {"scaling/grid/__main__.py": "try:\n    pass\nexcept ValueError:\n    pass\n"},
}
"""Every rule, with files that break it."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule):
    assert rule(ROOT) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_is_broken_by_what_breaks_it(rule, tmp_path):
    (tmp_path / "scaling").mkdir()
    (tmp_path / "scaling" / "__init__.py").touch()
    assert rule(tmp_path) == []
    for name, text in RULES[rule].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if rule is not rooms_without_a_docstring_module:
            (path.parent / "__init__.py").touch()
        path.write_text(text)
    assert rule(tmp_path) != []


def test_every_floor_that_is_built_has_rooms_and_every_room_is_known():
    rooms = {path.name for path in (ROOT / "scaling").iterdir() if (path / "__init__.py").exists()}
    commands = {name for name in rooms if (ROOT / "scaling" / name / "__main__.py").exists()}
    assert rooms - commands <= {room for rooms in FLOORS for room in rooms.split()}


def test_only_an_engine_trains():
    for path in (ROOT / "scaling" / "study").rglob("*.py"):
        trains = any(name.startswith("scaling.train") or name == "jax" for name in imported(path, ROOT))
        engine = path.parent.name == "engines" and path.name not in ("__init__.py", "engine.py")
        assert engine or trains == (path.name == "restore.py"), path.name


def test_the_rules_need_the_standard_library_only():
    code = f"import scaling, sys; scaling.compound(1); print(*sorted(set(sys.modules) & set({HEAVY})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def commands():
    return sorted(path.parent.name for path in (ROOT / "scaling").glob("*/__main__.py"))


@pytest.mark.parametrize("command", commands())
def test_help_loads_nothing_heavy(command):
    code = (
        f"import sys; from scaling.{command}.__main__ import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print('loaded:', *sorted(set(sys.modules) & set({HEAVY})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"  python -m scaling.{command} " in done.stdout
    assert done.stdout.rstrip().endswith("loaded:")


def test_a_dry_run_leaves_jax_alone():
    code = (
        "import sys; from scaling.grid.__main__ import main; main(['--dry-run'])\n"
        "assert not {'jax', 'flax', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
