"""Which container a file really is, by its first bytes."""

from pathlib import Path

HEAD_BYTES = 4096


def demuxer_of(path: Path) -> str | None:
    """The one ffmpeg demuxer to open this file with, or None where it is no known audio."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if head[:3] != b"ID3":
            return sniff(head)
        file.seek(_id3_bytes(head))
        return sniff(file.read(HEAD_BYTES)) or "mp3"  # ffmpeg's mp3 demuxer finds the first frame


def sniff(head: bytes) -> str | None:
    """The demuxer for a file that begins with these bytes."""
    for magic, demuxer in ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"\x1a\x45\xdf\xa3", "matroska")):
        if head.startswith(magic):
            return demuxer
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return "aiff"
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return "mov"
    return _sniff_frames(head.lstrip(b"\0"))


def _sniff_frames(head: bytes) -> str | None:
    """MPEG audio has no magic: eleven set bits, then a layer; layer 0 is AAC's ADTS."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    layer, bit_rate, sample_rate = head[1] & 0x06, head[2] & 0xF0, head[2] & 0x0C
    return "mp3" if layer and bit_rate != 0xF0 and sample_rate != 0x0C else None


def _id3_bytes(head: bytes) -> int:
    """How long an ID3v2 tag is; its size has seven bits a byte."""
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return size + 10
