"""Hostile mail, shown in a real browser: no request reaches the stranger, no script runs, and the page around the
mail stays as it is. The same mail shown without protection reaches the stranger, so that the test can fail.

Usage: hostile_test.py BIN_DIRECTORY"""
import datetime
import http.server
import sys
import threading
import time
import unittest

import hostile_mail
from browser import Browser
from world import World, letter

BIN = None
SETTLE = 0.4  # seconds for what a mail starts


class Stranger:
    """A web server that notes who comes. `pages`, by their paths, are not noted."""

    def __init__(self):
        self.visits = []
        self.pages = {}
        visits, pages = self.visits, self.pages

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path in pages:
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html; charset=utf-8")
                    self.end_headers()
                    self.wfile.write(pages[self.path].encode())
                    return
                visits.append(self.path)
                self.send_response(204)
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class HostileTest(unittest.TestCase):
    def setUp(self):
        self.stranger = Stranger()
        self.addCleanup(self.stranger.close)
        self.bodies = hostile_mail.bodies(self.stranger.address)
        self.world = self.enterContext(World(BIN))
        now = datetime.datetime.now(datetime.timezone.utc)
        image = f"<img src={self.stranger.address}/subject onerror=alert(1)>"
        self.world.append("INBOX", [letter(at, now, subject=f"{name} {image}", html=body,
                                           sender='"<script>alert(2)</script>" <x@example.org>')
                                    for at, (name, body) in enumerate(self.bodies.items())])
        self.world.back_up()
        self.browser = self.enterContext(Browser(self.world.start_page()))

    def messages(self):
        """The ids, by the name of the attack."""
        found = self.browser.driver.execute_async_script(
            "const [done] = arguments;"
            "const root = '/api/v1/accounts/alice/snapshots/newest/messages?folder=INBOX&limit=1000';"
            "fetch(root).then((answer) => answer.json()).then((page) => done(page.messages))")
        return {one["subject"].split(" ")[0]: one["message"] for one in found}

    def check_page(self, name):
        browser = self.browser
        state = browser.run("return {title: document.title, owned: window.owned, origin: location.origin, images: "
                            "document.querySelectorAll('main img, main script, main svg').length, frames: frames.length, "
                            "heading: document.querySelector('main h1').textContent}")
        self.assertEqual(state["origin"], browser.address, name)
        self.assertIsNone(state["owned"], name)
        self.assertTrue(state["title"].startswith(name + " <img"), f"{name}: {state['title']}")
        self.assertTrue(state["heading"].startswith(name + " <img"), "a subject is text")
        self.assertEqual((state["images"], state["frames"]), (0, 1), name)

    def test_no_mail_reaches_a_stranger(self):
        browser = self.browser
        self.assertGreaterEqual(len(self.bodies), 40)
        browser.open("/")
        browser.log_in(password=self.world.password())
        browser.title("Lost mail")
        ids = self.messages()
        self.assertEqual(set(ids), set(self.bodies))
        for name, message in ids.items():
            browser.open(f"/message/{message}")
            frame = browser.wait_for("iframe")
            self.assertEqual(frame.get_attribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox")
            browser.driver.switch_to.frame(frame)
            browser.until(lambda: browser.run("return document.readyState === 'complete' && location.href !== 'about:blank'"),
                          f"the mail {name}")
            browser.driver.switch_to.default_content()
            time.sleep(SETTLE)
            self.check_page(name)
            self.assertEqual(self.stranger.visits, [], name)
        self.assertEqual(len(browser.driver.window_handles), 1, "no mail opens a window by itself")

    def test_without_protection_they_do(self):
        browser = self.browser
        reached = []
        for name, body in self.bodies.items():
            before = len(self.stranger.visits)
            self.stranger.pages["/mail"] = body
            browser.driver.get(self.stranger.address + "/mail")
            time.sleep(SETTLE)
            if len(self.stranger.visits) > before:
                reached.append(name)
        self.assertGreater(len(reached), len(self.bodies) // 2, reached)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
