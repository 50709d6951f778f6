"""Shards of WebDataset: what their headers say is what tarfile says, and what is no set is refused in one line."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from scaling.data import DataError, load
from scaling.data.tar import members, open_tar

LONG = "deep/" * 30 + "a rather long name of a file " * 6
NAMES = ("a.txt", "d/b", LONG, LONG + "\u732b", "caf\u00e9.png", "x" * 100, "x" * 101, "p/" * 60 + "y" * 90, "k\udcff")


def image(shade, size=(6, 4)):
    stream = io.BytesIO()
    Image.new("RGB", size, (shade % 256, 0, 9)).save(stream, "PNG")
    return stream.getvalue()


def add(archive, name, content, **fields):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in fields.items():
        setattr(member, key, value)
    archive.addfile(member, io.BytesIO(content))


def found(path):
    with open_tar(path) as file:
        return list(members(path, file))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_members_are_those_that_tarfile_finds(tmp_path, form):
    path = tmp_path / "a.tar"
    random = np.random.default_rng(form)
    with tarfile.open(
        path, "w", format=form, pax_headers={"comment": "of all"} if form == tarfile.PAX_FORMAT else None
    ) as made:
        for index, name in enumerate(NAMES):
            if form == tarfile.USTAR_FORMAT and (len(name) == 101 or name.startswith("deep")):
                continue
            add(made, name, random.bytes(int(random.integers(0, 1500))), mtime=0.5 if index % 2 else 7)
            for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
                add(made, f"{index}-{kind[0]}", b"", type=kind, linkname=LONG if form != tarfile.USTAR_FORMAT else "a.txt")
    with tarfile.open(path) as archive:
        known = [(one.name, one.offset_data, one.size) for one in archive if one.isreg()]
    assert len(known) >= 5
    assert found(path) == known


def test_an_old_archive_has_no_mark_and_is_read(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as made:
        add(made, "one.txt", b"hello")
    content = bytearray(path.read_bytes())
    content[257:512] = bytes(255)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    path.write_bytes(content)
    assert found(path) == [("one.txt", 512, 5)]


def test_a_large_member_has_its_size_in_base_256(tmp_path):
    path = tmp_path / "a.tar"
    member = tarfile.TarInfo("large.bin")
    member.size = 9 * 2**30
    with path.open("wb") as file:
        file.write(member.tobuf(tarfile.GNU_FORMAT))
        file.truncate(512 + member.size)  # hollow
    assert found(path) == [("large.bin", 512, member.size)]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda content: content[:1100], "damaged or cut off: no header at byte 1,024"),
        (lambda content: content[:1600], "cut off: ends in the middle of a member at byte 1,024; fetch it again"),
        (lambda content: content[:1024] + b"?" * 512 + content[1536:], "damaged or cut off: no header at byte 1,024"),
        (lambda content: b"\x1f\x8b" + content, "is no tar archive, or is compressed; unpack it first"),
        (lambda content: content[:1024] + content[1024:1148] + b"zz" + content[1150:], "no header at byte 1,024"),
    ],
)
def test_damage_is_told(tmp_path, damage, told):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as made:
        add(made, "one.txt", b"hello")
        add(made, "two.txt", bytes(600))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=told):
        found(path)


def test_a_negative_size_leads_nowhere(tmp_path):
    path = tmp_path / "a.tar"
    member = tarfile.TarInfo("one.jpg")
    header = bytearray(member.tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"-0000001000\0"
    path.write_bytes(bytes(header) + bytes(1024))
    with pytest.raises(DataError, match="is no tar archive, or is compressed"):
        found(path)
    member.pax_headers = {"size": "-1536"}
    path.write_bytes(member.tobuf(tarfile.PAX_FORMAT) + bytes(1024))
    with pytest.raises(DataError, match="damaged: a header that says nothing readable; fetch it again"):
        found(path)


@pytest.fixture
def shards(tmp_path):
    """A function that writes shards: shards({"train-0.tar": [(label, count), ...]}, form) -> folder."""

    def write(contents, form="cls"):
        folder = tmp_path / "shards"
        for shard, classes in contents.items():
            (folder / shard).parent.mkdir(parents=True, exist_ok=True)
            with tarfile.open(folder / shard, "w") as made:
                for label, count in classes:
                    for index in range(count):
                        key = f"part.one/{label}-{index:03}"
                        add(made, f"{key}.PNG", image(index))
                        add(made, f"{key}.txt", b"a caption")
                        told = b"%d\n" % label if form == "cls" else json.dumps({"label": label, "other": [1]}).encode()
                        add(made, f"{key}.{form}", told)
        return folder

    return write


@pytest.mark.parametrize("form", ["cls", "json"])
def test_shards_are_a_set_in_splits(shards, form, tmp_path):
    folder = shards(
        {"x-train-0.tar": [(0, 10), (3, 4)], "x-train-1.tar": [(3, 6)], "x-validation-0.tar": [(0, 3), (3, 1)]}, form
    )
    listed = load(folder, store=tmp_path / "store")
    assert (listed.name, listed.classes) == ("shards", ("0", "3"))
    counts = [np.bincount(split.labels).tolist() for split in (listed.train, listed.validation, listed.test)]
    assert counts == [[8, 8], [2, 2], [3, 1]]
    assert listed.validation.names[3] == "x-train-1.tar/part.one/3-002.PNG"
    opened = listed.open(workers=0)
    assert opened.validation.images[:, 0, 0, 0].tolist() == [1, 6, 1, 2]
    assert opened.test.images.shape == (4, 4, 4, 3)
    assert opened.test.aspect.tolist() == [1.5] * 4


def test_folders_of_splits_and_three_of_them(shards, tmp_path):
    folder = shards({f"{split}/{number}.tar": [(0, 2), (1, 2)] for split in ("Train", "val", "test") for number in range(2)})
    listed = load(folder, store=tmp_path)
    assert [len(listed.train), len(listed.validation), len(listed.test)] == [8, 8, 8]
    assert listed.train.names[4].startswith("Train/1.tar/")


def test_shards_without_splits_are_shared_out_and_one_file_is_a_set(shards, tmp_path):
    folder = shards({"0.tar": [(0, 20), (1, 20)]})
    for place in (folder, folder / "0.tar"):
        listed = load(place, store=tmp_path)
        assert [len(listed.train), len(listed.validation), len(listed.test)] == [24, 10, 6]


def test_classes_are_called_as_a_file_says(shards, tmp_path):
    folder = shards({"latest-0.tar": [(0, 3), (1, 3)]})
    (folder / "classes.txt").write_text("tabby cat\nred fox\n")
    assert load(folder, store=tmp_path).classes == ("tabby cat", "red fox")
    (folder / "classes.txt").write_text("tabby cat\n")
    with pytest.raises(DataError, match=r"classes\.txt: names 1 classes, and labels go up to 1; one a line is needed"):
        load(folder, store=tmp_path)


def test_numbers_from_1_go_with_as_many_names(shards, tmp_path):
    folder = shards({"0.tar": [(1, 3), (2, 3)]})
    (folder / "classnames.txt").write_text("one\ntwo\n")
    listed = load(folder, store=tmp_path)
    assert (listed.classes, np.unique(listed.train.labels).tolist()) == (("one", "two"), [0, 1])


def test_archives_beside_class_folders_are_no_shards(folders):
    folder = folders({"a": 3, "b": 3})
    with tarfile.open(folder / "backup.tar", "w"):
        pass
    assert load(folder).notes == ("Files passed over because they are no images: 1 .tar.",)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([("a.png", image(0))], 'a.png has no label: needs a member of its name that ends in .cls, or .json with "label"'),
        ([("a.png", image(0)), ("a.json", b"{}")], "a.png has no label"),
        ([("a.png", image(0)), ("a.jpg", b""), ("a.cls", b"1")], "a.png and a.jpg are two images of one sample"),
        ([("a.png", image(0)), ("a.cls", b"cat")], "a.cls must hold the number of a class, from 0 on, got b'cat'"),
        ([("a.png", image(0)), ("a.cls", b"-1")], "a.cls must hold the number of a class, from 0 on, got b'-1'"),
        ([("a.txt", b"")], "no images in 0.tar"),
        ([("a.png", image(0)), ("a.cls", b"0")], "needs at least two classes, found 1: '0'"),
    ],
)
def test_what_is_no_set_of_images_is_refused(tmp_path, files, told):
    (tmp_path / "shards").mkdir()
    with tarfile.open(tmp_path / "shards" / "0.tar", "w") as made:
        for name, content in files:
            add(made, name, content)
    with pytest.raises(DataError, match=told):
        load(tmp_path / "shards")


def test_other_refusals_of_shards(shards, tmp_path):
    folder = shards({"val-0.tar": [(0, 3), (1, 3)]})
    with pytest.raises(DataError, match=r"holds val-0\.tar and no file of train"):
        load(folder)
    with pytest.raises(DataError, match="shards and records are always stored"):
        load(shards({"train-0.tar": [(0, 3), (1, 3)]}), stored=False)
    (folder / "x.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="holds files of several forms, parquet, shards"):
        load(folder)
    for options, what in (({"grouped": True}, "images have no groups"), ({"top_classes": True}, "no folders that could be")):
        with pytest.raises(DataError, match=what):
            load(folder / "val-0.tar", **options)


def test_files_of_no_split_are_left_alone_and_said(shards, tmp_path):
    folder = shards({"train-0.tar": [(0, 3), (1, 3)], "extra-0.tar": [(0, 3)]})
    assert load(folder, store=tmp_path).notes[0] == "Left alone: extra-0.tar is of no split."


def test_a_shard_that_has_become_shorter_cannot_be_read(shards, tmp_path):
    folder = shards({"train-0.tar": [(0, 3), (1, 3)]})
    listed = load(folder, store=tmp_path / "store")
    (folder / "train-0.tar").write_bytes((folder / "train-0.tar").read_bytes()[:2000])
    with pytest.raises(DataError, match=r"of 6 images cannot be read: .*train-0\.tar has become shorter"):
        listed.open(workers=0)
