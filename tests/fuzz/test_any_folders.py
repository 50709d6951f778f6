import io
import random
import shutil

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scaling.data import DataError, load
from scaling.data.endings import NOT_READ, SUFFIXES, is_hidden

FOLDERS = (
    *("train", "Training", "test", "Testing", "val", "Valid", "dev", "eval", "train_set", "images", "extra"),
    *("a", "b", "c", "caf\u00e9", "cafe\u0301", "$x$", "two words", "猫", "new\nline", "#hash", "..odd", "@eaDir", ".hidden"),
)
FILES = (
    *("0.png", "1.jpg", "2.JPG", "3.jfif", "x (copy).png", "note.txt", "labels.csv", "scan.tif", "none"),
    *("Thumbs.db", ".dot.png", "$.gif"),
)


def _image(shade):
    stream = io.BytesIO()
    Image.new("L", (4, 4), shade).save(stream, "PNG")
    return stream.getvalue()


def grow(folder, chance):
    """A tree of folders and files at random; images are all PNG inside, some damaged, some copies of each other."""
    images = [_image(shade) for shade in (0, 100, 200)]
    parts = [folder]
    for _ in range(chance.randrange(3)):
        parts.append(folder / chance.choice(FOLDERS))
    classes = chance.sample(FOLDERS[11:], chance.randrange(2, 4))
    places = [part / name for part in parts for name in classes if chance.random() < 0.8]
    places += [chance.choice(parts) / chance.choice(FOLDERS) / chance.choice(FOLDERS) for _ in range(chance.randrange(3))]
    for place in [*places, *(parts if chance.random() < 0.3 else [])]:
        place.mkdir(parents=True, exist_ok=True)
        for number in range(chance.randrange(7)):
            (place / f"{number}.png").write_bytes(chance.choice(images))
        if chance.random() < 0.3:
            name = chance.choice(FILES)
            (place / name).write_bytes(chance.choice(images) if chance.random() < 0.8 else b"damaged")
        if chance.random() < 0.05 and not (place / "link").is_symlink():
            (place / "link").symlink_to(chance.choice((place, folder, place / "gone", "link")), target_is_directory=True)


def one_line(error):
    assert "\n" not in str(error)


def test_folders(cases, tmp_path):
    folder = tmp_path / "set"

    @cases
    @given(st.integers(0, 2**32), st.booleans(), st.booleans(), st.booleans())
    def law(seed, top_classes, skip_unreadable, grouped):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        grow(folder, random.Random(seed))
        files = [path for path in folder.rglob("*") if not path.is_symlink() and path.is_file()]
        try:
            found = load(folder, top_classes=top_classes, skip_unreadable=skip_unreadable, grouped=grouped)
        except DataError as error:
            return one_line(error)
        used = sum(len(split) for split in (found.train, found.validation, found.test))
        assert used >= 3
        seen = [path for path in files if not any(map(is_hidden, path.relative_to(folder).parts))]
        linked = any(path.is_symlink() for path in folder.rglob("*"))
        # No file of a dataset is passed over in silence.
        images = sum(path.suffix.lower() in SUFFIXES for path in seen)
        assert linked or used + len(found.unreadable) == images or found.notes
        assert bool(found.unreadable) <= skip_unreadable
        others = [path for path in seen if path.suffix.lower() not in SUFFIXES]
        assert linked or not others or found.notes
        assert not any(path.suffix.lower() in NOT_READ for path in seen) or found.notes

    law()
