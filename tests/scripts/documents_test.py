"""Sources and documents agree with each other: every heading of docs/ and every file that is referred to exists,
every value of an enum is in every place that lists it, the tests that the threat model names exist, and the
architecture lists every directory of sources. README stays short, and no change is listed twice. Usage:
documents_test.py"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADING = re.compile(r"^#{1,6} +(.*)$", re.M)
REFERENCE = re.compile(r'docs/([\w.-]+\.md),\s+"([^"]+)"')
PATH = re.compile(r"`((?:backupd|base|docs|imap|restore|schema|scripts|store|tests|web)/[\w./-]+)`")
TEST = re.compile(r"\b(TEST(?:_F|_P)?|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\((\w+),\s+(\w+)")
INSTANTIATION = re.compile(r"\bINSTANTIATE_TEST_SUITE_P\(\s*\w*,\s+(\w+)")
MAX_README_LINES = 150
MAN_PAGES = ("docs/man/mailstow-backupd.8", "docs/man/mailstow-restore.8")


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def tracked():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    suffixes = (".h", ".cc", ".py", ".sql", ".md", ".8", ".5", ".yml")
    return [name for name in names.stdout.splitlines() if name.endswith(suffixes)]


def references_of(text):
    """(document, heading) of each reference; one may continue in the next line of a comment."""
    joined = re.sub(r"\n\s*(?://|#|--)?\s*", " ", text)
    return REFERENCE.findall(joined)


def wrong_references(name, headings):
    for document, heading in references_of(text_of(name)):
        if heading not in headings.get(document, ()):
            yield f'{name}: there is no "{heading}" in docs/{document}'


def words_of(source, function):
    """The words that a switch of `function` returns."""
    body = re.search(rf"\b{function}\([^)]*\) {{\n(.*?)\n}}", text_of(source), re.S)
    words = re.findall(r'return "(\w+)";', body.group(1))
    assert len(words) > 1, f"{source}: {function}() has no words"
    return sorted(set(words))


def enumerators_of(source, name):
    body = re.search(rf"enum class {name}[^{{]*{{(.*?)}};", text_of(source), re.S)
    return re.findall(r"^\s*k\w+ = (\d+),", body.group(1), re.M)


def missing_words():
    places = [(word, page, rf"^\.Ql {word}\b")
              for word in [*words_of("base/error.cc", "error_word"), "stopped"] for page in MAN_PAGES]
    for word in words_of("backupd/report/alarms.h", "word"):
        places += [(word, "docs/alert-rules.yml", rf'mailstow_account_alarm{{kind="{word}"}}'),
                   (word, "docs/man/mailstow-backupd.8", rf"^\.Ql {word}\b")]
    for status in enumerators_of("base/exit_status.h", "ExitStatus"):
        places.append((status, "docs/man/mailstow-restore.8", rf"^\.It {status}$"))
        if status != "6":  # of restores only
            places.append((status, "docs/man/mailstow-backupd.8", rf"^\.It {status}$"))
    for word, page, pattern in places:
        if not re.search(pattern, text_of(page), re.M):
            yield f"{page}: {word} is missing"


def promised_tests():
    """For each test that the threat model names: whether it exists."""
    named = set(re.findall(r"`([A-Z]\w+)\.([A-Z]\w+)`", text_of("docs/threat-model.md")))
    assert len(named) > 30, f"only {len(named)} tests are named"
    sources = "".join(text_of(name) for name in tracked() if name.endswith("_test.cc"))
    tests = TEST.findall(sources)
    existing = {(suite, test) for _, suite, test in tests}
    # A suite of TEST_P that is never instantiated runs no test.
    idle = {suite for macro, suite, _ in tests if macro == "TEST_P"} - set(INSTANTIATION.findall(sources))
    yield from unproven_promises(text_of("docs/threat-model.md"))
    for suite, test in sorted(named):
        if (suite, test) not in existing:
            yield f"docs/threat-model.md: there is no test {suite}.{test}"
        if suite in idle:
            yield f"docs/threat-model.md: no test of {suite} is instantiated"


def unproven_promises(text):
    """The numbered promises that name no test, and the numbers that are missing."""
    promises = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^\*\*|^## )", text, re.M | re.S)
    assert len(promises) > 20, f"only {len(promises)} promises are numbered"
    for place, (number, promise) in enumerate(promises, 1):
        if int(number) != place:
            yield f"docs/threat-model.md: promise {number} is in the place of {place}"
        if not re.search(r"`[A-Z]\w+\.[A-Z]\w+`", promise):
            yield f"docs/threat-model.md: promise {number} names no test"


def missing_paths(names):
    for name in names:
        if name.endswith(".md") and name != "CHANGELOG.md":  # which names files of its time
            for path in PATH.findall(text_of(name)):
                if not (ROOT / path).exists():
                    yield f"{name}: there is no {path}"


def unlisted_directories(names):
    listed = set(re.findall(r"^\| `([\w/]+)/` \|", text_of("docs/architecture.md"), re.M))
    sources = {str(pathlib.PurePath(name).parent) for name in names if name.endswith((".h", ".cc"))}
    for directory in sorted(sources):
        if directory not in listed and not directory.startswith("tests"):
            yield f"docs/architecture.md: {directory}/ is missing"
    for directory in sorted(listed):
        if not (ROOT / directory).is_dir():
            yield f"docs/architecture.md: there is no {directory}/"


def repeated_changes():
    headlines = re.findall(r"^- \*\*(.+?)\*\*", text_of("CHANGELOG.md"), re.M)
    for headline in sorted({text for text in headlines if headlines.count(text) > 1}):
        yield f'CHANGELOG.md: several changes are called "{headline}"'


def long_readme():
    lines = text_of("README.md").count("\n")
    if lines > MAX_README_LINES:
        yield f"README.md: {lines} lines, more than {MAX_README_LINES}"


def main():
    headings = {path.name: set(HEADING.findall(path.read_text(encoding="utf-8")))
                for path in (ROOT / "docs").glob("*.md")}
    names = tracked()
    found = sum(len(references_of(text_of(name))) for name in names)
    assert found >= 20, f"only {found} references were found"
    troubles = [trouble for name in names for trouble in wrong_references(name, headings)]
    troubles += missing_words()
    troubles += promised_tests()
    troubles += [*missing_paths(names), *unlisted_directories(names), *repeated_changes(), *long_readme()]
    for trouble in troubles:
        print(trouble)
    sys.exit(bool(troubles))


if __name__ == "__main__":
    main()
