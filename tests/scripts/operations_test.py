"""Runs every block of docs/operations.md: those in sh unchanged, those that are files of mailstow or
of a mail server by writing them where they belong and letting the programs and a real server read them.
Only paths below / and host names are others. What a test can't do is stood in for by STUBS, which check
what they are asked for; tests/scripts/try_package installs the package for real.

Usage: operations_test.py BIN_DIRECTORY SCENE; a scene is one of SCENES, or `document`."""

import base64
import datetime
import grp
import hashlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
# A test server started by root runs as nobody, so nobody's group stands for the group mailstow here;
# doveadm runs as a member of that group that is neither root nor nobody.
GROUP = "nogroup" if IS_ROOT else grp.getgrgid(os.getgid()).gr_name
TOKEN = "ya29.a-token-that-only-the-endpoint-hands-out"

# The sections of the document that each scene plays; a scene is named after its server.
SCENES = {
    "dovecot": ["Install", "Dovecot", "Accounts from LDAP", "Monitoring", "A copy on another disk",
                "A second copy elsewhere", "The restore page", "Another machine"],
    "cyrus": ["Cyrus"],
    "gmail": ["Gmail"],
    "m365": ["Microsoft 365"],
}

STUBS = {
    "apt": '[ "$1" = install ] && [ -e "$2" ]',
    "adduser": '[ "$*" = "--system --group --no-create-home mailstow-web" ]',
    # Accepts only units with an [Install] section; enabling a timer runs its service.
    "systemctl": r"""
verb=$1; shift; [ "$1" != --now ] || shift
for unit; do
  case $verb:$unit in
    reload:dovecot | restart:cyrus-imapd) continue ;;  # read what was written when they were started
  esac
  file=$UNITS/${unit%.*}.${unit##*.}; [ -e "$file" ] || file=$UNITS/$unit.service
  grep -q '^\[Install\]' "$file"
  case $verb:$unit in
    enable:*.timer) eval "$(sed -n 's#^ExecStart=/usr/bin/##p' "$UNITS/${unit%.timer}.service")" ;;
    enable:* | disable:* | stop:* | reload:mailstow) ;;
    *) echo "systemctl: $verb $unit?" >&2; exit 1 ;;
  esac
done""",
    "chgrp": r"""
case $1 in mailstow) [ -e "$2" ] ;; dovecot) [ "$(id -u)" != 0 ] || exec /usr/bin/chgrp nogroup "$2" ;; *) exit 1 ;; esac""",
    "journalctl": '[ "$1 $2" = "--unit mailstow" ]',
    "ldapsearch": r"""
case "$*" in *" -y $SANDBOX/etc/mailstow/ldap-password -b ou=people,dc=example,dc=org (mail=*) mail") ;; *) exit 1 ;; esac
printf 'dn: uid=%s,ou=people,dc=example,dc=org\nmail: %s@example.org\n\n' alice alice bob bob""",
    "mailstow-backupd": r"""
case " $* " in *" --config "*) ;; *) set -- --config "$SANDBOX/etc/mailstow/mailstow.json" "$@" ;; esac
# This machine's name in the DNS is not under test.
case $3 in doctor) set -- "$@" --outgoing-address 10.0.0.1 ;; esac
exec "$BIN/${0##*/}" -q "$@" """,
    # No sshd runs here; the command that the document forces on the login runs instead.
    "ssh": r"""
[ "$1 $2 $3" = "-l root backup.example.org" ]; shift 3
command=$(sed -n 's/^restrict,command="\([^"]*\)".*/\1/p' "$SANDBOX/home-of-root/.ssh/authorized_keys")
[ -n "$command" ]
SSH_ORIGINAL_COMMAND="$*" exec sh -c "$command" """,
    "runuser": r"""
case "$1 $2 $3" in "-u mailstow --" | "-u mailstow-copy --") shift 3; exec "$@" ;; *) exit 1 ;; esac""",
    "saslpasswd2": r"""
cyrus=${MAILSTOW_CYRUS:-/var/tmp/mailstow-tests-$(id -u)/cyrus}
libraries=$(echo "$cyrus"/usr/lib/*-linux-gnu)
LD_LIBRARY_PATH=$libraries SASL_PATH=$libraries/sasl2 exec "$cyrus/usr/sbin/saslpasswd2" -f "$SERVER/conf/sasldb2" -u localhost "$@" """,
}
STUBS["mailstow-restore"] = STUBS["mailstow-backupd"]
STUBS["doveadm"] = r"""
echo "base_dir = $SERVER/run" >"$SANDBOX/doveadm.conf"
as=; [ "$(id -u)" != 0 ] || as="setpriv --reuid=games --regid=nogroup --clear-groups"
exec $as /usr/bin/doveadm -c "$SANDBOX/doveadm.conf" "$@" """


