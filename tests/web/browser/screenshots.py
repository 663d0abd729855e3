"""Makes the pictures of the restore page in docs/, of a mailbox with four weeks of backups.

Usage: screenshots.py BIN_DIRECTORY CLOCK_LIBRARY OUTPUT_DIRECTORY; the library that shifts the programs' time is
tests/programs/libmailstow_clock_preload.so of the build."""
import datetime
import pathlib
import sys

import world as world_module
from browser import Browser
from world import DRAFTS, World, letter

HTML = """<div style="font:16px sans-serif;max-width:34em"><h2 style="color:#17614f">The new kitchen</h2>
<p>Hello Alice,</p><p>here is our offer, with the <b>oak worktop</b> that you liked:</p>
<table border=1 cellpadding=8 style="border-collapse:collapse"><tr><th>Part<th>Price</tr><tr><td>Worktop<td>1,240 €</tr>
<tr><td>Cabinets<td>3,880 €</tr></table><p>It is good until the end of the month.</p><p>Viele Grüße<br>Zoë</p>
<img src="https://tracker.example/pixel.gif" width=1 height=1></div>"""


def make_history(world):
    """Some weeks of mail: some is moved, some messages are lost, then a folder."""
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=2, minute=31, second=0)

    def back_up(days):
        world.set_time(today - datetime.timedelta(days=days))
        world.back_up()

    world.set_time(today - datetime.timedelta(days=26))
    world.append("INBOX", range(60))
    world.append(DRAFTS, range(100, 136))
    world.append("Archive/2024", range(200, 240), days=300)
    world.append("Projekte/Größe & Maß", range(300, 312), days=20)
    world.append("Λίστες", range(400, 409), days=20)
    back_up(25)
    for day in range(23, 4, -2):
        world.append("INBOX", range(1000 + 10 * day, 1007 + 10 * day), days=0)
        back_up(day)
    client = world.client()
    client.select("INBOX")
    client.copy("5:16", '"Archive/2024"')
    client.store("5:16", "+FLAGS", "\\Deleted")
    client.expunge()
    back_up(4)
    client.select('"Archive/2024"')
    client.store("1:3", "+FLAGS", "\\Deleted")
    client.expunge()
    back_up(3)
    client.logout()
    world.append(DRAFTS, [letter(4, world.now(), subject="Angebot für die neue Küche", html=HTML,
                                 sender="Zoë Müller-Lüdenscheidt <zoe@example.org>", attachment=True)])
    back_up(2)
    world.delete_folder(DRAFTS)
    world.append("INBOX", [5000])
    back_up(0)


def main():
    bin_directory, clock, output = sys.argv[1:]
    output = pathlib.Path(output)
    # A machine without the fonts of a script shows boxes in its place.
    for texts in (world_module.SENDERS, world_module.SUBJECTS):
        texts[:] = [text for text in texts if max(text) < "\u2000"]
    with World(bin_directory, clock=clock) as world:
        make_history(world)
        address = world.start_page()
        pages = {"light": dict(width=1100, height=760), "dark": dict(width=1100, height=760, dark=True, language="de"),
                 "narrow": dict(width=360, height=760)}
        for kind, options in pages.items():
            with Browser(address, **options) as browser:
                browser.open("/")
                browser.log_in(password=world.password())
                browser.wait_for(".burst .button.main")
                {"light": take_light, "dark": take_dark, "narrow": take_narrow}[kind](browser, output)


def take(browser, file):
    browser.driver.save_screenshot(str(file))
    assert file.stat().st_size < 150_000, file


def take_light(browser, output):
    take(browser, output / "page-lost.png")
    browser.click(".burst a", f"Look inside {DRAFTS}")
    browser.wait_for(".row .subject", "Angebot")
    take(browser, output / "page-time.png")
    browser.click(".row a", "Angebot")
    browser.driver.switch_to.frame(browser.wait_for("iframe"))
    browser.wait_for("td", "1,240")
    browser.driver.switch_to.default_content()
    browser.wait_for("li a[download]")
    browser.run("scrollTo(0, 0)")
    take(browser, output / "page-message.png")
    browser.open("/")
    browser.click(".burst a", f"Bring back {DRAFTS}")
    browser.title("Bring back")
    take(browser, output / "page-plan.png")


def take_dark(browser, output):
    browser.open("/search?q=angebot")
    browser.wait_for(".row .subject")
    take(browser, output / "page-search-dark.png")


def take_narrow(browser, output):
    take(browser, output / "page-narrow.png")


if __name__ == "__main__":
    main()
