"""Messages from their records (docs/pack-format.md, "Records")."""

import base64

from packs import BINARY, MESSAGE, TEXT
from primitives import Cursor, Damaged, sha256


def broken_into_lines(encoded, lines):
    length = lines // 2 * 4
    if length == 0:
        return encoded
    end = b"\r\n" if lines % 2 else b"\n"
    return end.join(encoded[i : i + length] for i in range(0, len(encoded), length))


def take_part(record, kind, objects):
    length, name = record.varint(), record.id()
    data = objects.get(name, kind)
    if len(data) != length or length == 0:
        raise Damaged("a part's length does not match its record")
    return data


def rebuild(data, objects):
    record = Cursor(data)
    size = record.varint()
    pieces = [record.text()]
    while record.remaining():
        tag = record.unsigned(1)
        if tag == 0:
            pieces.append(record.text())
        elif tag == 1:
            pieces.append(take_part(record, TEXT, objects))
        elif tag in (2, 3):
            kind = TEXT if tag == 2 else BINARY
            lines, count = record.varint(), record.varint()
            decoded = b"".join(
                record.times(count, lambda: take_part(record, kind, objects))
            )
            pieces.append(broken_into_lines(base64.b64encode(decoded), lines))
        else:
            raise Damaged("a record has an item of an unknown kind")
    message = b"".join(pieces)
    if len(message) != size:
        raise Damaged("a record's pieces do not add up to its message")
    return message


def name_records(objects):
    """Assigns to the records that a scan found the ids of the messages that they rebuild."""
    for place in objects.unnamed_records:
        try:
            message = rebuild(objects.cut(*place), objects)
        except Damaged as error:
            objects.troubles.append(f"a record without an id: {error}")
            continue
        name = objects.keys.name(MESSAGE, sha256(message))
        objects.places.setdefault(name, (MESSAGE, *place))
    objects.unnamed_records.clear()


def read_message(objects, name):
    message = rebuild(objects.get(name, MESSAGE), objects)
    if objects.keys.name(MESSAGE, sha256(message)) != name:
        raise Damaged(f"message {name.hex()} is rebuilt to a different message")
    return message
