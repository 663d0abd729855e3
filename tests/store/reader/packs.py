"""The packs of docs/pack-format.md: the positions of their objects."""

import functools
import hashlib

import zstandard

from primitives import Cursor, Damaged, hash256, sha256, unseal

HEADER_LENGTH, BLOCK_HEADER_LENGTH, FOOTER_LENGTH = 64, 64, 48
RECORDS, TEXTS, BINARIES, MANIFESTS, TRAILER = range(1, 6)
MESSAGE, TEXT, BINARY = 1, 2, 3
LARGEST_BLOCK = 32 << 20
LARGEST_WINDOW = 8 << 20
FIXED_TYPES = {RECORDS: MESSAGE, TEXTS: TEXT, BINARIES: BINARY}


class Block:
    """A block at a position in its pack, not yet opened."""

    def __init__(self, pack, place):
        header = Cursor(pack.data[place : place + BLOCK_HEADER_LENGTH])
        if header.raw(8) != b"MSTWBLK1":
            raise Damaged("a block is missing")
        self.pack = pack
        self.header = pack.data[place : place + BLOCK_HEADER_LENGTH]
        self.pack_id = header.raw(16)
        self.stream = header.unsigned(1)
        header.raw(3)
        self.ordinal = header.unsigned(4)
        self.plain_length, sealed_length = header.unsigned(4), header.unsigned(4)
        self.nonce = header.raw(24)
        if max(self.plain_length, sealed_length) > LARGEST_BLOCK or not 1 <= self.stream <= 5:
            raise Damaged("a block header is invalid")
        begin = place + BLOCK_HEADER_LENGTH
        self.end = begin + sealed_length
        if self.end > len(pack.data):
            raise Damaged("a block ends after its pack")
        self.box = pack.data[begin : self.end]

    def open(self):
        keys = self.pack.keys
        key = keys.content if self.stream in FIXED_TYPES else keys.manifests
        frame = unseal(self.box, key, self.nonce, keys.store + self.header)
        decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
        plain = decompressor.decompress(frame, max_output_size=self.plain_length)
        if len(plain) != self.plain_length:
            raise Damaged("a block's length does not match its header")
        return plain

    def directory(self):
        """(type, offset, length) of every object, from the block alone."""
        plain = self.open()
        length = int.from_bytes(plain[-4:], "little")
        directory = Cursor(plain[len(plain) - 4 - length : len(plain) - 4])
        entries, offset = [], 0
        for _ in range(directory.varint()):
            kind = FIXED_TYPES.get(self.stream) or directory.unsigned(1)
            size = directory.varint()
            entries.append((kind, offset, size))
            offset += size
        directory.end()
        if offset + length + 4 != len(plain):
            raise Damaged("a block's directory does not cover it")
        return entries


class Pack:
    def __init__(self, path, keys):
        self.data = path.read_bytes()
        self.keys = keys
        self.intact = hashlib.sha256(self.data).hexdigest() == path.name
        self.name = path.name

    def check_ends(self):
        header, footer = self.data[:HEADER_LENGTH], self.data[-FOOTER_LENGTH:]
        for end in (header, footer):
            if hash256(end[:-16])[:16] != end[-16:]:
                raise Damaged("a header or footer is damaged")
        fields = Cursor(header)
        mark, version = fields.raw(8), fields.unsigned(4)
        if mark != b"MSTWPACK" or version not in (1, 2):
            raise Damaged("a pack has an unknown version")
        fields.raw(4)
        if fields.raw(16) != self.keys.store:
            raise Damaged("a pack belongs to another store")
        pack_id = fields.raw(16)
        fields = Cursor(footer)
        if fields.raw(8) != b"MSTWEND%d" % version or fields.raw(16) != pack_id:
            raise Damaged("a pack has the footer of another")
        if version == 1:
            return pack_id, fields.unsigned(8)
        return pack_id, len(self.data) - FOOTER_LENGTH - fields.unsigned(4)

    def objects(self):
        """(id, type, block, offset, length) of every object, from the trailer."""
        pack_id, place = self.check_ends()
        last = Block(self, place)
        if last.stream != TRAILER or last.end != len(self.data) - FOOTER_LENGTH:
            raise Damaged("the trailer is not where the footer says")
        trailer = Cursor(last.open())
        place = HEADER_LENGTH
        for ordinal in range(trailer.varint()):
            block = Block(self, place)
            if (block.pack_id, block.ordinal) != (pack_id, ordinal):
                raise Damaged("a block is at the wrong position")
            stream, plain, sealed = trailer.unsigned(1), trailer.varint(), trailer.varint()
            if (stream, plain, sealed) != (block.stream, block.plain_length, len(block.box)):
                raise Damaged("a trailer disagrees with a block")
            offset = 0
            for _ in range(trailer.varint()):
                kind = FIXED_TYPES.get(stream) or trailer.unsigned(1)
                name, length = trailer.id(), trailer.varint()
                if stream == RECORDS:
                    trailer.varint()
                yield name, kind, block, offset, length
                offset += length
            place = block.end
        trailer.end()

    def scan(self):
        """The same from the blocks' own marks and directories, where messages have no id: None."""
        place = self.data.find(b"MSTWBLK1")
        while place >= 0:
            try:
                block = Block(self, place)
                entries = block.directory() if block.stream != TRAILER else []
                place = block.end
            except Damaged:
                entries = []
                place += 1
            if entries:
                plain = block.open()
            for kind, offset, length in entries:
                digest = sha256(plain[offset : offset + length])
                name = None if kind == MESSAGE else self.keys.name(kind, digest)
                yield name, kind, block, offset, length
            place = self.data.find(b"MSTWBLK1", place)


class Objects:
    """Every object of the store, by its id."""

    def __init__(self, keys):
        self.keys = keys
        self.places = {}
        self.unnamed_records = []
        self.troubles = []

    def add(self, pack):
        try:
            if not pack.intact:
                raise Damaged("its name is not the SHA-256 of its bytes")
            found = list(pack.objects())
        except Damaged as error:
            self.troubles.append(f"pack {pack.name}: {error}: searching for its blocks")
            found = list(pack.scan())
        for name, kind, block, offset, length in found:
            if name is None:
                self.unnamed_records.append((block, offset, length))
            else:
                self.places.setdefault(name, (kind, block, offset, length))

    @functools.lru_cache(maxsize=16)
    def plain(self, block):
        return block.open()

    def cut(self, block, offset, length):
        if offset + length > block.plain_length:
            raise Damaged("an object ends after its block")
        return self.plain(block)[offset : offset + length]

    def get(self, name, kind):
        if name not in self.places:
            raise Damaged(f"object {name.hex()} is missing")
        found, block, offset, length = self.places[name]
        data = self.cut(block, offset, length)
        if found != kind or kind != MESSAGE and self.keys.name(kind, sha256(data)) != name:
            raise Damaged(f"object {name.hex()} does not match its id")
        return data

    def pack_of(self, name):
        return self.places[name][1].pack.name

    def of_type(self, kind):
        return [name for name, place in self.places.items() if place[0] == kind]
