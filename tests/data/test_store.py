"""Images stored once: the same rows as Pillow makes, whatever moment a process is killed at, and nothing that is not theirs."""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from scaling.core.errors import UserError
from scaling.data import DataError, load, store, store_rows
from scaling.data.pillow import in_memory
from scaling.data.squeeze import squeeze
from scaling.data.store_place import moved, rows_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photos(tmp_path):
    """Two classes of 30 images: JPEGs of many sizes, and one of each odd kind."""
    random = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for index in range(30):
            width, height = random.integers(20, 140, 2).tolist()
            coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8)).resize((width, height))
            coarse.save(tmp_path / "photos" / label / f"{index:02}.jpg", quality=90)
    place = tmp_path / "photos" / "a"
    turned = Image.Exif()
    turned[0x0112] = 6
    coarse.resize((60, 20)).save(place / "00.jpg", exif=turned)
    coarse.convert("CMYK").save(place / "01.jpg")
    coarse.convert("P").save(place / "02.png")
    glass = coarse.convert("RGBA")
    glass.putalpha(77)
    glass.save(place / "03.png")
    Image.fromarray(random.integers(0, 4096, (30, 40), np.uint16)).save(place / "04.png")
    for number in (2, 3, 4):
        (place / f"{number:02}.jpg").unlink()
    return tmp_path / "photos"


def listed(photos, tmp_path, **options):
    return load(photos, **{"side": 16, "stored": True, "store": tmp_path / "store", **options})


def directly(path, side):
    """A row by Pillow's own functions: upright, on white, squeezed."""
    with Image.open(path) as image:
        exif = image.getexif().get(0x0112, 1)
        if image.mode.startswith("I"):
            image = Image.fromarray((np.asarray(image) >> 4).astype(np.uint8))
        image = image.transpose(Image.Transpose.ROTATE_270) if exif == 6 else image
        if "A" in image.mode:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("side", [5, 16, 40])
@pytest.mark.parametrize("workers", [0, 2])
def test_rows_are_what_pillow_makes_of_whole_images(photos, tmp_path, side, workers):
    opened = listed(photos, tmp_path, side=side).open(workers=workers)
    for split in (opened.train, opened.validation, opened.test):
        assert isinstance(split.images, np.memmap)
        assert split.images.shape[1:] == (side, side, 3)
        for index, name in enumerate(split.names):
            with Image.open(photos / name) as image:
                size = image.size[::-1] if name == "a/00.jpg" else image.size
                if image.size[0] >= 4 * side and image.size[1] >= 4 * side:
                    continue  # decoded at a part of its size
            assert np.array_equal(split.images[index], directly(photos / name, side)), name
            assert split.aspect[index] == pytest.approx(size[0] / size[1])
    pixels = opened.train.images.reshape(-1, 3)
    assert opened.stored.mean == pytest.approx(pixels.mean(0))
    assert opened.stored.deviation == pytest.approx(pixels.std(0))
    assert opened.notes == ("16-bit grey images hold numbers up to 4,095 at most: scaled from 12 bits to 8.",)


def test_large_jpegs_are_decoded_at_a_part_of_their_size_and_look_alike(tmp_path):
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (30, 40, 3), np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
    row = np.empty((48, 48, 3), np.uint8)
    asked = []
    stream = io.BytesIO()
    coarse.save(stream, "JPEG", quality=95)
    real = Image.Image.resize

    def resize(image, *words, **options):
        asked.append(image.size)
        return real(image, *words, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image.Image, "resize", resize)
        made, reason = squeeze(in_memory("x", memoryview(stream.getvalue())), row)
    assert (made.aspect, reason, asked) == (640 / 480, "", [(160, 120)])  # a quarter: an eighth is below twice 48
    with Image.open(stream) as image:
        whole = np.asarray(image.convert("RGB").resize((48, 48), Image.Resampling.BICUBIC))
    difference = np.abs(row.astype(int) - whole)
    assert difference.mean() < 0.5
    assert difference.max() <= 4


