"""The bytes of a volume, read out of its full `zfs send` stream: what was written where it was written, zeros everywhere else.

Only what plain `zfs send` makes of a volume is understood. Anything else (compressed, embedded, raw or redacted records; writes out of their order)
is refused: a reader that guesses could call two different volumes the same.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

MAGIC = 0x2F5BACBAC
RECORD = 312
BEGIN, OBJECT, FREEOBJECTS, WRITE, FREE, END = range(6)
ZVOL = 3
DATA_OBJECT = 1
# No record's payload is longer: 16 MiB is ZFS's largest block.
LARGEST = 16 << 20


class Unreadable(Exception):
    """The stream is not one that this reader may say anything about."""


class VolumeImage:
    """State of one stream: `take` gives the volume's bytes in order; after the last of them `finish` reads to the stream's very end."""

    def __init__(self, read: Callable[[], bytes], size: int, guid: str) -> None:
        self._read = read
        self._size = size
        self._buffer = bytearray()
        self._position = 0
        self._data = memoryview(b"")
        # Where the data that was read last begins; all before it is zeros, and all after it too once the END was seen.
        self._data_at = 0
        self._ended = False
        self._begin(guid)

    def take(self, count: int) -> bytes:
        """The next bytes of the volume, as many as asked for."""
        out = bytearray()
        while len(out) < count:
            left = count - len(out)
            if not self._data and not self._ended:
                self._next_data()
                continue
            gap = (self._size if self._ended and not self._data else self._data_at) - self._position
            if gap > 0:
                piece: bytes | memoryview = bytes(min(gap, left))
            elif self._data:
                piece = self._data[:left]
                self._data = self._data[len(piece) :]
                self._data_at += len(piece)
            else:
                raise Unreadable("more was asked for than the volume holds")
            out += piece
            self._position += len(piece)
        return bytes(out)

    def finish(self) -> None:
        while not self._ended:
            self._next_data()
        if self._data or self._position != self._size:
            raise Unreadable("it does not end where the volume ends")
        if self._buffer or self._read():
            raise Unreadable("it goes on after its end")

    def _begin(self, guid: str) -> None:
        kind, length, record = self._record()
        magic, _version, _creation, objset, _flags, toguid, fromguid = struct.unpack_from("=QQQIIQQ", record, 8)
        if kind != BEGIN or magic != MAGIC:
            raise Unreadable("it does not begin like a zfs send stream of this machine")
        if objset != ZVOL or fromguid != 0:
            raise Unreadable("it is not the full stream of a volume")
        if str(toguid) != guid:
            raise Unreadable(f"it is of snapshot {toguid}, not of {guid}")
        self._skip(length)

    def _next_data(self) -> None:
        """Reads records until one that writes to the volume, or the end."""
        kind, length, record = self._record()
        if kind == END:
            self._ended = True
        elif kind == OBJECT:
            bonus, raw = struct.unpack_from("=I", record, 28)[0], struct.unpack_from("=I", record, 36)[0]
            if raw:
                raise Unreadable("it is a raw stream")
            self._skip((bonus + 7) & ~7)
        elif kind == WRITE:
            self._write(record)
        elif kind == FREE:
            number, offset, freed = struct.unpack_from("=QQQ", record, 8)
            if number == DATA_OBJECT and freed and offset < self._data_at:
                raise Unreadable("it frees what it has written before")
        elif kind != FREEOBJECTS:
            raise Unreadable(f"it has records of kind {kind}, which a plain stream of a volume does not have")

    def _write(self, record: bytes) -> None:
        number, _type, _pad, offset, length = struct.unpack_from("=QIIQQ", record, 8)
        compression = record[50]
        if compression or not 0 < length <= LARGEST:
            raise Unreadable("it has compressed or oversized records")
        data = self._take_bytes(length)
        if number != DATA_OBJECT:
            return  # object 2 holds the volume's size, which is compared as a property
        if offset < self._data_at or offset + length > self._size:
            raise Unreadable("its writes are not in order, or go beyond the volume's end")
        self._data, self._data_at = memoryview(data), offset

    def _record(self) -> tuple[int, int, bytes]:
        record = self._take_bytes(RECORD)
        kind, length = struct.unpack_from("=II", record, 0)
        return kind, length, record

    def _skip(self, count: int) -> None:
        if count > LARGEST:
            raise Unreadable("it has an oversized record")
        self._take_bytes(count)

    def _take_bytes(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self._read()
            if not data:
                raise Unreadable("it breaks off")
            self._buffer += data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
