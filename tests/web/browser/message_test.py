"""The page of a message: the keyboard keeps its place, problems are shown where they happen, files are saved whole,
and what is left out is named; and the link that skips the navigation.

Usage: message_test.py BIN_DIRECTORY"""
import email
import email.message
import pathlib
import sys
import tempfile
import unittest

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import Browser
from world import World, letter

BIN = None
FORMATTED, MANY = "Formatted and attached", "Many parts"
ATTACHMENT = "Vertrag größer.pdf"
MAX_PARTS = 1_000  # that the page lists


def message_of_many_parts():
    message = email.message.EmailMessage()
    message["From"], message["Subject"] = "nina@example.org", MANY
    message.set_content("There is much below.\n")
    for number in range(MAX_PARTS + 1):
        message.add_attachment(b"x", maintype="application", subtype="octet-stream", filename=f"{number}.bin")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


class MessageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World(BIN))
        cls.source = letter(4, cls.world.now(), subject=FORMATTED, html="<p>formatted</p>", attachment=True)
        cls.world.append("INBOX", [cls.source, message_of_many_parts()])
        cls.world.back_up()
        cls.address = cls.world.start_page()

    def setUp(self):
        self.browser = self.enterContext(Browser(self.address))
        self.browser.open("/search")
        self.browser.log_in(password=self.world.password())
        self.browser.title("Search")

    def open_message(self, subject):
        browser = self.browser
        browser.open(f"/search?q={subject.split()[0].lower()}")
        browser.click(".row a", subject)
        browser.wait_for("iframe")

    def focused(self):
        return self.browser.driver.switch_to.active_element

    def focus(self, selector, text):
        """As the tab key does."""
        self.browser.run("arguments[0].focus()", self.browser.wait_for(selector, text))

    def frame_text(self):
        browser = self.browser
        browser.driver.switch_to.frame(browser.find("iframe")[0])
        try:
            return browser.run("return document.body ? document.body.innerText : ''")
        finally:
            browser.driver.switch_to.default_content()

    def test_the_focus_stays_at_the_pressed_button(self):
        self.open_message(FORMATTED)
        for text, shown in (("Source", "Subject: " + FORMATTED), ("Plain text", "this is letter"), ("Formatted", "formatted")):
            self.focus(".tabs button", text)
            self.focused().send_keys(Keys.ENTER)
            self.browser.until(lambda: shown in self.frame_text(), shown)
            self.assertEqual(self.focused().text, text)
            pressed = [button.text for button in self.browser.find(".tabs [aria-pressed=true]")]
            self.assertEqual(pressed, [text])
        self.focus("button", "Load pictures")
        self.focused().send_keys(Keys.ENTER)
        self.browser.wait_until_gone("button", "Load pictures")
        self.assertEqual(self.browser.run("return document.activeElement.tagName"), "IFRAME")

    def test_the_frame_shows_why_it_has_no_message(self):
        self.open_message(FORMATTED)
        self.browser.driver.delete_all_cookies()
        self.browser.click(".tabs button", "Source")
        self.browser.until(lambda: "the session is over" in self.frame_text(), "the reason")

    def test_files_are_saved_whole(self):
        place = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mailstow-saved.")))
        self.browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(place)})
        self.open_message(FORMATTED)
        attached = next(part for part in email.message_from_bytes(self.source).walk() if part.get_filename())
        self.browser.click("main li a", ATTACHMENT)
        file = place / ATTACHMENT
        self.browser.until(file.exists, ATTACHMENT)
        self.assertEqual(file.read_bytes(), attached.get_payload(decode=True))
        self.browser.click("main a", "Download (.eml)")
        self.browser.until(lambda: list(place.glob("message-*.eml")), "the message")
        self.assertEqual(next(place.glob("message-*.eml")).read_bytes(), self.source)

    def test_a_refused_download_is_shown(self):
        self.open_message(FORMATTED)
        # A busy server answers like this.
        self.browser.run("""
            const real = window.fetch;
            const busy = {code: "busy", detail: "too much", retry_after: 7};
            window.fetch = (address, ...more) => /parts\\/|raw$/.test(address)
              ? Promise.resolve(new Response(JSON.stringify(busy), {status: 423})) : real(address, ...more);""")
        for selector, text in (("main li a", ATTACHMENT), ("main a", "Download (.eml)")):
            self.browser.click(selector, text)
            self.browser.wait_for(".card:has(.note.bad)", text)
            self.browser.wait_for(".note.bad", "try again in 7 seconds")
            self.browser.run("document.querySelector('.note.bad').remove()")
        self.browser.driver.refresh()
        self.browser.wait_for("iframe")
        self.browser.driver.delete_all_cookies()
        self.browser.click("main li a", ATTACHMENT)
        self.browser.wait_for(".note", "Your session is over")

    def test_a_message_that_is_not_shown_whole_says_so(self):
        self.open_message(FORMATTED)
        self.assertEqual(self.browser.find(".note", "more parts"), [])
        self.open_message(MANY)
        self.browser.wait_for(".note", "This message has more parts than can be shown here")

    def test_the_skip_link_changes_nothing_but_the_focus(self):
        browser = self.browser
        browser.wait_for("input[type=search]").send_keys("half a que")
        requests = browser.run("return performance.getEntriesByType('resource').length")
        browser.run("arguments[0].focus()", browser.driver.find_element(By.CSS_SELECTOR, "a.skip"))
        self.focused().send_keys(Keys.ENTER)
        browser.until(lambda: self.focused().get_attribute("id") == "main", "the focus on the content")
        self.assertEqual(browser.path, "/search")
        self.assertEqual(browser.find("input[type=search]")[0].get_attribute("value"), "half a que")
        self.assertEqual(browser.run("return performance.getEntriesByType('resource').length"), requests)

    def test_a_list_that_is_cut_says_so(self):
        browser = self.browser
        shown = browser.driver.execute_async_script("""
            const [done] = arguments;
            (async () => {
              const {get_all} = await import("/api.js");
              const {cut_note} = await import("/parts/note.js");
              const real = window.fetch;
              const answer = (next) => async () => new Response(JSON.stringify({trees: [1, 2], next}));
              const notes = async (most) => cut_note(await get_all("/x", "trees", {most})).map((note) => note.textContent);
              window.fetch = answer("further");
              const cut = await notes(3);
              window.fetch = answer(null);
              const whole = await notes(2);
              window.fetch = real;
              done([cut, whole]);
            })();""")
        self.assertEqual(shown, [["This list is too long for this page: it shows the first 4 entries only."], []])


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
