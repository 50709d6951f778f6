"""What the name of a file or folder says of it: an image, an image of a format that is not read, something of the system's."""

from __future__ import annotations

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".jfif", ".jpe", ".mpo", ".apng", ".dib")
"""Endings of images that are decoded: the six formats, then other names that they go by."""

_NOT_READ = """
    tif tiff heic heics heif heifs hif avif avifs jp2 j2k jpf jpx jpm jxl jxr wdp ppm pgm pbm pnm pfm pam tga dds psd psb xcf
    ico icns pcx sgi ras xbm xpm svg svgz eps exr hdr qoi fits dcm dicom nii mha nrrd
    dng nef nrw cr2 cr3 crw arw sr2 srf raf orf rw2 pef srw x3f 3fr iiq kdc mrw rwl
"""
NOT_READ = frozenset(f".{ending}" for ending in _NOT_READ.split())
"""Endings of images that are not decoded."""

_SYSTEM = {
    *("@eadir", "#recycle", "#snapshot", "@recycle", "$recycle.bin", "system volume information", "lost+found", "__macosx"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
}


def ending(name: str) -> str:
    """The ending of a file's name, from its last dot on, in small letters; empty where it has none.

    >>> ending("a.JPG"), ending("none"), ending(".hidden"), ending("a.")
    ('.jpg', '', '', '')
    """
    at = name.rfind(".")
    return name[at:].lower() if 0 < at < len(name) - 1 else ""


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the user's: hidden, or made by a system, as thumbnails beside the images are."""
    return name.startswith(".") or name.lower() in _SYSTEM
