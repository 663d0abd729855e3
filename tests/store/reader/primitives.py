"""The primitives of docs/pack-format.md, and the keys."""

import hashlib

from nacl import bindings


class Damaged(Exception):
    """The data read is not what was written."""


def hash256(data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def unseal(box, key, nonce, associated):
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(box, associated, nonce, key)
    except Exception as error:
        raise Damaged("a box does not open") from error


def derive(master, number):
    """libsodium's crypto_kdf_derive_from_key: number as salt, context as personalisation."""
    return hashlib.blake2b(
        digest_size=32, key=master, salt=number.to_bytes(8, "little"), person=b"mailstow"
    ).digest()


class Cursor:
    """Reads a structure from its beginning; every length is checked before it is used."""

    def __init__(self, data):
        self.data = memoryview(data)
        self.place = 0

    def remaining(self):
        return len(self.data) - self.place

    def raw(self, length):
        if length > self.remaining():
            raise Damaged("a structure ends early")
        self.place += length
        return bytes(self.data[self.place - length : self.place])

    def unsigned(self, length):
        return int.from_bytes(self.raw(length), "little")

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.unsigned(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >= 1 << 64:
                    break
                return value
        raise Damaged("a number is too large")

    def svarint(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def text(self):
        return self.raw(self.varint())

    def id(self):
        return self.raw(32)

    def times(self, count, read):
        """`count` items, each of at least one byte."""
        if count > self.remaining():
            raise Damaged("a structure ends early")
        return [read() for _ in range(count)]

    def list(self, read):
        return self.times(self.varint(), read)

    def end(self):
        if self.remaining():
            raise Damaged("extra bytes follow a structure")
