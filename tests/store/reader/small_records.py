"""The commit records, fences and owner records of docs/pack-format.md."""

from primitives import Cursor, Damaged, unseal

LARGEST = 4_096
HEAD_LENGTH, NONCE_LENGTH = 12, 24


def text(data):
    return len(data).to_bytes(1, "little") + data


def open_record(path, mark, keys):
    """The plain bytes; `path` ends with the record's directory and name."""
    data = path.read_bytes()
    if len(data) > LARGEST:
        raise Damaged(f"{path}: it is too long")
    head = data[:HEAD_LENGTH]
    if head != mark + (1).to_bytes(4, "little"):
        raise Damaged(f"{path}: it has an unknown version")
    nonce = data[HEAD_LENGTH : HEAD_LENGTH + NONCE_LENGTH]
    name = f"{path.parent.name}/{path.name}".encode()
    box = data[HEAD_LENGTH + NONCE_LENGTH :]
    return Cursor(unseal(box, keys.records, nonce, keys.store + head + text(name)))


def read_commit_record(path, keys):
    record = open_record(path, b"MSTWCMIT", keys)
    fields = {
        "number": record.varint(),
        "last": record.varint(),
        "commit": record.id().hex(),
        "previous": record.id().hex(),
        "pack": record.raw(32).hex(),
        "epoch": record.varint(),
        "host": record.raw(16).hex(),
    }
    record.raw(16)
    record.end()
    require_name(path, [f"{fields['number']:020}", f"{fields['epoch']:020}", fields["host"]])
    if fields["last"] < fields["number"]:
        raise Damaged(f"{path}: it ends before it begins")
    return fields


def read_owner_record(path, keys):
    record = open_record(path, b"MSTWOWNR", keys)
    fields = {
        "epoch": record.varint(),
        "host": record.raw(16).hex(),
        "host_name": record.text().decode(),
        "since": record.svarint(),
    }
    record.raw(16)
    record.end()
    require_name(path, [f"{fields['epoch']:020}", fields["host"]])
    return fields


def require_name(path, parts):
    """Where names are not created once, they have more than the number."""
    if path.name not in (parts[0], ".".join(parts)):
        raise Damaged(f"{path}: its record belongs under another name")


def read_all(directory, read, keys, troubles):
    """The records of a directory, which stores of earlier versions lack."""
    records = []
    for path in sorted(directory.iterdir()) if directory.exists() else []:
        if path.name.startswith("."):
            continue
        try:
            records.append(read(path, keys))
        except Damaged as error:
            troubles.append(str(error))
    return records