@pytest.mark.parametrize("turn", range(1, 9))
def test_what_is_decoded_at_a_part_of_an_odd_size_is_turned_and_lies_where_it_should(turn):
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (8, 10, 3), np.uint8)).resize((171, 133), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = turn
    stream = io.BytesIO()
    coarse.save(stream, "JPEG", quality=98, subsampling=0, exif=exif)
    row = np.empty((16, 16, 3), np.uint8)
    made, _ = squeeze(in_memory("x", memoryview(stream.getvalue())), row)
    with Image.open(stream) as image:
        whole = ImageOps.exif_transpose(image)
    assert made.aspect == whole.width / whole.height
    wanted = np.asarray(whole.resize((16, 16), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(row - wanted).max() <= 4


def test_all_grey_is_one_channel(folders, tmp_path):
    folder = folders({"a": 6, "b": 6}, mode="L")
    opened = listed(folder, tmp_path, side=None).open(workers=0)
    assert opened.in_channels == 1
    assert opened.train.images[:, 0, 0, 0].tolist() == load(folder).train.images[:, 0, 0, 0].tolist()


def test_nothing_is_decoded_twice_or_read_for_the_set(photos, tmp_path, monkeypatch):
    told = []
    first = listed(photos, tmp_path).open(lambda done, total: told.append((done, total)), workers=0)
    assert told[0] == (0, 60)
    assert told[-1] == (60, 60)
    monkeypatch.setattr(store_rows, "squeeze", lambda *_: pytest.fail("decoded"))
    again = listed(photos, tmp_path)
    assert again.notes[-1].startswith("60 images are stored in ")
    second = again.open(told.append)
    assert second.fingerprint == again.fingerprint == first.fingerprint
    assert not second.train.images.flags.writeable
    assert np.shares_memory(second.train.images, second.train.images.base)
    assert isinstance(second.train.images, np.memmap)


KILLED = """
import sys
from scaling.data import load, store
store._MOST_ROWS = 3
store._COMMIT_SECONDS = 0
load(sys.argv[1], side=16, stored=True, store=sys.argv[2], skip_unreadable=True).open(
    lambda done, total: print(done, flush=True), workers=int(sys.argv[3]))
"""


def contents(folder):
    return {name: (folder / name).read_bytes() for name in ("pixels.u8", "rows.bin", "store.json")}


def only(folder):
    (found,) = folder.iterdir()
    return found


@pytest.mark.parametrize("workers", [0, 2])
def test_a_killed_process_is_gone_on_from(photos, tmp_path, monkeypatch, workers):
    (photos / "b" / "29.jpg").write_bytes(b"damaged")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, photos, tmp_path / "store", str(workers)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    for line in process.stdout:
        if int(line) >= 20:
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    place = only(tmp_path / "store")
    assert not (place / "store.json").exists()
    book = np.fromfile(place / "rows.bin", store_rows.row_type(3))
    assert 20 <= (book["stored"] == 1).sum() < 60
    found = listed(photos, tmp_path).place
    missing = {found.source.names[index] for index in found.order[book["stored"] == 0]}
    assert listed(photos, tmp_path).notes[-1].endswith("some of them are there already.")
    decoded = []

    def counted(source, row, bits):
        decoded.append(source.name)
        return squeeze(source, row, bits)

    monkeypatch.setattr(store_rows, "squeeze", counted)
    listed(photos, tmp_path, skip_unreadable=True).open(workers=0)
    deep = "a/04.png"  # may be decoded once more, when it is known how many of its 16 bits the set uses
    assert sorted(name for name in decoded if name != deep) == sorted(missing - {deep})
    monkeypatch.undo()
    listed(photos, tmp_path, store=tmp_path / "other", skip_unreadable=True).open(workers=0)
    assert contents(place) == contents(only(tmp_path / "other"))


def test_unreadable_images_are_told_as_for_small_sets(photos, tmp_path, monkeypatch):
    whole = {name: (photos / name).read_bytes() for name in ("a/05.jpg", "b/00.jpg", "b/10.jpg", "a/06.jpg")}
    for name, content in whole.items():
        (photos / name).write_bytes(bytes(len(content)) if name == "a/06.jpg" else content[:100] + bytes(len(content) - 100))
    with pytest.raises(DataError) as small:
        load(photos)
    with pytest.raises(DataError) as large:
        listed(photos, tmp_path).open(workers=0)
    assert str(large.value) == str(small.value)
    assert not (only(tmp_path / "store") / "store.json").exists()
    opened = listed(photos, tmp_path, skip_unreadable=True).open(workers=0)
    assert opened.unreadable == load(photos, skip_unreadable=True).unreadable
    assert "4 of 60 images cannot be read and were passed over, the first: a/05.jpg: " in opened.notes[-1]
    again = listed(photos, tmp_path, skip_unreadable=True)
    assert again.fingerprint == opened.fingerprint
    assert [len(again.train), len(again.validation), len(again.test)] == [
        len(opened.train),
        len(opened.validation),
        len(opened.test),
    ]
    assert len(opened.train) + len(opened.validation) + len(opened.test) == 56
    for split, known in ((opened.train, again.train), (opened.validation, again.validation), (opened.test, again.test)):
        assert list(split.names) == list(known.names)
        for index, name in enumerate(split.names):
            with Image.open(photos / name) as image:
                if min(image.size) < 64:
                    assert np.array_equal(split.images[index], directly(photos / name, 16)), name
            assert opened.classes[split.labels[index]] == name[0]
    mean = opened.train.images.reshape(-1, 3).mean(0)
    assert opened.stored.mean == pytest.approx(mean)
    tried = []
    monkeypatch.setattr(store_rows, "squeeze", lambda source, *rest: tried.append(source.name) or squeeze(source, *rest))
    assert len(again.open(workers=0).train) == len(opened.train)
    assert tried == []
    with pytest.raises(DataError, match=r"4 of 60 images cannot be read: a/05\.jpg"):
        listed(photos, tmp_path).open(workers=0)
    assert sorted(set(tried)) == sorted(whole)
    for name, content in whole.items():  # mended, of the same size as before
        (photos / name).write_bytes(content)
    mended = listed(photos, tmp_path).open(workers=0)
    assert mended.unreadable == listed(photos, tmp_path, skip_unreadable=True).open(workers=0).unreadable == ()
    fresh = listed(photos, tmp_path, store=tmp_path / "fresh").open(workers=0)
    for one, other in zip(
        (mended.train, mended.validation, mended.test), (fresh.train, fresh.validation, fresh.test), strict=True
    ):
        np.testing.assert_array_equal(one.images, other.images)


def test_a_set_of_nothing_readable_is_refused(folders, tmp_path):
    folder = folders({"a": 3, "b": 3})
    for file in folder.glob("*/*"):
        file.write_bytes(b"x")
    with pytest.raises(DataError, match=r"6 of 6 images cannot be read: .*, \.\.\.; remove or replace them$"):
        listed(folder, tmp_path, skip_unreadable=True).open(workers=0)


def test_a_split_that_loses_all_of_a_class_is_refused(folders, tmp_path):
    folder = folders({"a": 3, "b": 30})
    (folder / "a" / "001.png").write_bytes(b"x")
    with pytest.raises(DataError, match="class 'a' has 2 images, too few to fill every split: none is left for validation"):
        listed(folder, tmp_path, skip_unreadable=True).open(workers=0)


@pytest.mark.parametrize("unreadable", [[], [0], [3, 4], [0, 1, 2, 5, 9], [2, 6, 9], [7, 8, 9], range(10)])
def test_rows_that_cannot_be_read_are_filled_from_the_end_of_their_split(unreadable):
    codes = np.array([0, 0, 0, 0, 0, 1, 1, 2, 2, 2], np.uint8)
    rows, slices = moved(codes, unreadable)
    readable = set(range(10)) - set(unreadable)
    for code, one in enumerate(slices):
        held = rows[one].tolist()
        assert sorted(held) == sorted(readable & set(np.flatnonzero(codes == code).tolist()))
        assert all(row == at for at, row in zip(range(one.start, one.stop), held, strict=True) if at in readable)


def test_no_room_is_said_before_anything_is_decoded(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    told = r"the images need 48\.7 KiB more and 1000 B are free there; --store FOLDER names another place"
    with pytest.raises(UserError, match=told):
        listed(photos, tmp_path).open(workers=0)


def test_a_disk_that_becomes_full_is_said(photos, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "flush_to_disk", full)
    with pytest.raises(UserError, match="images cannot be stored: No space left on device; --store FOLDER names another"):
        listed(photos, tmp_path).open(workers=0)


def test_a_place_that_cannot_be_one_is_said(photos, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file: cannot be a folder|is a file; name another"):
        listed(photos, tmp_path, store=tmp_path / "file").open(workers=0)


def test_two_at_once_are_refused(photos, tmp_path):
    set_ = listed(photos, tmp_path)
    set_.place.folder.mkdir(parents=True)
    with store._locked(set_.place.folder), pytest.raises(UserError, match="another process is storing these images; wait"):
        set_.open(workers=0)
    assert set_.open(workers=0).train.images.any()


def damage_purpose(folder):
    (folder / "begun.json").write_text("{")


def damage_length(folder):
    (folder / "rows.bin").write_bytes(b"")


def damage_pixels(folder):
    (folder / "pixels.u8").write_bytes((folder / "pixels.u8").read_bytes()[:-1])


@pytest.mark.parametrize("damage", [damage_purpose, damage_length, damage_pixels])
def test_a_damaged_store_is_made_anew_and_said(photos, tmp_path, capsys, damage):
    set_ = listed(photos, tmp_path)
    set_.open(workers=0)
    whole = contents(set_.place.folder)
    (set_.place.folder / "store.json").unlink()
    damage(set_.place.folder)
    told = []
    listed(photos, tmp_path).open(lambda done, total: told.append(done), workers=0)
    assert capsys.readouterr().err == f"{set_.place.folder}: holds something else, or is damaged; the images are stored anew\n"
    assert told[0] == 0
    assert contents(set_.place.folder) == whole


def test_rows_whose_checksum_is_wrong_are_stored_again(photos, tmp_path):
    set_ = listed(photos, tmp_path)
    set_.open(workers=0)
    folder = set_.place.folder
    whole = contents(folder)
    (folder / "store.json").unlink()
    book = np.memmap(folder / "rows.bin", store_rows.row_type(3), "r+")
    book["aspect"][7] += 1
    book["stored"][9] = 0
    book[[11, 12]] = book[[12, 11]]
    book.flush()
    told = []
    listed(photos, tmp_path).open(lambda done, total: told.append(done), workers=0)
    assert told[0] == 56
    assert contents(folder) == whole


def test_a_finished_store_that_says_something_else_is_not_believed(photos, tmp_path, capsys):
    set_ = listed(photos, tmp_path)
    set_.open(workers=0)
    folder = set_.place.folder
    whole = contents(folder)
    for text in ("{}", "[1]", json.dumps({**json.loads(whole["store.json"]), "listing": "another"}), "\0"):
        (folder / "store.json").write_text(text)
        listed(photos, tmp_path).open(workers=0)
        assert contents(folder) == whole
    assert len(rows_of(set_.place)) == 60


def test_what_else_lies_in_the_folder_is_left_alone(photos, tmp_path):
    set_ = listed(photos, tmp_path)
    set_.place.folder.mkdir(parents=True)
    (set_.place.folder / "mine.txt").write_text("kept")
    set_.open(workers=0)
    assert (set_.place.folder / "mine.txt").read_text() == "kept"


def test_a_worker_that_is_ended_from_outside_is_said(photos, tmp_path, monkeypatch):
    from scaling.data import workers

    real = subprocess.Popen

    def short_lived(words, **options):
        return real([words[0], "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"], **options)

    monkeypatch.setattr(workers.subprocess, "Popen", short_lived)
    with pytest.raises(UserError, match=r"a worker process ended with signal 9, .*; the same command goes on from here"):
        listed(photos, tmp_path).open(workers=1)


def test_a_script_without_a_guard_and_a_folder_of_other_modules_do_no_harm(photos, tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit('taken from the current folder')")
    (tmp_path / "script.py").write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.remove({str(tmp_path)!r})
        from scaling.data import load
        print(load({str(photos)!r}, side=8, stored=True, store="store").open(workers=2).train.images.shape)
        """)
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.stdout, done.stderr) == ("(36, 8, 8, 3)\n", "")


def test_an_interrupt_ends_the_workers(photos, tmp_path):
    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        listed(photos, tmp_path).open(interrupt, workers=2)
        pytest.fail("not interrupted")
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    assert not children.exists() or children.read_text() == ""
