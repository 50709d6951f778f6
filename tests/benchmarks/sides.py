"""What the benchmarks share: measuring in a fresh process, the peers' packages, tables and JSON."""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import resource
import subprocess
import sys

from scaling.study.provenance import host


def parser(description):
    """A command's flags: those that all share."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    made.add_argument("--measure", help=argparse.SUPPRESS)  # how a command calls itself in a fresh process
    return made


def whole(most=None):
    """The type of a flag that takes whole numbers from 1, to `most` if given."""

    def number(word):
        value = int(word)
        if value < 1 or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be {'1 or more' if most is None else f'from 1 to {most}'}, got {value}")
        return value

    return number


def require(*packages):
    """End with one line if a peer is missing."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        print(f"nothing to compare with, {', '.join(missing)} missing: pip install -e '.[bench]'", file=sys.stderr)
        sys.exit(2)


def in_fresh_process(script, settings, environment=None):
    """What `script` answers to `--measure SETTINGS`: the last line of its standard output, as JSON.

    A process of its own has its own peak memory, and torch and JAX never share one. Both sides stay on the CPU.
    """
    command = [sys.executable, script, "--measure", json.dumps(settings)]
    return json.loads(run(command, environment).splitlines()[-1])


def run(command, environment=None):
    """The standard output of a command; its standard error goes to ours."""
    surroundings = {**os.environ, "JAX_PLATFORMS": "cpu", **(environment or {})}
    done = subprocess.run(command, env=surroundings, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"a side ended with status {done.returncode}: {' '.join(command)}")
    return done.stdout


def with_cache(folder):
    """Environment of a process that keeps compiled programs in `folder`."""
    return {"JAX_COMPILATION_CACHE_DIR": str(folder), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1"}


def peak_megabytes():
    """Most memory this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def origin(*packages):
    """Machine and versions, as plain data."""
    return {"host": host(), "versions": {name: importlib.metadata.version(name) for name in packages}}


def told(origin):
    """The same for people."""
    return ", ".join([origin["host"], *(f"{name} {version}" for name, version in origin["versions"].items())])


def say(*words):
    """Progress, on standard error."""
    print(*words, file=sys.stderr, flush=True)


def print_table(headers, rows):
    """Columns as wide as their cells: words to the left, numbers to the right."""
    cells = [[_plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    aligns = [str.ljust if isinstance(cell, str) else str.rjust for cell in rows[0]]
    for line in (headers, *cells):
        print("  ".join(align(*pair) for align, *pair in zip(aligns, line, widths, strict=True)).rstrip())


def _plain(cell):
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.2f}"
