"""systemd takes the units of scripts/systemd, and finds them hardened: an exposure of 2.0 at most.
Usage: systemd_units_test.py BIN_FOLDER"""

import pathlib
import subprocess
import sys
import tempfile

UNITS = pathlib.Path(__file__).resolve().parents[2] / "scripts/systemd"
MOST_EXPOSED = 20  # tenths


def analyze(*arguments):
    result = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)
    return result.returncode, (result.stdout + result.stderr).strip()


def main():
    programs = sys.argv[1]
    services = sorted(UNITS.glob("*.service"))
    timers = sorted(UNITS.glob("*.timer"))
    assert services and timers
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for unit in services + timers:
            # As installed, but for where the programs lie.
            text = unit.read_text().replace("ExecStart=/usr/bin/", f"ExecStart={programs}/")
            (pathlib.Path(folder) / unit.name).write_text(text)
        for unit in services + timers:
            status, output = analyze("verify", "--man=no", f"{folder}/{unit.name}")
            # Also what it only warns of.
            if status or unit.name in output:
                print(f"{unit.name}: {output}")
                failed = True
    for unit in services:
        status, output = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)
        if status:
            print(output)
            failed = True
        if "User=mailstow\n" not in unit.read_text():
            print(f"{unit.name}: it does not run as mailstow")
            failed = True
    for timer in timers:
        if not timer.with_suffix(".service").exists():
            print(f"{timer.name}: it starts no service")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
