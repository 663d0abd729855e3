"""The content of the Debian package, as far as it can be checked without building it (scripts/package --check
and --try do): the maintainer scripts, the configuration that comes with it, one version everywhere.
Usage: package_test.py BIN_DIRECTORY BUILD_DIRECTORY"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEBIAN = ROOT / "scripts/debian"
UNITS = ROOT / "scripts/systemd"
INSTANCES = ("self", "proxy", "staff")  # of the restore page
BIN = BUILD = None


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)


def names_of(unit):
    """The names under which systemd knows a unit: of a template, those of its instances."""
    return {unit.name.replace("@.", f"@{instance}.") for instance in INSTANCES}


class Package(unittest.TestCase):
    def test_maintainer_scripts_are_posix_shell(self):
        for name in ("config", "postinst", "prerm", "postrm"):
            script = DEBIAN / name
            self.assertTrue(script.read_text().startswith("#!/bin/sh\nset -e\n"), name)
            self.assertEqual(script.stat().st_mode & 0o777, 0o755, name)
            self.assertEqual(run("sh", "-n", script).stderr, "")

    def test_purging_removes_data_in_one_place_only_after_a_question(self):
        scripts = {name: (DEBIAN / name).read_text() for name in ("postinst", "prerm", "postrm")}
        removals = [(name, line.strip()) for name, text in scripts.items() for line in text.splitlines()
                    if re.search(r"\brm\b", line)]
        self.assertEqual(removals, [("postrm", "rm -rf /var/lib/mailstow /etc/mailstow")])
        self.assertIn('if [ "$remove" = true ]; then\n        rm -rf', scripts["postrm"])
        self.assertIn("Default: false\n", (DEBIAN / "templates").read_text())

    def test_maintainer_scripts_know_every_unit_that_can_be_enabled(self):
        units = {name for unit in UNITS.iterdir() if "\n[Install]\n" in unit.read_text() for name in names_of(unit)}
        for name in ("postinst", "postrm"):
            named = set(re.findall(r"mailstow[a-z@-]*\.(?:service|timer|socket)", (DEBIAN / name).read_text()))
            self.assertEqual(named, units, name)

    def test_removal_stops_every_unit_and_an_upgrade_restarts_every_socket(self):
        stopped = set(re.search(r"^    for unit in (.*); do$", (DEBIAN / "prerm").read_text(), re.M)[1].split())
        # A name without an ending stands for a timer and its service.
        stopped |= {f"{unit}.{kind}" for unit in stopped if "." not in unit for kind in ("timer", "service")}
        units = {name for unit in UNITS.iterdir() for name in names_of(unit)}
        self.assertEqual(units - stopped, set())
        restarted = re.search(r"for unit in (.*); do\n *deb-systemd-invoke try-restart", (DEBIAN / "postinst").read_text())
        self.assertEqual({name for name in units if name.endswith(".socket")} - set(restarted[1].split()), set())

    def test_users_and_groups_of_the_units_exist(self):
        text = (DEBIAN / "postinst").read_text()
        made = {"mailstow", "root", "www-data"} | set(re.search(r"for user in (.*); do", text)[1].split())
        used = {user.replace("%i", instance) for unit in UNITS.iterdir() for instance in INSTANCES
                for user in re.findall(r"^(?:User|Group|SocketUser|SocketGroup)=(.*)$", unit.read_text(), re.M)}
        self.assertEqual(used - made, set())

    def test_its_configuration_is_kept_and_is_valid(self):
        self.assertEqual((DEBIAN / "conffiles").read_text(), "/etc/mailstow/mailstow.json\n")
        text = (DEBIAN / "mailstow.json").read_text()
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "mailstow.json"
            # Unchanged, and with its commented examples enabled.
            for content in (text, text.replace("// , ", ", ")):
                file.write_text(content.replace('"/var/lib/mailstow', f'"{directory}')
                                .replace('"/etc/mailstow', f'"{directory}'))
                result = run(BIN / "mailstow-backupd", "--config", file, "init")
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                run("rm", "-r", f"{directory}/store", f"{directory}/index", f"{directory}/store.key")

    def test_one_version(self):
        version = re.search(r"project\(mailstow VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        for program in ("mailstow-backupd", "mailstow-restore", "mailstow-web"):
            self.assertEqual(run(BIN / program, "--version").stdout, f"mailstow {version}\n")
        cpack = (BUILD / "CPackConfig.cmake").read_text()
        self.assertIn(f'set(CPACK_PACKAGE_VERSION "{version}")', cpack)
        # Alone, not inside a longer number such as an address.
        alone = rf"(?<![0-9a-f.]){re.escape(version)}(?![0-9a-f.])"
        elsewhere = run("git", "-C", ROOT, "grep", "-lP", alone, "--", "*.cc", "*.h", "docs", "scripts")
        self.assertEqual(elsewhere.stdout, "")


if __name__ == "__main__":
    BIN, BUILD = map(pathlib.Path, sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
