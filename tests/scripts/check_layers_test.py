#!/usr/bin/env python3
"""check_layers must find every kind of breach, and nothing in a clean tree."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from load_script import SCRIPTS, load_script

CHECK = SCRIPTS / "check_layers"
check_layers = load_script("check_layers")


def write_tree(root, files):
    for path, text in files.items():
        file = pathlib.Path(root) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


class CheckLayers(unittest.TestCase):
    def breaches(self, files):
        """What check_layers finds in a tree of {path: text}."""
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, files)
            return "".join(breach + "\n" for breach in check_layers.check(pathlib.Path(root)))

    def test_breaches_are_printed_and_show_in_the_status(self):
        for files in ({"base/error.h": "#include <string>\n"}, {"store/x.cc": '#include "backupd/once.h"\n'},
                      {"README.md": ""}):
            with self.subTest(files=files), tempfile.TemporaryDirectory() as root:
                write_tree(root, files)
                done = subprocess.run([sys.executable, CHECK, "--root", root], text=True,
                                      capture_output=True, check=False)
                self.assertEqual("", done.stderr)
                self.assertEqual("".join(breach + "\n" for breach in check_layers.check(pathlib.Path(root))),
                                 done.stdout)
                self.assertEqual(1 if done.stdout else 0, done.returncode)
                self.assertEqual("base/error.h" not in files, bool(done.stdout))

    def test_a_clean_tree_passes(self):
        self.assertEqual("", self.breaches({
            "base/error.h": "#include <string>\n",
            "base/config/config.cc": '#include "schema/embedded.h"\n#include <nlohmann/json.hpp>\n',
            "imap/curl_transport.cc": '#include "base/error.h"\n#include <curl/curl.h>\n',
            "store/index/sqlite.cc": '#include "schema/embedded.h"\n#include <sqlite3.h>\n',
            "store/writer.cc": '#include "store/index/index.h"\n',
            "backupd/once.cc": '#include "imap/session.h"\n#include "store/format/location.h"\n',
            "backupd/pass/account_pass.cc": '#include "backupd/report/pass_report.h"\n',
            "tests/store/format/pack_test.cc": '#include "store/format/pack.h"\n#include "tests/faulty.h"\n',
            "tests/store/crash_test.cc": '#include "store/maintenance/marks.h"\n',
            "tests/backupd/once_test.cc": '#include "store/index/index.h"\n',
            "tests/restore/run_test.cc": '#include "tests/programs/installation.h"\n',
            "tests/fuzz/lexer.cc": '#include "imap/lexer.h"\n#include "store/format/pack.h"\n',
        }))

    def test_rooms_that_must_not_meet(self):
        for path, header in [
                ("base/error.cc", "imap/session.h"),
                ("schema/embedded.h", "base/error.h"),
                ("imap/session.cc", "store/writer.h"),
                ("imap/session.cc", "schema/embedded.h"),
                ("imap/session.cc", "base/reporting/mailer.h"),
                ("base/error.cc", "base/config/config.h"),
                ("base/config/config.cc", "base/program/program.h"),
                ("store/format/pack.cc", "store/index/index.h"),
                ("store/writer.cc", "store/maintenance/prune.h"),
                ("backupd/pass/account_pass.cc", "backupd/once.h"),
                ("backupd/report/alarms.cc", "backupd/pass/account_pass.h"),
                ("store/writer.cc", "imap/session.h"),
                ("store/writer.cc", "backupd/once.h"),
                ("backupd/once.cc", "restore/run.h"),
                ("restore/run.cc", "backupd/once.h"),
                ("restore/run.cc", "tests/servers/dovecot.h"),
                ("tests/imap/session_test.cc", "store/writer.h"),
                ("tests/servers/dovecot.cc", "imap/session.h"),
                ("tests/servers/dovecot.cc", "tests/programs/installation.h"),
                ("tests/programs/installation.cc", "imap/session.h"),
                ("tests/temporary_folder.h", "store/writer.h")]:
            with self.subTest(path=path, header=header):
                self.assertIn(f"{path}:2: ",
                              self.breaches({path: f'// text\n#  include "{header}"\n'}))

    def test_a_library_outside_its_wall(self):
        for path, header in [("backupd/once.cc", "curl/curl.h"),
                             ("store/format/pack.cc", "curl/curl.h"),
                             ("base/bytes.cc", "zstd.h"), ("backupd/status.cc", "sqlite3.h"),
                             ("base/secret.cc", "sodium.h"),
                             ("store/writer.cc", "sqlite3.h"),
                             ("tests/store/index_test.cc", "sqlite3.h")]:
            with self.subTest(path=path, header=header):
                self.assertIn("stays behind a wall",
                              self.breaches({path: f"#include <{header}>\n"}))

    def test_a_second_file_behind_a_wall(self):
        for room, header in [("store/format", "zstd.h"), ("store/index", "sqlite3.h"),
                             ("store/format", "sodium.h")]:
            with self.subTest(header=header):
                text = f"#include <{header}>\n"
                self.assertEqual("", self.breaches({f"{room}/one.cc": text}))
                self.assertIn(f"{room}/one.cc, {room}/other.cc",
                              self.breaches({f"{room}/one.cc": text, f"{room}/other.cc": text}))

    def test_an_internal_header_outside_its_house(self):
        for path, header in [
                ("backupd/once.cc", "store/index/index.h"),
                ("restore/run.cc", "store/format/pack.h"),
                ("restore/run.cc", "imap/lexer.h"),
                ("backupd/doctor/service_check.cc", "backupd/daemon/job_table.h"),
                ("backupd/once.cc", "backupd/pass/folder_pass.h")]:
            with self.subTest(path=path, header=header):
                self.assertIn(f"{path}:1: {header} is internal",
                              self.breaches({path: f'#include "{header}"\n'}))

    def test_a_room_without_rules(self):
        self.assertIn("does not name the room store/attic",
                      self.breaches({"store/attic/old.cc": "#include <string>\n"}))

    def test_a_public_header_that_does_not_exist(self):
        self.assertIn("PUBLIC names imap/session.h, which does not exist",
                      self.breaches({"imap/lexer.h": "#include <string>\n"}))

    def test_a_heavy_library_in_a_header(self):
        for header in ["nlohmann/json.hpp", "CLI/CLI.hpp", "spdlog/spdlog.h", "iostream"]:
            with self.subTest(header=header):
                self.assertIn("does not belong in a header",
                              self.breaches({"base/x.h": f"#include <{header}>\n"}))

    def test_an_empty_place_is_no_success(self):
        self.assertIn("no sources", self.breaches({"README.md": ""}))


if __name__ == "__main__":
    unittest.main()
