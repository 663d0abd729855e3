"""No option of the programs takes the next one for its value, and none takes an empty value, nor does a
positional argument: a script whose variable is not set must not restore everything, or write although it
asked for a dry run. Usage: empty_values_test.py BIN_DIRECTORY"""

import pathlib
import re
import subprocess
import sys

from man_pages_test import all_commands, help_of

OPTION = re.compile(r"^  (?:(-\w),)?(--[a-z-]+)(?: (?!Excludes:|Needs:| )([^\s=]+))?", re.M)
POSITIONAL = re.compile(r"^  ([A-Z]+)\b", re.M)


def described(text):
    """([(short, long, value)], [positional]) of a --help; the value of a flag is ''."""
    positionals = re.search(r"^Positionals:\n((?:  .*\n)+)", text, re.M)
    return OPTION.findall(text), POSITIONAL.findall(positionals[1]) if positionals else []


class Checker:
    def __init__(self, program):
        self.program, self.troubles, self.asked = program, [], 0
        self.seen = set()  # options as the help describes them

    def expect_refused(self, words, beginning):
        """With status 2, before the configuration is looked for: /nonexistent would be named."""
        self.asked += 1
        done = subprocess.run([self.program, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 2 or not done.stderr.startswith(beginning):
            self.troubles.append(f"{self.program.name} {' '.join(map(repr, words))}: status {done.returncode}, not "
                                 f"“{beginning}...”: {done.stdout}{done.stderr}")

    def check_options(self, command, options, followers):
        """`followers`: a flag that must not become a value; none where the program has no other."""
        is_first = True
        for option in options:
            short, name, value = option
            # Commands that also have it parse it alike; behaviour that depends on the command is tested below.
            if option in self.seen and not (value and is_first):
                continue
            self.seen.add(option)
            if not value:
                if name not in ("--help", "--version"):
                    self.expect_refused([*command, f"{name}="], f"{name}=: it takes no value")
                continue
            empty, missing = f"{name}: the value is empty: write {name} {value}", ": the value is missing"
            follower = (*followers, "--config=/nonexistent")[0]
            self.expect_refused([*command, f"{name}=", follower], empty)
            self.expect_refused([*command, name, follower], name + missing)
            if short:
                self.expect_refused([*command, short, "", follower], empty)
                self.expect_refused([*command, short, follower], short + missing)
            if not is_first:
                continue
            # These depend on the command, not on the option.
            is_first = False
            self.expect_refused([*command, name, "", follower], empty)
            self.expect_refused([*command, name], name + missing)

    def check_command(self, command, root_options):
        options, positionals = described(help_of(self.program, command))
        flags = [name for _, name, value in options if not value and name not in ("--help", "--json")]
        self.check_options(command, options, flags[-1:])
        for at, name in enumerate(positionals):
            self.expect_refused([*command, *["x"] * at, "", "--config=/nonexistent"], f"{name}: the value is empty")
        return len([value for _, _, value in options if value])


def main():
    bin_directory = pathlib.Path(sys.argv[1])
    for program, at_least in (("mailstow-backupd", 10), ("mailstow-restore", 20)):
        checker = Checker(bin_directory / program)
        root_options, _ = described(help_of(checker.program, ()))
        assert [value for _, name, value in root_options if name == "--config"] == ["FILE"], root_options
        checker.check_options((), root_options, [])
        commands = list(all_commands(checker.program))
        with_value = sum(checker.check_command(command, root_options) for command in commands)
        for command in commands[:2]:  # an option of the program, before the command and after it
            checker.expect_refused(["--config=", *command], "--config: the value is empty")
            checker.expect_refused([*command, "--config=", "--quiet"], "--config: the value is empty")
            checker.expect_refused([*command, "--config", "--quiet"], "--config: the value is missing")
        assert with_value >= at_least, f"{program}: only {with_value} options with a value were found"
        if checker.troubles:
            sys.exit("\n".join(checker.troubles))
        print(f"{program}: {with_value} options with a value, {checker.asked} command lines")


if __name__ == "__main__":
    main()
