"""The command that classifies images, with a stand-in for the networks."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from scaling.predict.__main__ import main
from scaling.weights.errors import WeightsError
from scaling.weights.preprocessing import Preprocessing

ROOT = Path(__file__).parents[2]
SEEN = Preprocessing(6, 0.9, (100.0, 100.0, 100.0), (100.0, 100.0, 100.0))


class Colours:
    """Tells the strongest of red, green and blue: three of its outputs are ln 100 times that channel's mean, others are 0."""

    def __init__(self, outputs, factor=1.0):
        self.outputs, self.factor, self.batches = outputs, factor, []

    def __call__(self, images):
        assert images.dtype == np.float32
        self.batches.append(images.shape)
        logits = np.zeros((len(images), self.outputs), np.float32)
        logits[:, -3:] = self.factor * np.log(100) * images.mean((1, 2))
        return logits


@pytest.fixture
def network(monkeypatch):
    """The network that the command loads."""
    return use(monkeypatch, Colours(1000))


def use(monkeypatch, made, *remarks, entry=""):
    def pretrained(name, weights):
        if name not in ("colours", "shades"):
            raise WeightsError(f"no model {name!r}; known: colours, shades")
        if weights is not None and not weights.exists():
            raise WeightsError(f"{weights}: no such\nfile")
        source = str(weights or "the package of colours")
        return SimpleNamespace(network=made, preprocessing=SEEN, source=source, entry=entry, remarks=remarks)

    fake = ModuleType("scaling.weights.models")
    fake.pretrained = pretrained
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    return made


@pytest.fixture
def image(tmp_path):
    """image(name, colour) -> a file."""

    def save(name, colour):
        path = tmp_path / name
        Image.new("RGB", (9, 8), colour).save(path)
        return path

    return save


def run(capsys, *words):
    status = main([*map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


def test_text(network, image, capsys):
    red, blue = image("red.png", (200, 100, 100)), image("blue.png", (100, 100, 200))
    assert run(capsys, "--model", "colours", "--top", 2, red, blue) == (
        0,
        "colours, weights from the package of colours\n"
        f"\n{red}\n   9.1 %  997 bolete\n   0.1 %    0 tench\n"
        f"\n{blue}\n   9.1 %  999 toilet tissue\n   0.1 %    0 tench\n",
        "",
    )
    assert network.batches == [(2, 6, 6, 3)]


def test_json(network, image, capsys, tmp_path):
    weights, red = tmp_path / "weights", image("red.png", (200, 100, 100))
    weights.touch()
    status, out, err = run(capsys, "--model", "colours", "--weights", weights, "--json", red)
    assert (status, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    top = found["pictures"][0]["top"]
    assert found == {
        "model": "colours",
        "weights": str(weights),
        "entry": None,
        "run": None,
        "pictures": [{"path": str(red), "top": top}],
    }
    assert [one["class"] for one in top] == [997, 0, 1, 2, 3]
    assert [one["name"] for one in top[:2]] == ["bolete", "tench"]
    assert [one["probability"] for one in top] == pytest.approx([100 / 1099, *[1 / 1099] * 4])


def test_other_numbers_of_classes_have_no_names(monkeypatch, image, capsys):
    use(monkeypatch, Colours(3))
    _, out, _ = run(capsys, "--model", "colours", "--json", image("red.png", (200, 100, 100)))
    (found,) = json.loads(out)["pictures"]
    assert [(one["class"], one["name"]) for one in found["top"]] == [(0, "class 0"), (1, "class 1"), (2, "class 2")]
    assert sum(one["probability"] for one in found["top"]) == pytest.approx(1)


def test_doubt_about_the_weights_is_said_beside_the_answer(monkeypatch, image, capsys):
    use(monkeypatch, Colours(3), "weights.pth: red and blue cannot be told apart")
    status, out, err = run(capsys, "--model", "colours", "--json", image("red.png", (200, 100, 100)))
    assert (status, err, len(json.loads(out)["pictures"])) == (0, "weights.pth: red and blue cannot be told apart\n", 1)


def test_the_entry_of_a_checkpoint_is_said(monkeypatch, image, capsys):
    use(monkeypatch, Colours(3), "w.pth: its entry state_dict_ema is read", "w.pth: doubt", entry="state_dict_ema")
    red = image("red.png", (200, 100, 100))
    _, out, err = run(capsys, "--model", "colours", red)
    assert out.startswith("colours, weights from the package of colours, entry state_dict_ema\n")
    assert err == "w.pth: its entry state_dict_ema is read\nw.pth: doubt\n"
    _, out, _ = run(capsys, "--model", "colours", "--json", red)
    assert json.loads(out)["entry"] == "state_dict_ema"


def test_batches(network, image, capsys):
    paths = [image(f"{number}.png", (200, 100, 100)) for number in range(35)]
    status, out, _ = run(capsys, "--model", "colours", "--json", *paths)
    assert status == 0
    assert [one["path"] for one in json.loads(out)["pictures"]] == [*map(str, paths)]
    assert [shape[0] for shape in network.batches] == [16, 16, 3]


def test_images_that_cannot_be_read_are_said_and_the_others_shown(network, image, capsys, tmp_path):
    (tmp_path / "words.png").write_text("words")
    red, green = image("red.png", (200, 100, 100)), image("green.png", (100, 200, 100))
    paths = tmp_path / "nowhere.png", red, tmp_path / "words.png", green
    status, out, err = run(capsys, "--model", "colours", "--json", *paths)
    assert status == 2
    assert [one["path"] for one in json.loads(out)["pictures"]] == [str(red), str(green)]
    assert err.splitlines() == [
        f"python -m scaling.predict: error: {paths[0]}: cannot be read: No such file or directory",
        f"python -m scaling.predict: error: {paths[2]}: cannot be read: not a PNG, JPEG, WebP, BMP or GIF file",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "b0"], "no model 'b0'; known: colours, shades"),
        (["--model", "colours", "--weights", "nowhere.pth"], "nowhere.pth: no such\\nfile"),
        (["--model", "colours", "--top", "0"], "--top must be at least 1, got 0"),
        ([], "give either --model or --run with --network"),
        (["--model", "colours", "--run", "runs/step1"], "give either --model or --run with --network"),
        (["--model", "colours", "--network", "baseline"], "--network has no meaning beside --model"),
        (["--run", "runs/step1", "--weights", "a.pth"], "--weights has no meaning beside --run"),
        (["--run", "runs/nowhere"], "runs/nowhere: no such run folder here"),
    ],
    ids=str,
)
def test_bad_input_is_one_line_and_status_two(words, message, network, image, capsys):
    try:
        status = main([*words, str(image("red.png", (200, 100, 100)))])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert network.batches == []


def test_outputs_that_are_not_finite(monkeypatch, image, capsys):
    use(monkeypatch, Colours(1000, float("nan")))
    status, out, err = run(capsys, "--model", "colours", image("red.png", (200, 100, 100)))
    assert (status, out) == (2, "")
    assert "the outputs of colours are not finite; its weights may be damaged" in err


def test_without_a_readable_image_nothing_heavy_is_loaded():
    code = (
        "import sys; from scaling.predict.__main__ import main\n"
        "status = main(['--model', 'colours', 'nowhere.png'])\n"
        "assert not {'jax', 'flax', 'rich', 'matplotlib', 'scaling.weights.models'} & set(sys.modules)\n"
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "python -m scaling.predict: error: nowhere.png: cannot be read: No such file or directory\n"
