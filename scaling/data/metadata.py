"""Image files without what changes no pixel: times, texts, colour profiles, previews, what a camera or an editor noted.

Decoders give up where such a note is damaged or too long, although every pixel is whole. Orientation is lost with the rest,
so a file is only read this way where it cannot be read as it stands.
"""

from __future__ import annotations

import struct

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_JPEG = b"\xff\xd8"
_JPEG_KEPT = {0xE0, 0xEE}  # JFIF and Adobe: the latter says how colours are stored
_JPEG_NOTES = {*range(0xE0, 0xF0), 0xFE} - _JPEG_KEPT
_START_OF_SCAN = 0xDA
_WEBP_PIXELS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"}


def without_metadata(content: bytes) -> bytes | None:
    """A PNG, JPEG or WebP file without its notes; None for another format, or where there is nothing to leave out.

    Args:
        content: of the file; a damaged one is taken as far as its parts can be told apart.
    """
    if content.startswith(_PNG):
        made = _PNG + b"".join(_png_chunks(content))
    elif content.startswith(_JPEG):
        made = _jpeg(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        body = b"WEBP" + b"".join(_webp_chunks(content))
        made = b"RIFF" + struct.pack("<I", len(body)) + body
    else:
        return None
    return made if len(made) < len(content) else None


def _png_chunks(content: bytes) -> list[bytes]:
    """Those that hold pixels: length, kind, content and checksum of each."""
    kept, at = [], len(_PNG)
    while at + 12 <= len(content):
        stop = at + 12 + int.from_bytes(content[at : at + 4], "big")
        if content[at + 4 : at + 8] in _PNG_PIXELS:
            kept.append(content[at:stop])
        at = stop
    return kept


def _jpeg(content: bytes) -> bytes:
    """Segments up to the first scan; from there on all as it is."""
    kept, at = [_JPEG], len(_JPEG)
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != _START_OF_SCAN:
        stop = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] not in _JPEG_NOTES:
            kept.append(content[at:stop])
        at = stop
    return b"".join([*kept, content[at:]])


def _webp_chunks(content: bytes) -> list[bytes]:
    """Those that hold pixels, each padded to an even length."""
    kept, at = [], 12
    while at + 8 <= len(content):
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        stop = at + 8 + length + length % 2
        if content[at : at + 4] in _WEBP_PIXELS:
            kept.append(content[at:stop])
        at = stop
    return kept
