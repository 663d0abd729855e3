"""Everything behind the page: a private mail server with generated mail, a store with some backups, a lost
folder, the desk, and the web server. All of it ends with the object.

    with World(bin_directory) as world:
        world.back_up()
        ...
        world.start_page()
        browser.get(world.address)
"""
import base64
import ctypes
import datetime
import email.message
import email.utils
import errno
import imaplib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

imaplib._MAXLINE = 64 * 1024 * 1024

LIBC = ctypes.CDLL(None)

RESERVATIONS = []  # of ports

DRAFTS = "Entwürfe"

SENDERS = ["Nina Berg <nina@example.org>", "José Álvarez <jose@example.net>", "佐藤 健 <sato@example.jp>",
           "Buchhaltung <buchhaltung@example.org>", "Ελένη Παππά <eleni@example.gr>",
           "GitHub <notifications@example.com>", "Zoë Müller-Lüdenscheidt <zoe@example.org>"]
SUBJECTS = ["Re: plans for the summer meeting", "Rechnung 2026-0417", "Angebot für die neue Küche",
            "Minutes of Tuesday", "会議の議事録", "Πρόσκληση", "Tickets for the concert",
            "Fwd: photos from Bergen", "Your order has been shipped", "Draft of the lease, second version"]


def utf7(name):
    """The modified UTF-7 of a folder's name (RFC 3501, 5.1.3)."""
    def encode(run):
        code = base64.b64encode(run.group().encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
        return "&" + code.decode() + "-"
    return re.sub("[^\x20-\x7e]+", encode, name.replace("&", "&-"))


def quoted(name):
    return '"' + utf7(name).replace("\\", "\\\\").replace('"', '\\"') + '"'


def letter(number, date, subject=None, sender=None, html=None, attachment=False):
    message = email.message.EmailMessage()
    message["From"] = sender or SENDERS[number % len(SENDERS)]
    message["To"] = "Alice Andersen <alice@example.org>"
    message["Subject"] = subject or SUBJECTS[number % len(SUBJECTS)]
    message["Date"] = email.utils.format_datetime(date)
    message["Message-ID"] = f"<{number}.{int(date.timestamp())}@example.org>"
    message.set_content(f"Hello Alice,\n\nthis is letter number {number}. The list of all is at https://example.org/list .\n\n"
                        "Viele Grüße\nNina\n")
    if html:
        message.add_alternative(html, subtype="html")
    if attachment:
        message.add_attachment(os.urandom(30_000), maintype="application", subtype="pdf",
                               filename="Vertrag größer.pdf")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n", max_line_length=78))


class SignOnProxy:
    """Stands for the single sign-on proxy: a browser's connections are passed on, with the person's name in
    every request; without a person, the browser is sent to a login elsewhere. Browsers treat localhost as if it had
    TLS, so the cookie of the page behind TLS works."""

    def __init__(self, port, web, person):
        self.address = f"http://localhost:{port}"
        self.person = person
        self.web = web
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def changed(self, lines):
        """The head of a request as it is passed on."""
        kept = [line for line in lines if not line.lower().startswith((b"connection:", b"remote-user:"))]
        return [*kept, b"Connection: close", b"X-Real-IP: 192.0.2.9", b"Remote-User: " + self.person.encode()]

    def serve(self, browser):
        """One request a connection."""
        with browser, socket.socket(socket.AF_UNIX) as web:
            web.connect(str(self.web))
            request = b""
            while b"\r\n\r\n" not in request:
                piece = browser.recv(65536)
                if not piece:
                    return
                request += piece
            head, _, body = request.partition(b"\r\n\r\n")
            if self.person is None:
                browser.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n"
                                b"Connection: close\r\n\r\n")
                return
            lines = self.changed(head.split(b"\r\n"))
            length = int(next((line.split(b":")[1] for line in lines if line.lower().startswith(b"content-length:")), b"0"))
            while len(body) < length:
                body += browser.recv(65536)
            web.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            while piece := web.recv(65536):
                browser.sendall(piece)


