"""Commits, snapshots, folders and their messages (docs/pack-format.md, "Leaves" and "Commit")."""

import dataclasses
import itertools

from packs import MESSAGE
from primitives import Cursor, Damaged, sha256

IDENTITY_LEAF, STATE_LEAF, IDENTITY_BRANCH, STATE_BRANCH, FOLDER, ROOT, COMMIT, SNAPSHOT = range(
    4, 12
)
CHECKPOINT = 1
SEQUENCES = 2
PINS = 4
USED_UP = 8
EXTENSIONS = 16
FORMAT = 1  # the tag of an extension
NEWEST_FORMAT = 2
NOTHING, DROPPING, WRITING, READING = range(4)


@dataclasses.dataclass
class Message:
    uid: int
    name: bytes
    digest: bytes
    size: int
    date: int
    zone: int
    server_id: str
    flags: list = dataclasses.field(default_factory=list)
    modseq: int = 0


def differences(cursor, count, read):
    return itertools.accumulate(cursor.times(count, read))


def modulo(values):
    return [value % (1 << 64) for value in values]


def signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def read_identity_leaf(objects, name):
    leaf = Cursor(objects.get(name, IDENTITY_LEAF))
    count = leaf.varint()
    uids = list(differences(leaf, count, leaf.varint))
    sizes = leaf.times(count, leaf.varint)
    dates = [signed(date) for date in modulo(differences(leaf, count, leaf.svarint))]
    zones = leaf.times(count, leaf.svarint)
    digests = leaf.times(count, leaf.id)
    server_ids = leaf.times(count, leaf.text) if leaf.unsigned(1) else [b""] * count
    leaf.end()
    names = [objects.keys.name(MESSAGE, digest) for digest in digests]
    return [
        Message(*values)
        for values in zip(uids, names, digests, sizes, dates, zones, map(escape, server_ids))
    ]


def add_state_leaf(objects, name, messages):
    leaf = Cursor(objects.get(name, STATE_LEAF))
    count = leaf.varint()
    if count != len(messages):
        raise Damaged("the two leaves of a range disagree")
    names = leaf.list(leaf.text)
    sets = leaf.list(lambda: leaf.list(leaf.varint))
    numbers = leaf.times(count, leaf.varint)
    modseqs = modulo(differences(leaf, count, leaf.svarint))
    leaf.end()
    for message, number, modseq in zip(messages, numbers, modseqs):
        message.flags = [escape(names[flag]) for flag in sets[number]]
        message.modseq = modseq


def read_tree(objects, is_branch, identity, state):
    if not is_branch:
        messages = read_identity_leaf(objects, identity)
        add_state_leaf(objects, state, messages)
        return messages
    branch = Cursor(objects.get(identity, IDENTITY_BRANCH))
    branch.unsigned(1)
    branch.varint()
    children = branch.list(
        lambda: (branch.unsigned(1), branch.varint(), branch.varint(), branch.id())
    )
    branch.end()
    other = Cursor(objects.get(state, STATE_BRANCH))
    states = other.list(other.id)
    other.end()
    if len(states) != len(children):
        raise Damaged("the two branches of a range disagree")
    messages = []
    for (slot, count, size, child), child_state in zip(children, states):
        below = read_tree(objects, slot % 2, child, child_state)
        if (len(below), sum(message.size for message in below)) != (count, size):
            raise Damaged("a branch miscounts its children")
        messages += below
    return messages


