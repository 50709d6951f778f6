"""Every command of the package: `python -m scaling` lists them, `python -m scaling NAME ...` runs one."""

from __future__ import annotations

import ast
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from scaling import __version__
from scaling.core.names import did_you_mean

COMMAND = "python -m scaling"

_HEAD = f"""\
usage: {COMMAND} NAME [FLAGS]   run a command, the same as {COMMAND}.NAME
       {COMMAND} NAME --help    what it does, its flags, examples
       {COMMAND} --version

Compound scaling of ConvNets: counted exactly, searched, trained and compared.

commands:"""


def commands() -> dict[str, str]:
    """The commands by name, each with the first sentence of its module: every folder that has a `__main__.py`."""
    mains = sorted(Path(__file__).parent.glob("*/__main__.py"))
    return {path.parent.name: _subject(path) for path in mains}


def main(arguments: Sequence[str] | None = None) -> int:
    """List the commands or run one; the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    known = commands()
    if not words or words[0] in ("-h", "--help"):
        width = max(map(len, known))
        print(_HEAD, *(f"  {name:<{width}}  {subject}" for name, subject in known.items()), sep="\n")
        return 0
    if words[0] == "--version":
        print(__version__)
        return 0
    if words[0] not in known:
        near = did_you_mean(words[0], known)
        print(f"{COMMAND}: error: no command {words[0]!r}; known: {', '.join(known)}{near}", file=sys.stderr)
        return 2
    return _run(words[0], words[1:])


def _run(name: str, words: Sequence[str]) -> int:
    """A command in this process, as `python -m` runs it."""
    before, sys.argv = sys.argv, [name, *words]
    try:
        runpy.run_module(f"scaling.{name}", run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    finally:
        sys.argv = before
    return 0


def _subject(path: Path) -> str:
    """The first sentence of a module's docstring, up to the command it names; read, not imported."""
    words = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return words.partition("\n")[0].partition(": `")[0].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
