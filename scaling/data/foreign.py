"""Forms of datasets that are known and not read: what they are, and how to get images out of them."""

from __future__ import annotations

_CLASS_FOLDERS = "write its images to FOLDER/CLASS/IMAGE"
_FORMS = (
    (
        (".arrow",),
        "Arrow of Hugging Face datasets",
        "datasets.load_dataset(...) gives PIL images, to_parquet(...) what is read",
    ),
    ((".mat",), "a file of MATLAB, as SVHN and others have", "scipy.io.loadmat(...) gives arrays"),
    ((".h5", ".hdf5"), "an HDF5 file", "h5py.File(...) gives arrays"),
    ((".mdb", ".lmdb"), "an LMDB database, as LSUN has", "the lmdb package gives encoded images"),
    ((".rec", ".beton", ".ffcv"), "records of MXNet or FFCV", "the package that wrote it gives images"),
    ((".tgz", ".zip", ".7z", ".rar", ".tar.gz", ".tar.xz", ".tar.bz2"), "an archive", "unpack it first"),
    ((".pkl", ".pickle", ".pt", ".pth", ".joblib"), "a pickle", "nothing is loaded by running it"),
    ((".npy",), "one array", "numpy.savez(FILE, x_train=..., y_train=..., x_test=..., y_test=...) is read"),
    ((".csv", ".tsv", ".json", ".jsonl"), "a table", "labels in a table are not read"),
    ((".bin",), "a binary file", "only CIFAR-10 and CIFAR-100 are read in this form, all of their files in one folder"),
)


def foreign_format(name: str) -> str | None:
    """What a file that is not read is, by its name, and the way to class folders; None where the name says nothing.

    >>> foreign_format("data-00000.arrow")  # doctest: +ELLIPSIS
    'data-00000.arrow is Arrow of Hugging Face datasets, which is not read; write its images to ...'
    """
    lower = name.lower()
    for endings, form, way in _FORMS:
        if lower.endswith(endings):
            return f"{name} is {form}, which is not read; {_CLASS_FOLDERS}: {way}"
    return None