def read_folder(objects, name):
    folder = Cursor(objects.get(name, FOLDER))
    info = {"name": escape(folder.text()), "delimiter": chr(folder.unsigned(1))}
    info["attributes"] = [escape(text) for text in folder.list(folder.text)]
    info["mailbox_id"] = escape(folder.text())
    info["uidvalidity"], info["uidnext"] = folder.varint(), folder.varint()
    info["highestmodseq"] = folder.varint()
    info["completeness"] = folder.unsigned(1)
    info["trouble"] = escape(folder.text())
    info["skipped"] = folder.list(lambda: [folder.varint(), escape(folder.text())])
    info["last_full_scan"] = folder.svarint()
    info["properties"] = folder.list(lambda: [escape(folder.text()), escape(folder.text())])
    receipt = folder.raw(32)
    messages = []
    if count := folder.varint():
        size = folder.varint()
        messages = read_tree(objects, folder.unsigned(1), folder.id(), folder.id())
        if (len(messages), sum(message.size for message in messages)) != (count, size):
            raise Damaged("a folder miscounts its messages")
    folder.end()
    if receipt != sha256(b"".join(receipt_line(message) for message in messages)):
        raise Damaged("a folder's receipt does not match its messages")
    info["receipt"] = receipt.hex()
    return info, messages


def receipt_line(message):
    return f"{message.uid} {message.digest.hex()}\n".encode()


def read_root(objects, name):
    root = Cursor(objects.get(name, ROOT))
    folders = root.list(root.id)
    properties = root.list(lambda: [escape(root.text()), escape(root.text())])
    root.end()
    return folders, properties


def read_line(commit, keys, flags):
    account, time, kind, status = commit.text(), commit.svarint(), *commit.raw(2)
    prefix = commit.text()
    folders, messages, size, vanished = (commit.varint() for _ in range(4))
    root = commit.id()
    return {
        "id": snapshot_id(keys, root, account, time, kind).hex(),
        "account": escape(account),
        "time": time,
        "kind": ["backup", "rescue"][kind],
        "status": ["complete", "partial", "moving"][status],
        "prefix": escape(prefix),
        "folders": folders,
        "messages": messages,
        "bytes": size,
        "vanished": vanished,
        "sequence": commit.varint() if flags & SEQUENCES else 0,
        "root": root,
    }


def snapshot_id(keys, root, account, time, kind):
    plain = root + varint(len(account)) + account + varint(zigzag(time)) + bytes([kind])
    return keys.name(SNAPSHOT, sha256(plain))


def zigzag(value):
    return (value << 1) ^ (value >> 63)


def varint(value):
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def read_commit(objects, name):
    commit = Cursor(objects.get(name, COMMIT))
    result = {"id": name, "number": commit.varint(), "time": commit.svarint()}
    result["previous"], flags = commit.id(), commit.varint()
    if flags >= 2 * EXTENSIONS:
        raise Damaged("a newer version of mailstow wrote a commit")
    result["checkpoint"] = flags & CHECKPOINT
    result["packs"] = [pack.hex() for pack in commit.list(commit.id)]
    result["snapshots"] = commit.list(lambda: read_line(commit, objects.keys, flags))
    result["dropped"] = [name.hex() for name in commit.list(commit.id)]
    condemned = commit.list(lambda: (commit.id(), commit.svarint()))
    result["condemned"] = {pack.hex(): since for pack, since in condemned}
    pins = commit.list(lambda: (commit.id(), commit.svarint())) if flags & PINS else []
    result["pins"] = {name.hex(): until for name, until in pins}
    result["used_up"] = commit.varint() if flags & USED_UP else 0
    extensions = commit.list(lambda: read_extension(commit)) if flags & EXTENSIONS else []
    result["extensions"] = dict(extensions)
    commit.end()
    return result


def read_extension(commit):
    tag, name, forbids, content = commit.varint(), commit.text(), commit.unsigned(1), commit.text()
    if forbids > READING:
        raise Damaged("a newer version of mailstow wrote a commit")
    return (tag, name), (forbids, content)


def living_extensions(commits):
    """What each extension forbids and contains, by tag and name."""
    living = {}
    for commit in commits:
        if commit["checkpoint"]:
            living.clear()
        living.update(commit["extensions"])
    return {key: value for key, value in living.items() if value[1]}


