#!/usr/bin/env python3
"""Prints the content of an account on an IMAP server as JSON: an independent reference for tests.

Uses only Python's standard library, so that it shares no code, and no bugs, with mailstow.

    account_state.py --url imap://127.0.0.1:1143 --user alice --password-file FILE
                     [--ca-file FILE] [--below NAME] [--mode state|receipt|list]
    account_state.py --serve

state    every folder with every message: UID, flags (sorted, without \\Recent), INTERNALDATE (as
         seconds since 1970), size, SHA-256; besides quota and subscriptions (none if refused)
receipt  for each folder the digest over lines `UID SP hex(SHA-256(message)) LF` in UID order
list     for each folder the number of messages

With --serve, each line of standard input is an object {url, user, password_file, below}; it is answered
with the state in one line, or {error}.
"""
import argparse
import base64
import datetime
import hashlib
import imaplib
import json
import re
import ssl
import sys
import traceback
import urllib.parse

# More than the longest line of any test server's response.
imaplib._MAXLINE = 64 * 1024 * 1024

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DATE = re.compile(rb'INTERNALDATE "([ \d]\d)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([-+])(\d\d)(\d\d)"')


def connect(options):
    url = urllib.parse.urlsplit(options.url)
    if url.scheme == "imaps":
        context = ssl.create_default_context(cafile=options.ca_file)
        client = imaplib.IMAP4_SSL(url.hostname, url.port or 993, ssl_context=context)
    else:
        client = imaplib.IMAP4(url.hostname, url.port or 143)
        if options.ca_file:
            client.starttls(ssl.create_default_context(cafile=options.ca_file))
    with open(options.password_file, encoding="utf-8") as file:
        client.login(options.user, file.readline().rstrip("\n"))
    # Servers announce all capabilities only after login, and HIGHESTMODSEQ only once CONDSTORE is
    # enabled.
    client.capabilities = tuple(expect(client.capability())[-1].decode().upper().split())
    if {"ENABLE", "CONDSTORE"} <= set(client.capabilities):
        expect(client.enable("CONDSTORE"))
    return client


def expect(answer):
    status, data = answer
    if status != "OK":
        sys.exit(f"account_state: the server said {status} {data}")
    return data


def unquote(text):
    """The bytes of a quoted string or an atom."""
    if text.startswith(b'"'):
        return re.sub(rb"\\(.)", rb"\1", text[1:-1])
    return text


def parse_list_line(item):
    """Returns (attributes, delimiter, raw name) of one response to LIST or LSUB."""
    name = None
    if isinstance(item, tuple):  # the name was sent as a literal
        item, name = item
        item = re.sub(rb"\{\d+\}$", b'""', item)
    match = re.match(rb'\(([^)]*)\) (NIL|"(?:\\.|[^"])*") (.*)$', item, re.DOTALL)
    attributes, delimiter, quoted = match.groups()
    delimiter = None if delimiter == b"NIL" else unquote(delimiter)
    return attributes.split(), delimiter, unquote(quoted) if name is None else name


def quote(name):
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def decode_name(raw):
    """Modified UTF-7 (RFC 9051, appendix A) to text, or None."""
    text, at = "", 0
    try:
        raw = raw.decode("ascii")
        while at < len(raw):
            if raw[at] != "&":
                text += raw[at]
                at += 1
                continue
            end = raw.index("-", at)
            run = raw[at + 1:end].replace(",", "/")
            padded = run + "=" * (-len(run) % 4)
            text += base64.b64decode(padded, validate=True).decode("utf-16-be") if run else "&"
            at = end + 1
    except ValueError:
        return None
    return text


def shown_name(raw, delimiter, prefix):
    """The name as mailstow shows it outside the packs: decoded, without the personal prefix,
    `/` between levels; `/` inside a name, `%`, control and undecodable bytes as %XX."""
    if prefix and raw.startswith(prefix):
        raw = raw[len(prefix):]
    levels = []
    for level in raw.split(delimiter) if delimiter else [raw]:
        text = decode_name(level)
        if text is None:
            levels.append("".join(chr(b) if 32 < b < 127 and b not in b"%/" else f"%{b:02X}"
                                  for b in level))
        else:
            levels.append("".join(f"%{ord(c):02X}" if c in "%/" or ord(c) < 32 or ord(c) == 127
                                  else c for c in text))
    return "/".join(levels)


def instant(header):
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = (
        DATE.search(header).groups())
    offset = datetime.timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    moment = datetime.datetime(int(year), MONTHS.index(month.decode().lower()) + 1, int(day),
                               int(hour), int(minute), int(second), tzinfo=datetime.timezone.utc)
    moment = moment - offset if sign == b"+" else moment + offset
    return int(moment.timestamp())


