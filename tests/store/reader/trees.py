"""The tree records of docs/pack-format.md."""

import zstandard

from primitives import Cursor, Damaged, unseal

HEAD_LENGTH, NONCE_LENGTH = 16, 24
NEWEST_VERSION = 4
LARGEST = (256 << 20) + 20
LARGEST_WINDOW = 8 << 20
STATES = ["restoring", "complete", "incomplete"]
LEVEL_STATES = ["intended", "created", "not mailstow's"]


def parse_name(name):
    """The tree's id, and the number of the version: 0 in the names of early versions of mailstow."""
    tree, _, number = name.partition(".")
    if len(tree) != 32 or number and len(number) != 20:
        raise Damaged(f"{name}: it is not a tree record")
    return tree, int(number or 0)


def open_file(path, keys):
    """The version of the record's format, and its plain bytes."""
    data = path.read_bytes()
    tree, _ = parse_name(path.name)
    head = Cursor(data[:HEAD_LENGTH])
    if head.raw(8) != b"MSTWTREE":
        raise Damaged(f"{path}: it is not a tree record")
    version, length = head.unsigned(4), head.unsigned(4)
    if not 1 <= version <= NEWEST_VERSION or length > LARGEST:
        raise Damaged(f"{path}: it has an unknown version")
    nonce = data[HEAD_LENGTH : HEAD_LENGTH + NONCE_LENGTH]
    associated = keys.store + data[:HEAD_LENGTH] + bytes([len(tree)]) + tree.encode()
    frame = unseal(data[HEAD_LENGTH + NONCE_LENGTH :], keys.trees, nonce, associated)
    decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
    plain = decompressor.decompress(frame, max_output_size=length)
    if len(plain) != length:
        raise Damaged(f"{path}: it has another length")
    return version, Cursor(plain)


def read_level(record):
    level = {"raw_name": escaped(record), "state": LEVEL_STATES[record.unsigned(1)]}
    if record.unsigned(1):
        level["uidvalidity"], level["mailbox_id"] = record.varint(), escaped(record)
    level["messages"] = record.list(
        lambda: [record.varint(), record.varint(), record.svarint(), record.id().hex()]
    )
    return level


def escaped(record):
    return record.text().decode("utf-8", "backslashreplace")


def read_tree_record(path, keys):
    version, record = open_file(path, keys)
    tree, number = parse_name(path.name)
    fields = {"version": version, "counter": record.varint() if version >= 2 else 0}
    fields["put"] = record.svarint() if version >= 4 else None
    for name in ("id", "account", "server", "name", "raw_name"):
        fields[name] = escaped(record)
    fields["delimiter"] = chr(record.unsigned(1))
    fields["state"] = STATES[record.unsigned(1)]
    fields["created"], fields["expires"] = record.svarint(), record.svarint()
    fields["snapshot"] = record.id().hex()
    fields["request"] = escaped(record)
    fields["levels"] = record.list(lambda: read_level(record))
    fields["user"] = escaped(record) if version >= 3 else ""
    fields["host"] = escaped(record) if version >= 4 else ""
    record.end()
    if fields["id"] != tree or number not in (0, fields["counter"]):
        raise Damaged(f"{path}: it belongs under another name")
    return fields


def read_newest(directory, keys, troubles):
    """The newest version of each tree's record."""
    newest = {}
    for path in directory.iterdir() if directory.exists() else []:
        if path.name.startswith("."):
            continue
        try:
            tree, number = parse_name(path.name)
        except Damaged as error:
            troubles.append(str(error))
            continue
        newest[tree] = max(newest.get(tree, (-1, path)), (number, path))
    records = []
    for _, path in sorted(newest.values(), key=lambda version: version[1].name):
        try:
            records.append(read_tree_record(path, keys))
        except Damaged as error:
            troubles.append(str(error))
    return records
