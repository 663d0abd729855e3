"""The key slots of docs/pack-format.md."""

import pathlib

from nacl import pwhash

from primitives import Cursor, Damaged, derive, hash256, unseal

SLOT_LENGTH = 184
KEY_FILE, PASSPHRASE = 1, 2


class Keys:
    """The store's id, and the keys that are derived from its master key."""

    def __init__(self, store, master):
        self.store = store
        self.ids, self.content, self.manifests, self.trees, self.records = (
            derive(master, number) for number in range(1, 6)
        )

    def name(self, kind, plain_digest):
        """The id of an object of this type whose plain bytes have this SHA-256."""
        return hash256(bytes([kind]) + plain_digest, self.ids)


def read_key_file(path):
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            return bytes.fromhex(line.strip())
    raise Damaged(f"{path}: it does not contain a key")


def open_slot(data, key=None, passphrase=None):
    """None if the slot is of the other kind."""
    if len(data) != SLOT_LENGTH or hash256(data[:-32]) != data[-32:]:
        raise Damaged("a key slot is damaged")
    slot = Cursor(data)
    if slot.raw(8) != b"MSTWSLOT" or slot.unsigned(4) != 1:
        raise Damaged("a newer version of mailstow wrote a key slot")
    kind, store = slot.unsigned(4), slot.raw(16)
    slot.raw(8)
    slot.unsigned(8)
    operations, memory = slot.unsigned(8), slot.unsigned(8)
    salt, nonce = slot.raw(16), slot.raw(24)
    head = data[: slot.place]
    if kind == KEY_FILE and key is not None:
        wrapping = hash256(salt, key)
    elif kind == PASSPHRASE and passphrase is not None:
        if not 1 <= operations <= 10 or not 8_192 <= memory <= 64 << 20:
            raise Damaged("a key slot requires too much work")
        wrapping = pwhash.argon2id.kdf(32, passphrase, salt, operations, memory)
    else:
        return None
    return Keys(store, unseal(slot.raw(48), wrapping, nonce, head))


def open_keys(directory, key):
    """`key` is a key file, or passphrase:FILE for the first line of that file."""
    prefix, is_passphrase, path = key.partition("passphrase:")
    if is_passphrase and not prefix:
        secret = {"passphrase": pathlib.Path(path).read_bytes().split(b"\n")[0]}
    else:
        secret = {"key": read_key_file(pathlib.Path(key))}
    trouble = Damaged(f"{directory}: no key slot opens")
    for path in sorted(directory.iterdir()):
        try:
            if keys := open_slot(path.read_bytes(), **secret):
                return keys
        except Damaged as error:
            trouble = error
    raise trouble
