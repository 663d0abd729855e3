#!/usr/bin/env python3
"""check_layers must find every kind of breach, and nothing in a clean tree."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check_layers"


class CheckLayers(unittest.TestCase):
    def breaches(self, files):
        """What check_layers prints about a tree of {path: text}; checks that its status agrees."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                file = pathlib.Path(root) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, CHECK, "--root", root], text=True,
                                  capture_output=True, check=False)
            self.assertEqual("", done.stderr)
            self.assertEqual(1 if done.stdout else 0, done.returncode)
            return done.stdout

    def test_a_clean_tree_passes(self):
        self.assertEqual("", self.breaches({
            "base/error.h": "#include <string>\n",
            "base/config.cc": '#include "schema/embedded.h"\n#include <nlohmann/json.hpp>\n',
            "imap/curl_transport.cc": '#include "base/error.h"\n#include <curl/curl.h>\n',
            "store/sqlite.cc": '#include "schema/embedded.h"\n#include <sqlite3.h>\n',
            "backupd/once.cc": '#include "imap/session.h"\n#include "store/writer.h"\n',
            "tests/store/pack_test.cc": '#include "store/pack.h"\n#include "tests/faulty.h"\n',
            "tests/restore/run_test.cc": '#include "tests/programs/installation.h"\n',
            "tests/fuzz/lexer.cc": '#include "imap/lexer.h"\n#include "store/pack.h"\n',
        }))

    def test_rooms_that_must_not_meet(self):
        for path, header in [
                ("base/error.cc", "imap/session.h"),
                ("schema/embedded.h", "base/error.h"),
                ("imap/session.cc", "store/writer.h"),
                ("imap/session.cc", "schema/embedded.h"),
                ("store/writer.cc", "imap/session.h"),
                ("store/writer.cc", "backupd/once.h"),
                ("backupd/once.cc", "restore/run.h"),
                ("restore/run.cc", "backupd/once.h"),
                ("restore/run.cc", "tests/servers/dovecot.h"),
                ("tests/imap/session_test.cc", "store/writer.h"),
                ("tests/servers/dovecot.cc", "imap/session.h"),
                ("tests/servers/dovecot.cc", "tests/programs/installation.h"),
                ("tests/programs/installation.cc", "store/reader.h"),
                ("tests/temporary_folder.h", "store/writer.h")]:
            with self.subTest(path=path, header=header):
                self.assertIn(f"{path}:2: ",
                              self.breaches({path: f'// text\n#  include "{header}"\n'}))

    def test_a_library_outside_its_wall(self):
        for path, header in [("backupd/once.cc", "curl/curl.h"), ("store/pack.cc", "curl/curl.h"),
                             ("base/bytes.cc", "zstd.h"), ("backupd/status.cc", "sqlite3.h"),
                             ("base/secret.cc", "sodium.h"),
                             ("tests/store/index_test.cc", "sqlite3.h")]:
            with self.subTest(path=path, header=header):
                self.assertIn("stays behind a wall",
                              self.breaches({path: f"#include <{header}>\n"}))

    def test_a_second_file_behind_a_wall(self):
        for header in ["zstd.h", "sqlite3.h", "sodium.h"]:
            with self.subTest(header=header):
                text = f"#include <{header}>\n"
                self.assertEqual("", self.breaches({"store/one.cc": text}))
                self.assertIn("store/one.cc, store/other.cc",
                              self.breaches({"store/one.cc": text, "store/other.cc": text}))

    def test_a_heavy_library_in_a_header(self):
        for header in ["nlohmann/json.hpp", "CLI/CLI.hpp", "spdlog/spdlog.h", "iostream"]:
            with self.subTest(header=header):
                self.assertIn("does not belong in a header",
                              self.breaches({"base/x.h": f"#include <{header}>\n"}))

    def test_an_empty_place_is_no_success(self):
        self.assertIn("no sources", self.breaches({"README.md": ""}))


if __name__ == "__main__":
    unittest.main()