def read_messages(client):
    """Every message of the open folder, from one FETCH, in ascending UID order."""
    data = expect(client.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"))
    messages = []
    for item in data:
        if not isinstance(item, tuple):  # the end of a response, or unsolicited flags
            if item and b"BODY[] NIL" in item:
                sys.exit(f"account_state: a message without a body: {item!r}")
            continue
        header, body = item
        flags = re.search(rb"FLAGS \(([^)]*)\)", header).group(1).decode("latin-1").split()
        messages.append({
            "uid": int(re.search(rb"UID (\d+)", header).group(1)),
            "flags": sorted(flag for flag in flags if flag != "\\Recent"),
            "internal_date": instant(header),
            "size": len(body),
            "announced_size": int(re.search(rb"RFC822.SIZE (\d+)", header).group(1)),
            "sha256": hashlib.sha256(body).hexdigest(),
        })
    return sorted(messages, key=lambda message: message["uid"])


def digest(messages):
    lines = hashlib.sha256()
    for message in messages:
        lines.update(f"{message['uid']} {message['sha256']}\n".encode())
    return lines.hexdigest()


def code(client, name):
    """The number in an untagged response code, or None."""
    values = [value for value in client.response(name)[1] if value]
    return int(values[-1]) if values else None


def read_folder(client, raw, mode):
    exists = int(expect(client.select(quote(raw), readonly=True))[0])
    folder = {"uidvalidity": code(client, "UIDVALIDITY"), "uidnext": code(client, "UIDNEXT"),
              "highestmodseq": code(client, "HIGHESTMODSEQ"), "messages": exists}
    if mode == "list":
        return folder
    messages = read_messages(client) if exists else []
    if len(messages) != exists:
        sys.exit(f"account_state: {raw!r}: {exists} messages announced, {len(messages)} came")
    folder["digest"] = digest(messages)
    if mode == "state":
        folder["messages"] = messages
    return folder


def personal_namespace(client):
    if "NAMESPACE" not in client.capabilities:
        return b"", None
    line = expect(client.namespace())[0]
    match = re.match(rb'\(\(("(?:\\.|[^"])*") (NIL|"(?:\\.|[^"])*")', line)
    if not match:
        return b"", None
    prefix, delimiter = match.groups()
    return unquote(prefix), None if delimiter == b"NIL" else unquote(delimiter)


def quota(client):
    if "QUOTA" not in client.capabilities:
        return []
    data = expect(client.getquotaroot("INBOX"))[1]
    resources = []
    for line in data:
        for name, usage, limit in re.findall(rb"([A-Za-z-]+) (\d+) (\d+)", line or b""):
            resources.append({"name": name.decode(), "usage": int(usage), "limit": int(limit)})
    return resources


def text_of(raw):
    """Raw bytes unchanged, one character for each byte."""
    return raw.decode("latin-1")


def read_account(client, options):
    prefix, _ = personal_namespace(client)
    below = options.below.encode("latin-1")
    folders = []
    for item in expect(client.list('""', '"*"')):
        if item is None:
            continue
        attributes, delimiter, raw = parse_list_line(item)
        if below and raw != below and not raw.startswith(below + (delimiter or b"")):
            continue
        folder = {"raw_name": text_of(raw), "name": shown_name(raw, delimiter, prefix),
                  "delimiter": text_of(delimiter or b""), "selectable": True}
        if {a.lower() for a in attributes} & {b"\\noselect", b"\\nonexistent"}:
            folder["selectable"] = False
        else:
            folder.update(read_folder(client, raw, options.mode))
        folders.append(folder)
    folders.sort(key=lambda folder: folder["raw_name"])
    if options.mode == "receipt":
        keys = ("name", "uidvalidity", "messages", "digest")
        return {"receipts": [{("folder" if key == "name" else key): folder[key] for key in keys}
                             for folder in folders if folder["selectable"]]}
    state = {"folders": folders, "quota": quota(client)}
    if options.mode == "state":
        status, lines = client.lsub('""', '"*"')
        subscribed = (item for item in lines if item) if status == "OK" else ()
        state["subscriptions"] = sorted(text_of(parse_list_line(item)[2]) for item in subscribed)
    return state


def read_and_log_out(options):
    client = connect(options)
    try:
        return read_account(client, options)
    finally:
        client.logout()


def serve():
    for line in sys.stdin:
        options = argparse.Namespace(ca_file=None, mode="state", **json.loads(line))
        try:
            answer = read_and_log_out(options)
        except SystemExit as error:
            answer = {"error": str(error)}
        except Exception:
            answer = {"error": "account_state: " + traceback.format_exc()}
        print(json.dumps(answer), flush=True)


def main():
    if sys.argv[1:] == ["--serve"]:
        serve()
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--ca-file", default=None, help="imap:// then uses STARTTLS")
    parser.add_argument("--below", default="", help="only this folder (raw name) and those below")
    parser.add_argument("--mode", choices=["state", "receipt", "list"], default="state")
    options = parser.parse_args()
    json.dump(read_and_log_out(options), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
