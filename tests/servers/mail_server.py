"""A mail server on loopback (Debian's aiosmtpd) that accepts mail and stores it, one JSON document for each
message, with the errors that a strict reading of RFC 5322 finds.

    mail_server.py DIRECTORY starttls|tls|none CERTIFICATE KEY [PASSWORD]

Prints its port. With a password, only `mailstow` with it may send. Some addresses are special, by their
beginning: `unknown` is refused, `later` is deferred once, `full` each time; at `closing` the server announces that
it ends the session; mail for `mute` is stored, and the connection ends without an answer."""
import asyncio
import email
import email.policy
import email.utils
import json
import os
import pathlib
import re
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

ONCE = ["Date", "From", "To", "Message-ID", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding"]


def complaints(data):
    """Yields the errors in a message sent by mailstow, beyond those that email's strict policy raises."""
    head, _, body = data.partition(b"\r\n\r\n")
    for line in data.split(b"\r\n"):
        if b"\r" in line or b"\n" in line:
            yield f"a line end that is not CR LF: {line!r}"
        if len(line) > 78:
            yield f"a line of {len(line)} bytes: {line!r}"
        if any(byte > 126 or (byte < 32 and byte != 9) for byte in line):
            yield f"bytes that are not printable ASCII: {line!r}"
    if not data.endswith(b"\r\n"):
        yield "the last line has no line end"
    message = email.message_from_bytes(data, policy=email.policy.strict)
    for name in ONCE:
        if len(message.get_all(name, [])) != 1:
            yield f"{name} occurs {len(message.get_all(name, []))} times"
    for name, value in message.items():
        for defect in getattr(value, "defects", ()):
            yield f"{name}: {defect}"
    if message.defects:
        yield f"defects: {message.defects}"
    if message["Date"].datetime is None or not re.fullmatch(
            r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", str(message["Date"])):
        yield f"Date: {message['Date']}"
    if not re.fullmatch(r"<[A-Za-z0-9.]+@[A-Za-z0-9.-]+>", message["Message-ID"].strip()):
        yield f"Message-ID: {message['Message-ID']}"
    if message["Auto-Submitted"] != "auto-generated":
        yield f"Auto-Submitted: {message['Auto-Submitted']}"
    if any(line.startswith(b"=?") and len(line) > 76 for line in head.split(b"\r\n")):
        yield "an encoded word in a line of more than 76 bytes"
    message.get_content()  # raises if the body does not match its encoding


class Handler:
    def __init__(self, directory, mode, password):
        self.directory = directory
        self.password = password
        self.mode = mode
        self.number = 0
        self.greylist = set()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("unknown"):
            return "550 5.1.1 no such user here"
        if address.startswith("later") and address not in self.greylist:
            self.greylist.add(address)
            return "451 4.7.1 greylisted, come again"
        if address.startswith("full"):
            return "452 4.2.2 mailbox full"
        if address.startswith("closing"):
            return "421 4.3.2 closing down"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    # The mechanism of Microsoft and Google: a token and its owner.
    async def auth_XOAUTH2(self, server, _arguments):
        words = await server.challenge_auth("")
        expected = f"user=mailstow\x01auth=Bearer {self.password}\x01\x01"
        is_right = self.password is not None and words == expected.encode()
        return AuthResult(success=is_right, auth_data="mailstow by token", handled=False)

    async def handle_DATA(self, server, session, envelope):
        data = envelope.original_content
        try:
            wrong = list(complaints(data))
        except Exception as error:  # the strict policy raises the first error
            wrong = [repr(error)]
        message = email.message_from_bytes(data, policy=email.policy.default)
        document = {
            "hello": session.host_name, "from": envelope.mail_from, "to": envelope.rcpt_tos,
            "tls": self.mode == "tls" or session.ssl is not None, "user": session.auth_data,
            "headers": {name: str(value) for name, value in message.items()},
            "body": message.get_content().replace("\r\n", "\n"), "raw": data.decode("ascii", "replace"),
            "wrong": wrong}
        self.number += 1
        file = self.directory / f"{self.number:04}.tmp"
        file.write_text(json.dumps(document))
        os.rename(file, file.with_suffix(".json"))
        if envelope.rcpt_tos[0].startswith("mute"):
            server.transport.close()
            await asyncio.sleep(60)  # until the end of the connection cancels this
        return "250 2.0.0 OK"


async def main():
    directory, mode, certificate, key = pathlib.Path(sys.argv[1]), *sys.argv[2:5]
    password = sys.argv[5] if len(sys.argv) > 5 else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def authenticate(_server, _session, _envelope, _mechanism, data):
        is_right = password is not None and (data.login, data.password) == (b"mailstow", password.encode())
        return AuthResult(success=is_right, auth_data=data.login.decode(), handled=is_right)

    handler = Handler(directory, mode, password)

    def connection():
        return SMTP(handler, hostname="mail.test", tls_context=context if mode == "starttls" else None,
                    require_starttls=mode == "starttls", authenticator=authenticate,
                    auth_required=password is not None, auth_require_tls=mode == "starttls")

    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