class World:
    def __init__(self, bin_directory, clock=None, users=("alice", "bob"), web=None, cyrus=False):
        """`clock`: the library that shifts the programs' time, to write a history of several weeks. `web`: more
        settings of web.self. `cyrus`: instead of Dovecot."""
        self.bin = pathlib.Path(bin_directory)
        self.clock = clock
        self.users = users
        self.processes = []
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mailstow-page."))
        self.web = web or {}
        self.cyrus = cyrus

    def __enter__(self):
        try:
            self.start_server()
            self.configure()
            self.backupd("init")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for proxy in (self.staff_proxy, self.owner_proxy):
            if proxy:
                proxy.close()
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, *command, output=None):
        with open(self.directory / (pathlib.Path(command[0]).name + ".log"), "ab") as log:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output or log,
                                       stderr=log, env=self.environment(), preexec_fn=end_with_parent)
        self.processes.append(process)
        return process

    # --- the mail server

    def start_server(self):
        words = [word for user in self.users for word in ("--user", user)]
        words += ["--cyrus"] if self.cyrus else []
        process = self.start(self.bin / "mailstow-test-server", "--until-signal", *words, output=subprocess.PIPE)
        text = ""
        for line in process.stdout:  # the document ends with the only brace in the first column
            text += line.decode()
            if line == b"}\n":
                break
        self.server = json.loads(text)

    def password(self, user="alice"):
        return pathlib.Path(self.server["users"][user]["password_file"]).read_text().splitlines()[0]

    def client(self, user="alice"):
        url = urllib.parse.urlsplit(self.server["plain_url"])
        client = imaplib.IMAP4(url.hostname, url.port)
        client.login(user, self.password(user))
        return client

    def append(self, folder, messages, user="alice", flags="\\Seen", days=0):
        """`messages`: bytes, or the numbers of generated letters; five hours apart, the last one `days` ago."""
        client = self.client(user)
        if folder != "INBOX":
            client.create(quoted(folder))
            client.subscribe(quoted(folder))
        messages = list(messages)
        for at, message in enumerate(messages, 1):
            date = self.now() - datetime.timedelta(days=days, hours=5 * (len(messages) - at))
            if isinstance(message, int):
                message = letter(message, date, attachment=message % 9 == 4)
            status, answer = client.append(quoted(folder), flags, imaplib.Time2Internaldate(date), message)
            assert status == "OK", answer
        client.logout()

    def delete_folder(self, folder, user="alice"):
        client = self.client(user)
        status, answer = client.delete(quoted(folder))
        assert status == "OK", answer
        client.logout()

    def folders(self, user="alice"):
        """The number of messages by the name of the folder, as another mail program sees them."""
        client = self.client(user)
        found = {}
        for line in client.list()[1]:
            flags, name = re.fullmatch(rb'\((.*?)\) (?:"."|NIL) (.*)', line).groups()
            if b"\\noselect" in flags.lower() or b"\\nonexistent" in flags.lower():
                continue
            name = name if name.startswith(b'"') else b'"' + name + b'"'
            status, count = client.select(name.decode(), readonly=True)
            plain = re.sub("&([^-]*)-", decode_run, name.decode()[1:-1])
            found[plain] = int(count[0]) if status == "OK" else None
        client.logout()
        return found

    # --- mailstow

    def configure(self):
        self.web_socket = self.directory / "desk-self"
        self.proxy_socket = self.directory / "desk-proxy"
        self.staff_socket = self.directory / "desk-staff"
        self.config = {
            "store": {"path": str(self.directory / "store"), "index": str(self.directory / "index"),
                      "key_file": str(self.directory / "store.key")},
            "servers": {"main": {**self.connection(),
                                 "admin": {"user": "backup", "password_file": self.server["admin_password_file"]}}},
            "accounts": [{"name": user, "server": "main"} for user in self.users],
            "web": {
                "self": {"accounts": ["*"], "socket": str(self.web_socket), "proxy_socket": str(self.proxy_socket),
                         "refusal_after": "1s", **self.web},
                "staff": {"socket": str(self.staff_socket), "people": [
                    {"person": "harriet@example.org", "role": "helpdesk"},
                    {"person": "oscar@example.org", "role": "operator"},
                    {"person": "olga@example.org", "role": "officer"}]}}}
        (self.directory / "mailstow.json").write_text(json.dumps(self.config, indent=1))

    def connection(self):
        if self.clock:  # the certificate was made today
            return {"url": self.server["plain_url"], "tls": "none"}
        exempting = {"quota_admin": self.server["quota_admin"]} if self.cyrus else {}
        return {"url": self.server["imap_url"], "ca_file": self.server["ca_file"], **exempting}

    def environment(self):
        if not self.clock:
            return None
        options = os.environ.get("ASAN_OPTIONS", "")
        return dict(os.environ, LD_PRELOAD=str(self.clock), MAILSTOW_TEST_CLOCK=str(self.directory / "shift"),
                    ASAN_OPTIONS=(options + ":" if options else "") + "verify_asan_link_order=0")

    def set_time(self, time):
        """Only with `clock`."""
        self.shift = time - datetime.datetime.now(datetime.timezone.utc)
        # The clocks that can't be set are shifted too; otherwise mailstow sees that the time was set.
        self.first_shift = self.first_shift or self.shift
        seconds = [int(shift.total_seconds()) for shift in (self.shift, self.shift - self.first_shift)]
        (self.directory / "shift").write_bytes(struct.pack("=qq", *seconds))

    shift = datetime.timedelta(0)
    first_shift = None
    staff_proxy = owner_proxy = None

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + self.shift

    def backupd(self, *arguments):
        return self.run("mailstow-backupd", *arguments)

    def restore(self, *arguments):
        return self.run("mailstow-restore", *arguments)

    def run(self, program, *arguments):
        return subprocess.run([self.bin / program, "--config", self.directory / "mailstow.json", "-q", *arguments],
                              check=True, stdout=subprocess.PIPE, env=self.environment()).stdout

    def back_up(self):
        self.backupd("once")

    def start_page(self, staff=False, proxy=False):
        """The desk and the web server. Returns the page's address. For staff, and with `proxy` for users, it is
        behind a proxy that names the person of `self.staff_proxy` or `self.owner_proxy`."""
        config = self.directory / "mailstow.json"
        if not any(process.args[-1] == "desk" for process in self.processes):
            desk = self.start(self.bin / "mailstow-restore", "--config", config, "desk")
            sockets = (self.web_socket, self.proxy_socket, self.staff_socket)
            self.wait_for(desk, lambda: all(socket.exists() for socket in sockets))
        if staff:
            self.staff_proxy = self.start_web_behind_proxy("staff", self.staff_socket, "harriet@example.org")
            return self.staff_proxy.address
        if proxy:
            self.owner_proxy = self.start_web_behind_proxy("proxy", self.proxy_socket, "alice")
            return self.owner_proxy.address
        return self.start_web()

    def start_web(self):
        """For users. Returns the address."""
        self.web_port = free_port()
        settings = {"instance": "self", "desk": str(self.web_socket), "listen": f"127.0.0.1:{self.web_port}"}
        self.serve("self", settings, lambda: listens(self.web_port))
        return f"http://127.0.0.1:{self.web_port}"

    def start_web_behind_proxy(self, instance, desk, person):
        port = free_port()
        web = self.directory / f"web-{instance}"
        settings = {"instance": instance, "desk": str(desk), "socket": str(web),
                    "url": f"https://localhost:{port}", "user_header": "Remote-User"}
        self.serve(instance, settings, web.exists)
        return SignOnProxy(port, web, person)

    def serve(self, name, settings, is_up):
        file = self.directory / f"web-{name}.json"
        file.write_text(json.dumps(settings))
        self.wait_for(self.start(self.bin / "mailstow-web", "--config", file, "serve"), is_up)

    def wait_for(self, process, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if process.poll() is not None or time.monotonic() > end:
                name = pathlib.Path(process.args[0]).name
                log = (self.directory / (name + ".log")).read_text(errors="replace")
                raise RuntimeError(f"{name} does not start: {log[-2000:]}")
            time.sleep(0.05)


def end_with_parent():
    """In a child: a test that is killed leaves no servers behind."""
    PR_SET_PDEATHSIG = 1
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_past_midnight():
    """For what begins again each day: waits for the next one if this one, in UTC, ends within a minute."""
    left = 86_400 - time.time() % 86_400
    if left < 60:
        time.sleep(left)


def decode_run(run):
    if not run.group(1):
        return "&"
    code = run.group(1).replace(",", "/")
    return base64.b64decode(code + "=" * (-len(code) % 4)).decode("utf-16-be")


def free_port():
    """A port on loopback that no other test takes before this process ends: by the reservations of
    tests/servers/ports.cc, and like there outside the range of connections."""
    first, last = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    below, above = range(20_000, min(first, 32_000)), range(last + 1, 65_536)
    ports = next((room for room in (below, above) if len(room) >= 1000), range(20_000, 32_000))
    for port in random.sample(ports, len(ports)):
        reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            reservation.bind(f"\0mailstow-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError as error:
            reservation.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            RESERVATIONS.append(reservation)
            return port
    raise RuntimeError("no port is free")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