def sections():
    """{heading: [(language, text)]} of the document."""
    result = {}
    for part in re.split(r"^## ", (ROOT / "docs/operations.md").read_text(), flags=re.M)[1:]:
        heading = part.split("\n", 1)[0]
        result[heading] = re.findall(r"^```(\w+)\n(.*?)^```$", part, re.M | re.S)
    return result


def file_of(text):
    """The path that a block is the content of, if it is a file's: said in its first comment."""
    match = re.match(r"(?:#!.*\n)?(?:#|//) ((?:~root)?/\S+)\n", text)
    return match[1] if match else None


class TokenEndpoint(http.server.BaseHTTPRequestHandler):
    """Where Google and Microsoft hand out tokens, as far as the two flows of the document go, and where
    hooks ping."""
    sandbox = None
    pings = []

    def do_GET(self):
        self.pings.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {key: values[0] for key, values in urllib.parse.parse_qs(body).items()}
        is_right = self.is_google(fields) if self.path == "/token" else self.is_microsoft(fields)
        answer = json.dumps({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3599}
                            if is_right else {"error": "invalid_grant"}).encode()
        self.send_response(200 if is_right else 400)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def is_google(self, fields):
        unsigned, _, signature = fields["assertion"].rpartition(".")
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in unsigned.split("."))
        (self.sandbox / "signature").write_bytes(base64.urlsafe_b64decode(signature + "=="))
        verified = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", self.sandbox / "public.pem", "-signature",
             self.sandbox / "signature"], input=unsigned.encode(), capture_output=True)
        return (verified.returncode == 0 and header["alg"] == "RS256"
                and fields["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
                and claims["iss"] == "mailstow@example.iam.gserviceaccount.com"
                and claims["sub"] == "alice@example.org" and claims["scope"] == "https://mail.google.com/"
                and claims["aud"].endswith("/token") and claims["exp"] - claims["iat"] <= 3600)

    def is_microsoft(self, fields):
        return (self.path == "/example.onmicrosoft.com/oauth2/v2.0/token"
                and fields == {"grant_type": "client_credentials",
                               "client_id": "00000000-0000-0000-0000-000000000000",
                               "scope": "https://outlook.office365.com/.default",
                               "client_secret": "s3cret~+/=& of M365"})

    def log_message(self, *_):
        pass


class Scene:
    def __init__(self, name, bin_directory, sandbox):
        self.name, self.bin, self.sandbox = name, bin_directory, sandbox
        for directory in ("stubs", "etc/mailstow", "etc/dovecot/conf.d", "var/lib/mailstow", "var/lib/prometheus/node-exporter", "mnt/elsewhere", "mnt/nas", "root/.ssh", "usr/local/bin",
                       "new/etc/mailstow", "new/var/lib/mailstow"):
            (sandbox / directory).mkdir(parents=True)
        sandbox.chmod(0o755)
        version = re.search(r"project\(mailstow VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        (sandbox / f"mailstow_{version}_amd64.deb").touch()
        for stub, text in STUBS.items():
            file = sandbox / "stubs" / stub
            file.write_text(f"#!/bin/sh\nset -e\n{text}\n")
            file.chmod(0o755)
        self.endpoint = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint)
        TokenEndpoint.sandbox = sandbox
        threading.Thread(target=self.endpoint.serve_forever, daemon=True).start()
        self.server = self.description = self.mail_server = self.mail_port = None

    def here(self, text):
        """With the paths and hosts of this scene."""
        text = text.replace("root@new.example.org:/", "/new/")
        text = re.sub(r"https://(login\.microsoftonline\.com)", f"http://127.0.0.1:{self.endpoint.server_port}", text)
        text = text.replace("~root/", f"{self.sandbox}/home-of-root/")
        text = text.replace("https://ping.example.org", f"http://127.0.0.1:{self.endpoint.server_port}")
        text = text.replace("smtp://localhost", f"smtp://127.0.0.1:{self.mail_port}")
        text = text.replace("group = mailstow", f"group = {GROUP}")
        if self.description:
            text = re.sub(r'"url": "imaps://[a-z0-9.]+"',
                          '"url": "{imap_url}", "ca_file": "{ca_file}"'.format(**self.description), text)
            text = text.replace("/run/dovecot/", self.description["directory"] + "/run/")
        return re.sub(r"(?<![\w/.-])/(etc|var/lib|mnt|new|usr/local)/", rf"{self.sandbox}/\1/", text)

    def start_server(self, *arguments, extra=""):
        file = self.sandbox / "extra.conf"
        file.write_text(extra)
        self.server = subprocess.Popen(
            [self.bin / "mailstow-test-server", "--messages", "20", "--extra", file, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        text = ""
        for line in self.server.stdout:
            text += line
            if line == "}\n":
                break
        self.description = json.loads(text)

    def start_mail_server(self):
        (self.sandbox / "mail").mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                        "-keyout", self.sandbox / "mail.key", "-out", self.sandbox / "mail.pem"],
                       capture_output=True, check=True)
        self.mail_server = subprocess.Popen(
            ["/usr/bin/python3", "-B", ROOT / "tests/servers/mail_server.py", self.sandbox / "mail", "none",
             self.sandbox / "mail.pem", self.sandbox / "mail.key"], stdout=subprocess.PIPE, text=True)
        self.mail_port = int(self.mail_server.stdout.readline().split()[1])

    def mail(self):
        """{recipient: [subject]} of what came."""
        result = {}
        for file in sorted((self.sandbox / "mail").glob("*.json")):
            message = json.loads(file.read_text())
            assert not message["wrong"], message
            result.setdefault(message["to"][0], []).append(message["headers"]["Subject"])
        return result

    def stop(self):
        self.endpoint.shutdown()
        if self.mail_server:
            self.mail_server.terminate()
            self.mail_server.wait()
        if self.server:
            self.server.stdin.close()
            self.server.wait()

    def shell(self, text):
        environment = {**os.environ, "PATH": f"{self.sandbox}/stubs:{os.environ['PATH']}:/usr/sbin",
                       "SANDBOX": str(self.sandbox), "BIN": str(self.bin),
                       "UNITS": str(ROOT / "scripts/systemd"), "SERVER": (self.description or {}).get("directory", "")}
        # One command per line, so that the first failure ends the script.
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.here(text)], cwd=self.sandbox, text=True,
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit(f"{self.name}: status {done.returncode} of:\n{text}\n{done.stdout}")
        return done.stdout

    def write(self, path, text):
        file = pathlib.Path(self.here(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.here(text))
        file.chmod(0o644)

    def play(self, heading):
        for language, text in sections()[heading]:
            path = file_of(text)
            if path:
                self.write(path, text)
            elif language == "jsonc":
                self.add_to_configuration(text)
            else:
                assert language == "sh", f"{heading}: a block in {language} that is no file"
                self.shell(text)

    def add_to_configuration(self, text):
        """Adds keys to the end of mailstow.json."""
        file = self.sandbox / "etc/mailstow/mailstow.json"
        begin, end, rest = file.read_text().rpartition("}")
        assert end and not rest.strip(), "mailstow.json is no object"
        file.write_text(f"{begin.rstrip()},\n{self.here(text)}}}\n")

    def expect_backed_up(self, *accounts):
        status = json.loads(self.shell("mailstow-backupd status --json"))
        found = sorted(account["account"] for account in status["accounts"])
        assert found == sorted(accounts), f"{self.name}: backed up are {found}"

    def expect_trees(self, number):
        trees = json.loads(self.shell("mailstow-restore trees --json"))["trees"]
        assert len(trees) == number, f"{self.name}: {trees}"


def blocks_of_server(heading):
    """The mail server's configuration, which exists when the server starts."""
    return [text for language, text in sections()[heading] if language == "conf"]


def contents(directory):
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def put_aside(scene):
    """Saves the state of the machine for put_back()."""
    scene.shell("rm -rf kept; mkdir kept; cp -a var/lib/mailstow etc/mailstow -t kept --parents")


def put_back(scene):
    scene.shell("rm -rf var/lib/mailstow etc/mailstow; cp -a kept/var/lib/mailstow var/lib/; cp -a kept/etc/mailstow etc/")


def second_copy(scene):
    heading, elsewhere = "A second copy elsewhere", scene.sandbox / "mnt/elsewhere"
    store, packs = scene.sandbox / "var/lib/mailstow/store", elsewhere / "store/packs"
    scene.play(heading)
    good = contents(packs)
    slots = contents(elsewhere / "store/keys")
    assert good == contents(store / "packs") and len(good) >= 3 and slots, sorted(good)
    put_aside(scene)

    # An intruder without the key.
    newer, same_time, gone = sorted(good)[:3]
    (store / "packs" / newer).write_bytes(b"encrypted" + good[newer][9:])
    times = (store / "packs" / same_time).stat()
    (store / "packs" / same_time).write_bytes(bytes(byte ^ 1 for byte in good[same_time]))
    os.utime(store / "packs" / same_time, ns=(times.st_atime_ns, times.st_mtime_ns))
    (store / "packs" / gone).unlink()
    for slot in slots:
        (store / "keys" / slot).write_bytes(b"no slot")
    os.mkfifo(store / "packs" / ("f" * 64))
    (store / "packs" / ("e" * 64)).symlink_to("/etc/passwd")
    scene.play(heading)
    assert contents(packs) == good and contents(elsewhere / "store/keys") == slots, "the copy was changed"

    # A file whose bytes do not match its name, and one that matches but is rubbish.
    wrong, rubbish = "0" * 64, hashlib.sha256(b"rubbish").hexdigest()
    (store / "packs" / wrong).write_bytes(b"not these")
    (store / "packs" / rubbish).write_bytes(b"rubbish")
    pull = sections()[heading][-2][1]
    scene.shell(f"! ( {pull.splitlines()[-1]} )")
    assert contents(elsewhere / "rejected") == {wrong: b"not these"}
    assert contents(packs) == {**good, rubbish: b"rubbish"}
    assert rubbish in scene.shell("mailstow-backupd check --copy /mnt/elsewhere/store || [ $? = 4 ]")
    (packs / rubbish).unlink()
    (elsewhere / "rejected" / wrong).unlink()

    # The login reads the store, and nothing else.
    scene.shell("! rsync stubs/apt root@backup.example.org:packs/ 2>&1")
    scene.shell("! rsync root@backup.example.org:../../../../etc/mailstow/store.key . 2>&1; [ ! -e store.key ]")
    scene.shell("! ssh -l root backup.example.org cat /etc/mailstow/store.key 2>&1")

    # An intruder with the key drops all snapshots; the copy goes back to the day before.
    put_back(scene)
    before = datetime.datetime.now().isoformat(sep=" ")
    scene.shell("mailstow-backupd forget alice --yes --prune")
    scene.play(heading)
    assert contents(packs).items() > good.items(), "what was dropped is still there"
    (find,) = re.findall(r"`(find .*?)`", (ROOT / "docs/operations.md").read_text())
    scene.shell(re.sub(r"-newermt '.*?'", f"-newermt '{before}'", find))
    assert contents(packs) == good
    assert "lacks the newest" in scene.shell(sections()[heading][-1][1])
    put_back(scene)

    # Another machine with only the copy and the key restores mail, in spite of the rubbish.
    (packs / rubbish).write_bytes(b"rubbish")
    config = scene.sandbox / "etc/mailstow/mailstow.json"
    (scene.sandbox / "elsewhere.json").write_text(config.read_text().replace(
        f"{scene.sandbox}/var/lib/mailstow/store", f"{elsewhere}/store").replace(
        f"{scene.sandbox}/var/lib/mailstow/index", f"{scene.sandbox}/index-elsewhere"))
    scene.shell("mailstow-backupd --config elsewhere.json reindex || [ $? = 4 ]")
    accounts = json.loads(scene.shell("mailstow-restore --config elsewhere.json accounts --json"))["accounts"]
    assert sorted(account["account"] for account in accounts) == ["alice", "bob"], accounts
    scene.shell("mailstow-restore --config elsewhere.json export alice --format eml --to exported")


def dovecot(scene):
    (scene.sandbox / "etc/dovecot/mailstow-masters").touch()
    (scene.sandbox / "etc/dovecot/mailstow-masters").chmod(0o644)
    listed = scene.sandbox / "listed"
    listed.write_text("alice::::::\nbob::::::\n")
    scene.start_server("--no-exemption", extra=scene.here("\n".join(blocks_of_server("Dovecot")))
                       + f"userdb {{\n  driver = passwd-file\n  args = {listed}\n}}\n")
    scene.play("Install")
    scene.play("Dovecot")
    scene.expect_backed_up("alice", "bob")
    scene.expect_trees(1)
    listing = scene.shell("doveadm user -a /run/dovecot/mailstow-userdb '*'").split()
    assert listing == ["alice", "bob"], listing
    scene.write("/etc/mailstow/ldap-password", "# no comment\n")
    scene.play("Accounts from LDAP")
    users = scene.shell("/etc/mailstow/ldap-users").split()
    assert users == ["alice@example.org", "bob@example.org"], users
    scene.start_mail_server()
    scene.play("Monitoring")
    host = "mailstow on backup.example.org: "
    assert scene.mail() == {"alice@example.org": ["Your mail is back"],
                            "admin@example.org": [host + "a test", host + "backup complete: 2 accounts"]}, scene.mail()
    assert TokenEndpoint.pings == ["/mailstow"], TokenEndpoint.pings
    metrics = (scene.sandbox / "var/lib/prometheus/node-exporter/mailstow.prom").read_text()
    assert 'mailstow_job_exit_status{name="backup"} 0\n' in metrics, metrics
    second_copy(scene)
    scene.play("A copy on another disk")
    packs = contents(scene.sandbox / "var/lib/mailstow/store/packs")
    copied = contents(scene.sandbox / "mnt/nas/mailstow/packs")  # without those that a prune replaced
    assert copied and copied.items() <= packs.items(), sorted(copied)
    scene.play("The restore page")
    scene.expect_backed_up("alice", "bob")
    # Without a socket from systemd or the configuration it does not start, and names them.
    assert "socket" in scene.shell("mailstow-restore desk && exit 1; true")
    blocks = [text for _, text in sections()["Another machine"]]
    assert len(blocks) == 2, "Another machine: the old one's block and the new one's"
    scene.shell(blocks[0])
    for directory in ("etc/mailstow", "var/lib/mailstow"):  # the new machine
        (scene.sandbox / directory).rename(scene.sandbox / directory.replace("mailstow", "of-the-old-machine"))
        (scene.sandbox / "new" / directory).rename(scene.sandbox / directory)
    scene.shell(blocks[1])
    scene.expect_backed_up("alice", "bob")
    scene.expect_trees(2)


def cyrus(scene):
    scene.start_server("--cyrus")
    # The test server's own configuration has these lines already.
    (block,) = blocks_of_server("Cyrus")
    lines = set((pathlib.Path(scene.description["directory"]) / "imapd.conf").read_text().splitlines())
    missing = [line for line in block.splitlines()[1:] if line not in lines]
    assert not missing, f"the server knows nothing of {missing}"
    scene.play("Cyrus")
    scene.expect_backed_up("alice", "backup", "bob")  # the test server's backup has mail as well
    scene.expect_trees(1)


# A client with the token is logged in as the user it names.
BY_TOKEN = f"""
auth_mechanisms = plain xoauth2 oauthbearer
passdb {{
  driver = static
  mechanisms = xoauth2 oauthbearer
  args = password={TOKEN}
}}
"""


def gmail(scene):
    # Without X-GM-EXT-1, which a Dovecot can't play; tests/backupd/pass/identity_test.cc has it.
    scene.start_server("--user", "alice@example.org", extra=BY_TOKEN + """
imap_capability = IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID CHILDREN UIDPLUS ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584
""")
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                         capture_output=True, text=True, check=True).stdout
    public = subprocess.run(["openssl", "pkey", "-pubout"], input=key, capture_output=True, text=True, check=True)
    (scene.sandbox / "public.pem").write_text(public.stdout)
    scene.write("/etc/mailstow/gmail-key.json", json.dumps({
        "type": "service_account", "client_email": "mailstow@example.iam.gserviceaccount.com",
        "private_key": key, "token_uri": f"http://127.0.0.1:{scene.endpoint.server_port}/token"}))
    scene.play("Gmail")
    scene.expect_backed_up("alice")
    scene.expect_trees(1)


