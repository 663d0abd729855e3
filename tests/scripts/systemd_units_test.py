"""systemd accepts the units of scripts/systemd, and rates them as hardened: an exposure of at most 2.0, that of
the web server at most 1.5. Without the configuration their programs end with status 2, for which they fail: at once,
or, where a key may be on a disk that is mounted later, after they were started again for ten minutes. A service
follows its sockets, and the drop-in that docs/operations.md has for a unit's failure is accepted too.
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


def settings(unit, name):
    """The values of a setting, one a word."""
    return " ".join(re.findall(rf"^{name}=(.*)$", unit.read_text(), re.M)).split()


def hides_a_missing_configuration(unit):
    """Why the unit does not enter the state "failed" if its program ends with status 2, or ""."""
    if re.search(r"^(Condition|Assert)", unit.read_text(), re.M):
        return "a condition keeps it from starting, and so from failing"
    if "ExecStart=-" in unit.read_text() or not set(settings(unit, "SuccessExitStatus")) <= {"3"}:
        return "it succeeds with another status than 0 and 3"
    # The state "failed" comes only once systemd does not start the unit again.
    return what_is_wrong_with_restarts(unit) if settings(unit, "Restart") else ""


def seconds(span):
    number, unit = re.fullmatch(r"(\d+)(s|min|h|)", span).groups()
    return int(number) * {"": 1, "s": 1, "min": 60, "h": 3600}[unit]


def what_is_wrong_with_restarts(unit):
    """Why a service that systemd starts again is given up too soon or never, or ""."""
    needs_key = settings(unit, "User") == ["mailstow"]
    if "2" in settings(unit, "RestartPreventExitStatus"):
        return "a key on a disk that is mounted later ends its restarts" if needs_key else ""
    head = unit.read_text().partition("\n[Service]")[0]
    limits = dict(re.findall(r"^(StartLimitIntervalSec|StartLimitBurst)=(.*)$", head, re.M))
    if len(limits) != 2:
        return "its [Unit] does not limit its restarts"
    starts = int(limits["StartLimitBurst"])
    pause = seconds(settings(unit, "RestartSec")[0])
    if needs_key and starts * pause < 600:
        return "it is given up within ten minutes"
    # One that reports its start may hang: until the end of its time, or until the watchdog finds it.
    longest = pause
    if settings(unit, "Type") == ["notify"]:
        default = 90
        longest += max([default, *map(seconds, settings(unit, "WatchdogSec"))])
        longest += seconds((settings(unit, "TimeoutStopSec") or [str(default)])[0])
    if starts * longest >= seconds(limits["StartLimitIntervalSec"]):
        return "its restarts may never reach their limit"
    return ""


def start_without_configuration(programs, unit, missing):
    """What is wrong with the end of the unit's program, started as the unit does, but with `missing` for its
    configuration: this machine may have one. Or ""."""
    program, *words = settings(unit, "ExecStart")
    program = pathlib.Path(programs) / pathlib.Path(program).name
    if "--config" in words:
        words[words.index("--config") + 1] = missing
    else:
        usage = subprocess.run([program, "--help"], capture_output=True, text=True).stdout
        if "(default: /etc/mailstow/mailstow.json)" not in " ".join(usage.split()):
            return "its program has another configuration by default"
        words += ["--config", missing]
    done = subprocess.run([program, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode == 2 and missing in done.stderr:
        return ""
    return f"without its configuration it ends with status {done.returncode}: {done.stderr}"


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
        user = "mailstow-web-%i" if is_web else "mailstow"
        if trouble := hides_a_missing_configuration(unit):
            print(f"{unit.name}: {trouble}")
            failed = True
        if trouble := start_without_configuration(programs, unit, "/nonexistent/mailstow.json"):
            print(f"{unit.name}: {trouble}")
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
        elif re.search(r"^(Condition|Assert)", starter.read_text(), re.M):
            print(f"{starter.name}: a condition keeps it from starting")
            failed = True
        elif starter.suffix == ".socket" and not follows(service_of(starter), starter):
            print(f"{starter.name}: it can't be restarted while its service runs")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
