"""The gallery of a checkout: every figure that `plots/` describes, and its page: `python -m scaling.gallery`."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from scaling.cli.answer import answer
from scaling.cli.exit import status
from scaling.cli.options import Parser
from scaling.core.errors import UserError
from scaling.core.files import atomic_write
from scaling.core.names import did_you_mean
from scaling.report.document import Document, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMMAND = "python -m scaling.gallery"
PLOTS = Path("plots")

DESCRIPTION = """\
Draw the figures of the gallery. Every module plots/NAME.py of the checkout you stand in describes one: its docstring is the
title and the caption, its draw() returns the Matplotlib figure. It is written beside the module as NAME.svg and NAME.png, the
same bytes every time, and plots/README.md shows them all. Figures of recorded runs that are not there are left out."""

EXAMPLES = """\
examples:
  python -m scaling.gallery                        every figure
  python -m scaling.gallery published_dimensions   this one only
  python -m scaling.gallery --json                 what was written and what was left out, for machines

exit status: 0 done, 2 bad input (one line says what)."""

_HEAD = f"""\
# plots

The gallery: figures drawn from published numbers and from several runs. `NAME.py` says what a figure shows, `NAME.svg` and
`NAME.png` beside it are the figure. `{COMMAND}` draws them and writes this page from the modules'
docstrings. A run's own figures lie beside its records, in `runs/NAME/`.
"""


class GalleryError(UserError):
    """A gallery or one of its modules that cannot be used; one line that names it and what is wrong."""


class Caption(NamedTuple):
    """What a module's docstring says: its first line, and the rest."""

    title: str
    text: str


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("names", nargs="*", metavar="NAME", help="figures to draw: modules in plots/ (default: all)")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of lines")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return status(COMMAND, lambda: _make(options.names, options.json))


def modules(folder: Path) -> dict[str, Path]:
    """The figure modules of a gallery by their names, sorted.

    Raises:
        GalleryError: there is none.
    """
    found = {path.stem: path for path in sorted(folder.glob("*.py"))}
    if not found:
        raise GalleryError(f"no figure modules in {folder}/: the gallery belongs to a checkout of the project, run this there")
    return found


def caption(path: Path) -> Caption:
    """Title and caption of a figure, without running its module.

    Raises:
        GalleryError: the module is no Python, or has no docstring.
    """
    try:
        words = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise GalleryError(f"{path}: not a Python module: {error}") from None
    if not words:
        raise GalleryError(f"{path}: no docstring; its first line is the figure's title, the rest its caption")
    title, _, text = words.partition("\n")
    return Caption(title, text.strip())


def drawn(path: Path) -> Figure:
    """The figure of a module.

    Raises:
        NotRecorded: what it shows is not there.
        GalleryError: the module has no draw(), or that returns something else.
    """
    from matplotlib.figure import Figure

    draw = getattr(_loaded(path), "draw", None)
    if not callable(draw):
        raise GalleryError(f"{path}: no function draw(); it returns the figure")
    figure = draw()
    if not isinstance(figure, Figure):
        raise GalleryError(f"{path}: draw() must return a matplotlib Figure, got {type(figure).__name__}")
    return figure


def page(folder: Path) -> str:
    """The gallery's page: every figure that lies beside its module, with its caption and its command.

    Raises:
        GalleryError: as `modules` and `caption`.
    """
    parts = [_HEAD]
    for name, path in modules(folder).items():
        if path.with_suffix(".svg").is_file() and path.with_suffix(".png").is_file():
            title, text = caption(path)
            files = f"[module]({name}.py), [SVG]({name}.svg)"
            parts.append(f"## {title}\n\n![{title}]({name}.png)\n\n{text}\n\n`{COMMAND} {name}` ({files})\n")
    return "\n".join(parts)


def _make(names: Sequence[str], as_json: bool) -> int:
    from scaling.figures.style import save
    from scaling.study.history import NotRecorded

    known = modules(PLOTS)
    for name in names:
        if name not in known:
            raise GalleryError(f"no figure {name!r} in {PLOTS}/; there are {', '.join(known)}{did_you_mean(name, known)}")
    written, left_out = [], []
    for name in dict.fromkeys(names or known):
        caption(known[name])  # before the work: a module without one is not done
        try:
            svg, png = save(drawn(known[name]), PLOTS, name)
        except NotRecorded as reason:
            left_out.append({"name": name, "reason": str(reason)})
        else:
            written.append({"name": name, "svg": str(svg), "png": str(png)})
    atomic_write(PLOTS / "README.md", page(PLOTS))
    lines = [f"{one['name']}: {one['svg']}, {one['png']}" for one in written]
    lines += [f"{one['name']}: left out: {' '.join(one['reason'].splitlines())}" for one in left_out]
    answer(Document((*lines, Values({"figures": written, "left_out": left_out}))), as_json)
    return 0


def _loaded(path: Path) -> ModuleType:
    """A figure module, run; it may import its neighbours by their names."""
    folder = str(path.parent.resolve())
    if folder not in sys.path:
        sys.path.append(folder)
    spec = spec_from_file_location(f"plots.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise GalleryError(f"{path}: not a Python module")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
