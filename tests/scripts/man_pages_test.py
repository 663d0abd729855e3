"""The man pages name every command and option that the programs have, and no other; mailstow.json(5)
and mailstow-web(8) name every key of the schemas. Usage: man_pages_test.py BIN_DIRECTORY"""

import functools
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


@functools.cache
def help_of(program, command):
    result = subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=True)
    return result.stdout


def commands_in(text):
    section = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  ([a-z-]+)", section.group(1), re.M) if section else []


def all_commands(program, above=()):
    for name in commands_in(help_of(program, above)):
        yield (*above, name)
        yield from all_commands(program, (*above, name))


def options_in(text):
    return set(re.findall(r"^  (?:-\w,)?--([a-z-]+)", text, re.M))


def check_program(program, page):
    troubles = []
    options = options_in(help_of(program, ()))
    for command in all_commands(program):
        options |= options_in(help_of(program, command))
        is_group = bool(commands_in(help_of(program, command)))
        if not is_group and not re.search(rf"^\.It Cm {' '.join(command)}\b", page, re.M):
            troubles.append(f"the command `{' '.join(command)}` is missing")
    described = set(re.findall(r"Fl -([a-z-]+)", page))
    troubles += [f"the option --{name} is missing" for name in sorted(options - described)]
    troubles += [f"there is no option --{name}" for name in sorted(described - options)]
    told = set(re.findall(r"^\.It Cm ((?:key )?[a-z-]+)", page, re.M))
    known = {" ".join(command) for command in all_commands(program)}
    troubles += [f"there is no command `{name}`" for name in sorted(told - known)]
    return troubles


def keys_of(schema):
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from keys_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys_of(value)


def check_configuration(page):
    schema = json.loads((ROOT / "schema/mailstow.schema.json").read_text())
    keys = set(keys_of(schema))
    items = re.findall(r"^\.It Cm (.*)$", page, re.M)
    described = {name for item in items for name in re.findall(r"[a-z][a-z0-9_]*", item)}
    return ([f"the key {name} is missing" for name in sorted(keys - described)]
            + [f"there is no key {name}" for name in sorted(described - keys)])


def check_selection(page):
    schema = json.loads((ROOT / "schema/selection.schema.json").read_text())
    described = {name for item in re.findall(r"^\.It Ql (.*)$", page, re.M)
                 for name in re.findall(r"[a-z_]+", item)}
    keys = set(schema["properties"])
    return ([f"the field {name} of a selection is missing" for name in sorted(keys - described)]
            + [f"a selection has no field {name}" for name in sorted(described - keys)])


def check_web_settings(page):
    keys = set(json.loads((ROOT / "schema/web.schema.json").read_text())["properties"])
    described = set(re.findall(r"^\.It Ql ([a-z_]+)", page, re.M))
    return ([f"the key {name} is missing" for name in sorted(keys - described)]
            + [f"there is no key {name}" for name in sorted(described - keys)])


def main():
    directory = pathlib.Path(sys.argv[1])
    failed = False
    for name in ("mailstow-backupd", "mailstow-restore", "mailstow-web"):
        page = (ROOT / f"docs/man/{name}.8").read_text()
        for trouble in check_program(directory / name, page):
            print(f"{name}.8: {trouble}")
            failed = True
    for trouble in check_configuration((ROOT / "docs/man/mailstow.json.5").read_text()):
        print(f"mailstow.json.5: {trouble}")
        failed = True
    for trouble in check_web_settings((ROOT / "docs/man/mailstow-web.8").read_text()):
        print(f"mailstow-web.8: {trouble}")
        failed = True
    for trouble in check_selection((ROOT / "docs/man/mailstow-restore.8").read_text()):
        print(f"mailstow-restore.8: {trouble}")
        failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
