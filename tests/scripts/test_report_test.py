#!/usr/bin/env python3
"""test_report must not call a run good in which a test failed or did not run."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

REPORT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "test_report"


class TestReport(unittest.TestCase):
    def report(self, junit, suite=None):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "tests.xml"
            if junit is not None:
                file.write_text(f"<testsuite>{junit}</testsuite>", encoding="utf-8")
            if suite is not None:
                reports = pathlib.Path(directory) / "suites"
                reports.mkdir()
                (reports / "suite.xml").write_text(
                    f"<testsuites><testsuite>{suite}</testsuite></testsuites>", encoding="utf-8")
            done = subprocess.run([sys.executable, REPORT, directory, file], text=True,
                                  capture_output=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def test_all_passed(self):
        status, text = self.report('<testcase name="a" time="0.1" status="run"/>'
                                   '<testcase name="b" time="2.5" status="run"/>')
        self.assertEqual(0, status)
        self.assertIn("slowest tests: b 2.5 s, a 0.1 s", text)
        self.assertIn("2 tests in 2 runs, 2 runs passed, 0 failed, 0 did not run", text)

    def test_one_failed(self):
        status, text = self.report('<testcase name="a" time="0.1" status="run"/>'
                                   '<testcase name="b" time="2.5" status="fail"/>')
        self.assertEqual(1, status)
        self.assertIn("b: failed", text)

    def test_one_skipped_or_disabled(self):
        for word in ("notrun", "disabled"):
            status, text = self.report('<testcase name="a" time="0.1" status="run"/>'
                                       f'<testcase name="b" time="0" status="{word}"/>')
            self.assertEqual(1, status)
            self.assertIn("b: did not run", text)

    def test_a_suite_counts_its_tests_and_names_those_that_failed(self):
        status, text = self.report(
            '<testcase name="Leaf" time="0.1" status="fail"/>',
            '<testcase classname="Leaf" name="Opens" result="completed"/>'
            '<testcase classname="Leaf" name="Waits" result="skipped"/>'
            '<testcase classname="Leaf" name="Reads" result="completed"><failure/></testcase>')
        self.assertEqual(1, status)
        self.assertIn("Leaf: failed\n  Leaf.Waits\n  Leaf.Reads\n", text)
        self.assertIn("3 tests in 1 runs, 0 runs passed, 1 failed", text)

    def test_nothing_ran(self):
        self.assertEqual(1, self.report("")[0])
        self.assertEqual(1, self.report(None)[0])


if __name__ == "__main__":
    unittest.main()
