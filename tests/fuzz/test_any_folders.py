import io
import random
import re
import shutil

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scaling.data import DataError, load
from scaling.data.endings import SUFFIXES, is_hidden

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


def counted(pattern, told):
    """The sum of the numbers in what is said."""
    return sum(
        int(number) for line in re.findall(pattern, told) for number in re.findall(r"(\d+) ?(?:\.|without|others|$)", line)
    )


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
        assert bool(found.unreadable) <= skip_unreadable
        if any(path.is_symlink() for path in folder.rglob("*")):
            return None  # files may be there twice, or not at all
        seen = [path.suffix.lower() for path in files if not any(map(is_hidden, path.relative_to(folder).parts))]
        images = sum(ending in SUFFIXES for ending in seen)
        told = "\n".join(found.notes)
        if "Left alone" in told:
            assert used + len(found.unreadable) <= images
        else:  # no file of a dataset is passed over in silence
            assert used + len(found.unreadable) + counted("Images in no class folder, passed over: (.*)", told) == images
            assert counted("Files passed over because they are no images: (.*)", told) == len(seen) - images
        return None

    law()