def format_version(extensions):
    """The store's format. It is Damaged for this reader if only a newer program may read it."""
    version = 1
    for (tag, _), (forbids, content) in extensions.items():
        if tag == FORMAT:
            version = Cursor(content).varint()
        elif forbids == READING:
            raise Damaged("a newer version of mailstow wrote to this store")
    if version > NEWEST_FORMAT:
        raise Damaged("the store has a newer format")
    return version


def read_commits(objects):
    return sorted(
        (read_commit(objects, name) for name in objects.of_type(COMMIT)),
        key=lambda commit: commit["number"],
    )


def find_gaps(commits):
    """Commits before the last checkpoint may be missing."""
    places = [place for place, commit in enumerate(commits) if commit["checkpoint"]]
    return [
        f"commit {after['number']} does not follow the previous one"
        for before, after in itertools.pairwise(commits[max(places, default=0) :])
        if after["previous"] != before["id"]
    ]


def losing_packs(objects, commits, records):
    """Packs with commits that no other one follows, and in whose place others are recorded."""
    series = {}
    for commit in commits:
        series.setdefault(objects.pack_of(commit["id"]), []).append(commit)
    recorded = {}
    for record in records:
        recorded.setdefault(record["number"], set()).add(record["commit"])
    losing = set()
    while True:
        followed = {
            commit["previous"] for pack in series.keys() - losing for commit in series[pack]
        }
        found = {
            pack
            for pack in series.keys() - losing
            if loses(series[pack][0]["number"], series[pack][-1]["id"], followed, recorded)
        }
        if not found:
            return losing
        losing |= found


def loses(number, name, followed, recorded):
    """`number`: of the first commit in a pack; `name`: the id of the last one."""
    others = recorded.get(number, set())
    return name not in followed and bool(others) and name.hex() not in others


def needed_packs(commits):
    """The names of all packs that must exist, if these are all commits."""
    needed = set()
    for commit in commits:
        if commit["checkpoint"]:
            needed.clear()
        needed.update(commit["packs"])
    return needed


def condemned_packs(commits):
    """Since when each pack is condemned whose file may still exist."""
    condemned = {}
    for commit in commits:
        if commit["checkpoint"]:
            condemned.clear()
        condemned.update(commit["condemned"])
    return condemned


def living_snapshots(commits):
    """The snapshots that result from the commits, by account, and from the oldest to the newest."""
    living = {}
    pins = {}
    places = itertools.count()
    for commit in commits:
        if commit["checkpoint"]:
            living.clear()
            pins.clear()
        for snapshot in commit["snapshots"]:
            known = living.get(snapshot["id"], snapshot)
            snapshot["sequence"] = max(snapshot["sequence"], known["sequence"])
            snapshot["place"] = next(places)
            living[snapshot["id"]] = snapshot
        pins.update(commit["pins"])
        for name in commit["dropped"]:
            living.pop(name, None)
            pins.pop(name, None)
    for name, snapshot in living.items():
        snapshot["pinned_until"] = pins.get(name, 0)
    for account in {snapshot["account"] for snapshot in living.values()}:
        number_lines([line for line in living.values() if line["account"] == account])
    return sorted(
        living.values(),
        key=lambda snapshot: (snapshot["account"], snapshot["sequence"], snapshot["time"]),
    )


def number_lines(lines):
    """Numbers an account's lines that have no sequence: version 1 of a commit."""
    unnumbered = [line for line in lines if line["sequence"] == 0]
    recorded = [line["sequence"] for line in lines if line["sequence"] > 0]
    sequence = min(recorded, default=len(unnumbered) + 1)
    for line in sorted(unnumbered, key=lambda line: (line["time"], line["place"]), reverse=True):
        sequence = max(sequence - 1, 1)
        line["sequence"] = sequence


def escape(raw):
    """Bytes of any kind as text for JSON."""
    return raw.decode("utf-8", "backslashreplace")
