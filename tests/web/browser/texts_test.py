"""Reads web/pages without a browser: every text exists in each language, with the same places for values; no page
makes elements from markup or composes a command line, and none names an address elsewhere."""
import json
import pathlib
import re
import sys
import unittest

PAGES = pathlib.Path(__file__).resolve().parents[3] / "web/pages"
# `t(key)` and its like; keys in tables of pages; both keys of a choice.
KEY = re.compile(r'(?:\bt|rich|has_text)\(\s*"([^"]+)"|label: "([^"]+)"|(?:\bt|rich)\(\s*[^"`()]*\? "([^"]+)" : "([^"]+)"')
BEGINNING = re.compile(r"`([a-z_.]+[._])\$\{")  # of keys that end with a value
SLOT = re.compile(r"\{\w+\}")


def sources():
    return {path.relative_to(PAGES).as_posix(): path.read_text() for path in sorted(PAGES.rglob("*.js"))}


def languages():
    return {path.stem: json.loads(path.read_text()) for path in (PAGES / "i18n").glob("*.json")}


def slots(text):
    forms = text.values() if isinstance(text, dict) else [text]
    return set().union(*(SLOT.findall(form) for form in forms))


class TextsTest(unittest.TestCase):
    def test_the_languages_have_the_same_texts(self):
        english, *others = [languages()["en"], *(texts for name, texts in languages().items() if name != "en")]
        self.assertGreater(len(others), 0)
        for texts in others:
            self.assertEqual(set(texts), set(english))
            for key, text in texts.items():
                self.assertEqual(slots(text), slots(english[key]), key)
                self.assertEqual(isinstance(text, dict), isinstance(english[key], dict), key)

    def test_every_used_text_exists_and_every_text_is_used(self):
        texts = set(languages()["en"])
        code = "\n".join(sources().values())
        used = {key for found in KEY.findall(code) for key in found if key}
        self.assertGreater(len(used), 100)
        self.assertEqual(used - texts, set())
        beginnings = tuple(BEGINNING.findall(code))
        unused = {key for key in texts - used if not key.startswith(beginnings) and f'"{key}"' not in code}
        self.assertEqual(unused, set())

    def test_elements_are_made_from_text(self):
        for name, code in sources().items():
            for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser", "srcdoc"):
                self.assertNotIn(word, code, name)

    def test_no_page_composes_a_command_line(self):
        for name, code in sources().items():
            self.assertIsNone(re.search("mailstow-(backupd|restore)", code), name)

    def test_no_address_leads_elsewhere(self):
        for path in PAGES.rglob("*"):
            if path.is_file():
                found = set(re.findall(r"https?://[^\"'`\s)>]+", path.read_text()))
                self.assertEqual(found - {"http://www.w3.org/2000/svg"}, set(), path)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
