#!/usr/bin/env python3
"""Makes poisoned.tar.gz: stores that mailstow 4062cab wrote and could not read again.

usage: make_stores.py BIN_DIRECTORY CLOCK_PRELOAD OUT.tar.gz

BIN_DIRECTORY has the programs of 4062cab; CLOCK_PRELOAD is libmailstow_clock_preload.so. Each
directory of the archive is a store with its key file and without its index:

  prefix    three good nights, then one with a namespace prefix of 100,000 bytes
  pruned    the same, pruned that day and once more after the grace period: only the poisoned
            checkpoint is left of the commits
  metadata  a METADATA value of 1,048,570 bytes
  keyword   a keyword of 100,000 bytes on each message
  trouble   a folder with a name of 300,000 bytes that can't be opened: the reason quotes it, escaped

A store with an EMAILID of 100,000 bytes can't be created: 4062cab read its identity leaves for the
receipt before it published them, and failed at that point.
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "servers"))
import poison_server  # noqa: E402

NOON = 1_795_000_000  # of a day in November 2026
DAY = 86_400


class Installation:
    def __init__(self, directory, programs, preload):
        self.directory = directory
        self.programs = programs
        self.clock = directory / "clock"
        self.environment = dict(os.environ, LD_PRELOAD=preload, MAILSTOW_TEST_CLOCK=str(self.clock),
                                ASAN_OPTIONS="verify_asan_link_order=0")
        (directory / "password").write_text("secret\n")
        (directory / "password").chmod(0o600)

    def run(self, when, port, *arguments):
        config = {
            "store": {"path": str(self.directory / "store"), "index": str(self.directory / "index"),
                      "key_file": str(self.directory / "store.key")},
            "servers": {"main": {"url": f"imap://127.0.0.1:{port}", "tls": "none"}},
            "accounts": [{"name": name, "server": "main", "user": name,
                          "password_file": str(self.directory / "password")}
                         for name in ("evil", "good")]}
        (self.directory / "config.json").write_text(json.dumps(config))
        self.clock.write_bytes(struct.pack("<qq", when - int(time.time()), 0))
        done = subprocess.run([str(self.programs / "mailstow-backupd"), "--config",
                               str(self.directory / "config.json"), *arguments],
                              env=self.environment, check=False, capture_output=True, text=True)
        print(f"  {' '.join(arguments)}: {done.returncode}")
        print("    " + (done.stdout + done.stderr).strip()[:600].replace("\n", "\n    "))
        return done.returncode

    def night(self, when, *poison, messages):
        server = poison_server.Server(
            poison_server.parse([*poison, "--messages", str(messages)]))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        status = self.run(when, server.port, "once")
        server.shutdown()
        server.server_close()
        assert status == 0, status


def make(directory, programs, preload, kind):
    print(kind)
    installation = Installation(directory, programs, preload)
    installation.run(NOON, 1, "init")
    if kind in ("prefix", "pruned"):
        for night in range(3):
            installation.night(NOON + night * DAY, messages=2 + night)
        installation.night(NOON + 3 * DAY, "--prefix", "100000", messages=5)
        if kind == "pruned":
            for when in (NOON + 3 * DAY + 3_600, NOON + 6 * DAY):
                assert installation.run(when, 1, "prune") == 0
    else:
        poison = {"metadata": ["--metadata", "1048570"], "keyword": ["--flag", "100000"],
                  "trouble": ["--trouble", "300000"]}[kind]
        if kind == "trouble":
            try:
                installation.night(NOON, *poison, messages=3)
            except AssertionError:
                pass  # partial
        else:
            installation.night(NOON, *poison, messages=3)
    installation.run(NOON + 9 * DAY, 1, "check")


def main():
    programs, preload, out = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        kinds = ["prefix", "pruned", "metadata", "keyword", "trouble"]
        for kind in kinds:
            (directory / kind).mkdir()
            make(directory / kind, programs, preload, kind)
        with tarfile.open(out, "w:gz", format=tarfile.USTAR_FORMAT) as archive:
            for kind in kinds:
                for part in ("store", "store.key"):
                    archive.add(directory / kind / part, f"{kind}/{part}", filter=plain)
    print(out, os.path.getsize(out))


def plain(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = NOON
    return entry


if __name__ == "__main__":
    main()
