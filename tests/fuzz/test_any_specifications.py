import json
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from scaling.ablation.__main__ import main as ablation
from scaling.family.__main__ import main as family
from scaling.grid.__main__ import main as grid

FAMILY = """
seeds = 2
data = "{images}"
baseline = "small"
[family]
rules = ["compound", "depth"]
phi = "0:2:1"
dropout_per_doubling = 0.1
[recipe]
epochs = 2
"""

ABLATION = """
seeds = 2
data = "{images}"
reference = "plain"
[networks]
small = "small"
[networks.larger]
like = "small"
resolution = 28
[recipe]
epochs = 2
batch = 4
[recipes.plain]
[recipes.published]
base = "efficientnet"
[recipes.growing.progressive]
stages = 2
smallest = 0.7
magnitude = 3
[recipes.growing.augment]
policy = "randaugment"
crop = 0.5
"""


def toml_of(table, head=""):
    """Plain data as TOML, as far as TOML has it."""
    lines, tables = [], []
    for key, value in table.items():
        if isinstance(value, dict):
            tables.append((f"{head}.{json.dumps(key)}" if head else json.dumps(key), value))
        elif value is not None:
            lines.append(f"{json.dumps(key)} = {_value(value)}")
    inside = [f"[{name}]\n{toml_of(own, name)}" for name, own in tables]
    return "\n".join([*lines, *inside])


def _value(value):
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value if one is not None)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(own)}" for key, own in value.items() if own is not None) + "}"
    return json.dumps(value)


def test_values_of_specifications(cases, obeys, edited_value, tiny_text, image_folder, tmp_path):
    searched, family_text = tomllib.loads(tiny_text), FAMILY.format(images=image_folder)
    searched |= {"grouped": False, "eligible_only": False, "limits": {"params": 1000}}
    asked = tomllib.loads(family_text)

    @cases
    @given(st.integers(0, 2**32), st.booleans())
    def law(seed, is_family):
        path = tmp_path / "spec.toml"
        changed = edited_value(asked if is_family else searched, seed)
        path.write_text(toml_of(changed if isinstance(changed, dict) else {"data": changed}), "utf-8")
        words = ["--spec", path, "--dry-run", "--json"]
        if is_family:
            obeys(family, [*words, "--train", "--to", tmp_path / "r"])
        else:
            obeys(grid, [*words, "--run", tmp_path / "r"])
        assert not (tmp_path / "r").exists()

    law()


def test_values_of_ablations(cases, obeys, edited_value, image_folder, tmp_path):
    asked = tomllib.loads(ABLATION.format(images=image_folder))

    @cases
    @given(st.integers(0, 2**32))
    def law(seed):
        path = tmp_path / "spec.toml"
        changed = edited_value(asked, seed)
        path.write_text(toml_of(changed if isinstance(changed, dict) else {"data": changed}), "utf-8")
        obeys(ablation, [path, "--dry-run", "--json", "--run", tmp_path / "r"])
        assert not (tmp_path / "r").exists()

    law()


def test_bytes_of_specifications(cases, obeys, edited, tiny_text, tmp_path):
    @cases
    @given(st.integers(0, 2**32))
    def law(seed):
        path = tmp_path / "spec.toml"
        path.write_bytes(edited(tiny_text.encode(), seed))
        obeys(grid, ["--spec", path, "--dry-run", "--json", "--run", tmp_path / "r"])

    law()
