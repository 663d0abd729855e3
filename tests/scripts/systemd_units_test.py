"""systemd accepts the units of scripts/systemd, and rates them as hardened: an exposure of at most 2.0, that of
the web server at most 1.5. They fail without the configuration, a service follows its sockets, and the drop-in that docs/operations.md has for
a unit's failure is accepted too.
Usage: systemd_units_test.py BIN_DIRECTORY"""

import pathlib
import re
import subprocess
import sys
import tempfile

UNITS = pathlib.Path(__file__).resolve().parents[2] / "scripts/systemd"
MOST_EXPOSED = 20  # tenths
MOST_EXPOSED_WEB = 15


def instance_of(unit):
    """The name of a unit, of a template that of an instance."""
    return unit.name.replace("@.", "@self.")


def service_of(starter):
    """The service that a timer or socket starts."""
    named = re.search(r"^Service=(.*)$", starter.read_text(), re.M)
    return starter.with_name(named[1]) if named else starter.with_suffix(".service")


def follows(service, socket):
    """Whether the service stops and restarts with its socket: systemd starts no socket whose service runs."""
    tied = re.findall(r"^(?:PartOf|Requires|BindsTo)=(.*)$", service.read_text(), re.M)
    return socket.name.replace("@.", "@%i.") in " ".join(tied).split()


def analyze(*arguments):
    result = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)
    return result.returncode, (result.stdout + result.stderr).strip()


def drop_ins():
    """The units of docs/operations.md: {path below /etc/systemd/system: text}."""
    text = (UNITS.parents[1] / "docs/operations.md").read_text()
    found = re.findall(r"# /etc/systemd/system/(\S+)\n(.*?)```", text, re.S)
    return {path: body for path, body in found}


def main():
    programs = sys.argv[1]
    services = sorted(UNITS.glob("*.service"))
    starters = sorted([*UNITS.glob("*.timer"), *UNITS.glob("*.socket")])
    assert services and starters
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        for unit in services + starters:
            # As installed, except for the path of the programs.
            text = unit.read_text().replace("ExecStart=/usr/bin/", f"ExecStart={programs}/")
            (pathlib.Path(directory) / instance_of(unit)).write_text(text)
        documented = drop_ins()
        on_failure = [body for body in documented.values() if re.search(r"^OnFailure=", body, re.M)]
        if not on_failure:
            print("docs/operations.md: there is no drop-in with OnFailure=")
            failed = True
        for path, body in documented.items():
            file = pathlib.Path(directory) / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(body)
        for unit in services + starters:
            status, output = analyze("verify", "--man=no", f"{directory}/{instance_of(unit)}")
            # Warnings count as failures, too.
            if status or instance_of(unit) in output:
                print(f"{unit.name}: {output}")
                failed = True
        for unit in services:
            most = MOST_EXPOSED_WEB if unit.name.startswith("mailstow-web") else MOST_EXPOSED
            status, output = analyze("security", "--offline=true", f"--threshold={most}",
                                     f"{directory}/{instance_of(unit)}")
            if status:
                print(output)
                failed = True
    for unit in services:
        is_web = unit.name.startswith("mailstow-web")
        configuration = "/etc/mailstow-web/%i.json" if is_web else "/etc/mailstow/mailstow.json"
        user = "mailstow-web-%i" if is_web else "mailstow"
        if f"AssertPathExists={configuration}\n" not in unit.read_text():
            print(f"{unit.name}: without a configuration it does not fail")
            failed = True
        if re.search(r"^Condition", unit.read_text(), re.M):
            print(f"{unit.name}: a condition skips it silently")
            failed = True
        if is_web and "\nOOMPolicy=continue\n" not in unit.read_text():
            print(f"{unit.name}: it ends with a renderer that takes too much memory")
            failed = True
        if not is_web and re.search("^ProcSubset=pid", unit.read_text(), re.M):
            print(f"{unit.name}: it can't see whether the machine was started again")
            failed = True
        if f"User={user}\n" not in unit.read_text():
            print(f"{unit.name}: it does not run as {user}")
            failed = True
    for starter in starters:
        if not service_of(starter).exists():
            print(f"{starter.name}: it starts no service")
            failed = True
        elif starter.suffix == ".socket" and not follows(service_of(starter), starter):
            print(f"{starter.name}: it can't be restarted while its service runs")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
