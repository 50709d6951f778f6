"""The floors of the package: imports run downward only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "scaling"

FLOORS = {
    "core": -1,
    "arch": 0,
    "recipe": 0,
    "writing": 0,
    "rules": 1,
    "released": 1.25,
    "counting": 1,
    "memory": 1.25,
    "roofline": 1.25,
    "profiles": 1.5,
    "solving": 1,
    "conventions": 1.25,
    "published": 1.5,
    "lattice": 2,
    "enumeration": 2.25,
    "space": 2.5,
    "limits": 2.25,
    "extrapolation": 2.5,
    "nets": 2,
    "data": 2,
    "weights": 2.75,
    "train": 3,
    "profiling": 3.5,
    "study": 4,
    "analysis": 5,
    "recorded": 5.75,
    "trained": 4.5,
    "exporting": 2.75,
    "profile_record": 5.9,
    "figures": 6,
    "report": 6,
    "findings": 6.25,
    "search_report": 6.5,
    "simulate": 7,
    "limiting": 6,
    "terminal": 5.5,
    "family_report": 6.5,
    "family_findings": 6.75,
    "family_request": 6,
    "grid": 7,
    "count": 7,
    "profile": 7,
    "family": 7,
    "gallery": 7,
    "results": 7,
    "predict": 7,
    "cam": 7,
    "export": 7,
}
ALLOWED = {
    "core": {"stdlib"},
    "arch": {"stdlib"},
    "recipe": {"stdlib"},
    "writing": {"stdlib"},
    "rules": {"stdlib"},
    "released": {"stdlib"},
    "counting": {"stdlib"},
    "memory": {"stdlib"},
    "roofline": {"stdlib"},
    "profiles": {"stdlib"},
    "solving": {"stdlib"},
    "conventions": {"stdlib"},
    "published": {"stdlib"},
    "lattice": {"stdlib"},
    "enumeration": {"stdlib", "numpy"},
    "space": {"stdlib", "numpy"},
    "limits": {"stdlib"},
    "extrapolation": {"stdlib"},
    "nets": {"stdlib", "numpy", "jax", "flax"},
    "data": {"stdlib", "numpy", "PIL"},
    "weights": {"stdlib", "numpy", "PIL", "safetensors", "ml_dtypes", "jax", "flax"},
    "train": {"stdlib", "numpy", "jax", "flax", "optax", "platformdirs", "safetensors", "scipy"},
    "profiling": {"stdlib", "numpy", "jax", "flax"},
    "study": {"stdlib", "numpy", "jax", "rich"},
    "analysis": {"stdlib", "numpy", "scipy"},
    "recorded": {"stdlib", "numpy"},
    "profile_record": {"stdlib", "numpy"},
    "figures": {"stdlib", "numpy", "matplotlib"},
    "report": {"stdlib", "rich"},
    "findings": {"stdlib"},
    "search_report": {"stdlib"},
    "simulate": {"stdlib", "numpy"},
    "limiting": {"stdlib"},
    "terminal": {"stdlib", "rich"},
    "family_report": {"stdlib", "rich"},
    "family_findings": {"stdlib", "rich"},
    "family_request": {"stdlib"},
    "family": {"stdlib", "rich"},
    "grid": {"stdlib", "rich"},
    "count": {"stdlib", "rich"},
    "profile": {"stdlib", "rich", "jax"},
    "gallery": {"stdlib", "matplotlib"},
    "results": {"stdlib"},
    "predict": {"stdlib", "numpy", "PIL"},
    "cam": {"stdlib", "numpy", "jax", "flax"},
    "export": {"stdlib", "numpy"},
    "trained": {"stdlib", "jax", "flax"},
    "exporting": {"stdlib", "numpy", "jax", "flax"},
}
HEAVY = ("jax", "flax", "optax", "numpy", "matplotlib", "scipy", "PIL", "rich")


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Every imported module of a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            folder = ROOT.joinpath(*node.module.split("."))
            submodules = [alias.name for alias in node.names if (folder / f"{alias.name}.py").exists()]
            yield from (f"{node.module}.{name}" for name in submodules)
            if len(submodules) < len(node.names):
                yield node.module


def test_every_room_has_a_floor():
    assert {room(path) for path in modules()} == set(FLOORS) == set(ALLOWED)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downward(path):
    here = room(path)
    for name in imports(path):
        top, *rest = name.split(".")
        if top != "scaling":
            kind = "stdlib" if top in sys.stdlib_module_names else top
            assert kind in ALLOWED[here], f"{here} may not import {name}"
        elif rest and rest[0] == here:
            assert len(rest) > 1 or path.parent == PACKAGE, f"{path.name} imports its own package's __init__"
        else:
            assert rest, f"{path.name} imports the package itself"
            assert FLOORS[rest[0]] < FLOORS[here], f"{here} (floor {FLOORS[here]}) imports {name}"


def test_only_an_engine_trains():
    for path in (PACKAGE / "study").glob("*.py"):
        trains = any(name.startswith("scaling.train") or name == "jax" for name in imports(path))
        assert trains == (path.name == "local.py"), path.name


def test_the_rules_need_the_standard_library_only():
    code = f"import scaling, sys; scaling.compound(1); print(*sorted(set(sys.modules) & set({HEAVY})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    "command", ["grid", "count", "profile", "family", "gallery", "results", "predict", "cam", "export", "simulate"]
)
def test_help_loads_nothing_heavy(command):
    module = f"{command}.__main__" if (PACKAGE / command).is_dir() else command
    code = (
        f"import sys; from scaling.{module} import main\n"
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