def m365(scene):
    scene.start_server("--user", "alice@example.org", "--user", "bob@example.org", extra=BY_TOKEN + """
imap_capability = IMAP4 IMAP4rev1 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+
""")
    scene.write("/etc/mailstow/m365-secret", "s3cret~+/=& of M365\n")
    scene.play("Microsoft 365")
    scene.expect_backed_up("alice@example.org", "bob@example.org")
    scene.expect_trees(1)


def document():
    """Every block is in a section that a scene plays, or belongs to no scene because none exists."""
    played = {heading for headings in SCENES.values() for heading in headings}
    with_blocks = {heading for heading, blocks in sections().items() if blocks}
    assert with_blocks == played, f"played but not there, or there but not played: {with_blocks ^ played}"
    fences = len(re.findall(r"^```", (ROOT / "docs/operations.md").read_text(), re.M))
    assert fences == 2 * sum(map(len, sections().values())), "a block that is not read as one"


def main():
    bin_directory, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    if name == "document":
        document()
        return
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="mailstow-operations.") as directory:
        scene = Scene(name, bin_directory, pathlib.Path(directory))
        try:
            {"dovecot": dovecot, "cyrus": cyrus, "gmail": gmail, "m365": m365}[name](scene)
        finally:
            scene.stop()


if __name__ == "__main__":
    main()
