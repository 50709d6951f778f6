"""The conventions of `scaling.count` beside the tools themselves, where they are installed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

PEERS = ("torch", "torchvision", "timm", "thop", "ptflops", "fvcore")
MISSING = [name for name in PEERS if importlib.util.find_spec(name) is None]


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} missing: pip install -e '.[bench]'")
def test_every_tool_counts_what_its_convention_says():
    script = Path(__file__).with_name("conventions.py")
    done = subprocess.run([sys.executable, script, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert len(rows) == 25
    assert [row for row in rows if not row["equal"]] == []
