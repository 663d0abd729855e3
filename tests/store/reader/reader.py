#!/usr/bin/env python3
"""Lists and extracts the content of a mailstow store.

Written from docs/pack-format.md alone, to prove that the document is enough: it shares nothing
with mailstow. It needs python3-nacl and python3-zstandard. The branches of a fork it reads as one.

    reader.py STORE KEY list                 a JSON document of all snapshots, folders, messages
    reader.py STORE KEY extract DIRECTORY    every message, as a file named after its id

KEY is a key file, or passphrase:FILE.
"""

import dataclasses
import json
import pathlib
import sys

from keys import open_keys
from manifests import (
    condemned_packs,
    escape,
    find_gaps,
    format_version,
    living_extensions,
    living_snapshots,
    losing_packs,
    needed_packs,
    read_commits,
    read_folder,
    read_root,
)
from packs import MESSAGE, Objects, Pack
from primitives import Damaged
from records import name_records, read_message
from small_records import read_all, read_commit_record, read_owner_record
from trees import read_newest


def read_objects(keys, packs):
    objects = Objects(keys)
    for pack in packs:
        objects.add(pack)
    name_records(objects)
    return objects


def open_store(store, key):
    keys = open_keys(store / "keys", key)
    packs = {
        path.name: Pack(path, keys)
        for path in sorted((store / "packs").iterdir())
        if not path.name.startswith(".")
    }
    objects = read_objects(keys, packs.values())
    commits = read_commits(objects)
    records = read_all(store / "commits", read_commit_record, keys, [])
    if losing := losing_packs(objects, commits, records):
        packs = {name: pack for name, pack in packs.items() if name not in losing}
        objects = read_objects(keys, packs.values())
        commits = read_commits(objects)
    format_version(living_extensions(commits))
    condemned = {name for commit in commits for name in commit["condemned"]}
    if condemned & packs.keys():
        objects = read_objects(
            keys, [pack for name, pack in packs.items() if name not in condemned]
        )
    objects.troubles += find_gaps(commits)
    missing = needed_packs(commits) - condemned - packs.keys()
    objects.troubles += [f"pack {name}: it is missing" for name in sorted(missing)]
    return objects, commits


def describe(message):
    fields = dataclasses.asdict(message)
    return fields | {"name": message.name.hex(), "digest": message.digest.hex()}


def list_content(objects, snapshot):
    names, properties = read_root(objects, snapshot["root"])
    folders = []
    for name in names:
        info, messages = read_folder(objects, name)
        folders.append(info | {"messages": [describe(message) for message in messages]})
    return {"properties": properties, "folders": folders}


def list_records(store, objects):
    keys, troubles = objects.keys, objects.troubles
    return {
        "recorded": read_all(store / "commits", read_commit_record, keys, troubles),
        "fences": read_all(store / "fences", read_commit_record, keys, troubles),
        "owners": read_all(store / "owner", read_owner_record, keys, troubles),
        "trees": read_newest(store / "trees", keys, troubles),
    }


def list_store(objects, commits):
    snapshots = []
    for snapshot in living_snapshots(commits):
        try:
            content = list_content(objects, snapshot)
        except Damaged as error:
            objects.troubles.append(f"snapshot {snapshot['id']}: {error}")
            content = {"properties": [], "folders": []}
        snapshots.append(snapshot | {"root": snapshot["root"].hex()} | content)
    extensions = living_extensions(commits)
    return {
        "format": format_version(extensions),
        "extensions": [
            [tag, escape(name), forbids, escape(content)]
            for (tag, name), (forbids, content) in sorted(extensions.items())
        ],
        "snapshots": snapshots,
        "commits": [commit["number"] for commit in commits],
        "condemned": condemned_packs(commits),
        "used_up": max((commit["used_up"] for commit in commits), default=0),
        "troubles": objects.troubles,
    }


def extract(objects, directory):
    for name in objects.of_type(MESSAGE):
        try:
            message = read_message(objects, name)
        except Damaged as error:
            objects.troubles.append(f"message {name.hex()}: {error}")
        else:
            (directory / name.hex()).write_bytes(message)


def main(arguments):
    if len(arguments) < 3 or arguments[2:] != ["list"] and arguments[2:-1] != ["extract"]:
        sys.exit(__doc__)
    try:
        objects, commits = open_store(pathlib.Path(arguments[0]), arguments[1])
        if arguments[2] == "list":
            records = list_records(pathlib.Path(arguments[0]), objects)
            json.dump(list_store(objects, commits) | records, sys.stdout)
        else:
            extract(objects, pathlib.Path(arguments[3]))
    except Damaged as error:
        sys.exit(f"reader: {error}")
    for trouble in objects.troubles:
        print(f"reader: {trouble}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
