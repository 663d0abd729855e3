"""bash, zsh and fish, driven like by a user who types, offer every command and option that the programs
have, and no other. Usage: completions_test.py BIN_DIRECTORY"""

import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

from load_script import load_script
from man_pages_test import ROOT, all_commands, commands_in, help_of

OPTION = re.compile(r"^  (?:(-\w),)?(--[a-z-]+)", re.M)
GLOBAL = {"--config", "--verbose", "--quiet", "--json", "--wide", "--on-behalf-of-fd"}


class Bash:
    ANSWER = r"""
source "$1"
while read -r line; do
  COMP_WORDS=($line)
  [[ $line != *_ ]] || COMP_WORDS[-1]=
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
  compopt() { :; }
  "_${COMP_WORDS[0]//-/_}"
  printf '%s\n' "${COMPREPLY[@]}" ,
done"""

    def answers(self, script, lines, directory):
        # A word not yet typed is written as _, which `read` doesn't cut off.
        said = subprocess.run(["bash", "--norc", "-c", self.ANSWER, "bash", script], cwd=directory, text=True,
                              input="".join(line + ("_\n" if line.endswith(" ") else "\n") for line in lines),
                              capture_output=True, check=True)
        assert not said.stderr, said.stderr
        return [set(part.split()) for part in said.stdout.split(",\n")]


class Fish:
    ANSWER = "source $argv[1]; while read -l line; complete -C (string replace -r '_$' '' -- $line); echo ,; end"

    def answers(self, script, lines, directory):
        said = subprocess.run(["fish", "--no-config", "-c", self.ANSWER, script], cwd=directory, text=True,
                              input="".join(line + "_\n" for line in lines), capture_output=True,
                              env={**os.environ, "HOME": directory}, check=True)
        assert not said.stderr, said.stderr
        return [{row.split("\t")[0] for row in part.splitlines()} for part in said.stdout.split(",\n")]


class Zsh:
    # On a terminal, since zsh completes nowhere else. What would be shown goes to a pipe as well.
    SETUP = r"""
PROMPT= RPROMPT= ; unsetopt auto_list auto_menu beep; setopt no_prompt_sp
autoload -Uz compinit; compinit -D -u; source "$COMPLETIONS"
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits; builtin compadd -A hits "$@"; (($#hits)) && print -rl -- $hits >>$HITS
  builtin compadd "$@"
}
done_here() { print , >>$HITS; zle kill-whole-line; }
zle -N done_here; bindkey '^G' done_here; bindkey '^I' complete-word; print , >>$HITS
"""

    def answers(self, script, lines, directory):
        hits = os.path.join(directory, "hits")
        os.mkfifo(hits)
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(directory)
            os.environ.update(HITS=hits, COMPLETIONS=str(script), HOME=directory, TERM="dumb")
            os.execvp("zsh", ["zsh", "-f", "-i"])
        setup = os.path.join(directory, "setup")
        pathlib.Path(setup).write_text(self.SETUP)
        pipe = os.open(hits, os.O_RDWR)  # so that it doesn't end between two writers
        with open(pipe, closefd=True) as answers:
            def ask(keys):
                os.write(terminal, keys.encode())
                return set(iter(lambda: answers.readline().strip(), ","))
            ask(f" source {setup}\n")
            result = [ask(line + "\t\a") for line in lines]
        os.close(terminal)
        os.waitpid(pid, 0)
        return result


def questions(program, name):
    """(what is typed, what must be offered): commands, options, values."""
    for command in [(), *all_commands(program)]:
        typed = " ".join((name, *command))
        text = help_of(program, command)
        below = set(commands_in(text))
        if below:
            yield f"{typed} ", below
        yield f"{typed} --", {long for _, long in OPTION.findall(text)} | GLOBAL
    yield f"{name} --config one-file ", set(commands_in(help_of(program, ())))
    yield f"{name} --config on", {"one-file", "one-directory"}
    if name == "mailstow-restore":
        yield f"{name} export alice --format ", {"mbox", "maildir", "eml"}
        yield f"{name} -q --config one-file export alice --to ", {"one-directory"}
    else:
        yield f"{name} run --now ", {"backup", "prune", "check", "sweep", "drill", "copy",
                                     "extend-locks"}


def expect_printed(shell, program, text):
    """The script itself prints the same."""
    printed = subprocess.run([ROOT / "scripts/completions", shell, program], capture_output=True, text=True,
                             check=True).stdout
    assert printed == text, f"scripts/completions {shell} {program}"


def expect_written(directory, kind, name, text):
    """The build installs the same."""
    file = directory.parent / "completions" / kind / name
    assert file.read_text(encoding="utf-8") == text, file


def plain(offered):
    return {word.rstrip("/ ") for word in offered if word}


def main():
    directory = pathlib.Path(sys.argv[1])
    failed = False
    generator = load_script("completions")  # which reads a program once for all shells
    for name in ("mailstow-backupd", "mailstow-restore"):
        asked = list(questions(directory / name, name))
        commands = generator.read(directory / name)
        for shell in (Bash(), Zsh(), Fish()):
            kind = type(shell).__name__.lower()
            with tempfile.TemporaryDirectory() as place:
                made = generator.completions(kind, name, commands)
                expect_written(directory, kind, name, made)
                if (name, kind) == ("mailstow-restore", "bash"):
                    expect_printed(kind, directory / name, made)
                script = pathlib.Path(place) / "script"
                script.write_text(made)
                here = pathlib.Path(place) / "here"
                (here / "one-directory").mkdir(parents=True)
                (here / "one-file").touch()
                answers = shell.answers(script, [typed for typed, _ in asked], str(here))
            for (typed, expected), offered in zip(asked, answers):
                # Files that the shell itself created are ignored.
                if plain(offered) - {"hits", "setup", ".config", ".local"} != expected:
                    print(f"{kind}: {typed!r}: {sorted(plain(offered))} instead of {sorted(expected)}")
                    failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
