"""Fetch a file from the web: over https only, of limited size, checked, resumed where it broke off, whole or absent.

What has arrived waits in NAME.part, beside NAME.part.json that says of which version of which address it is the
beginning. A later call asks for the rest (RFC 9110: Range, with If-Range so that a file that changed meanwhile comes
whole). NAME itself appears when everything is there.
"""

import http.client
import re
import ssl
import string
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError, shown

TIMEOUT = 30  # seconds without a byte
REDIRECTS = 5
BLOCK = 1 << 16
AGAIN = "run the same command again to go on from there"


def download(url, path, *, limit, sha256=None, progress=None, loopback=False):
    """Fetch `url` into the file `path`, at most `limit` bytes. `progress(done, total or None)` hears of each block.

    `loopback` lets plain http to this very machine pass, for the tests; it is not reachable from the command line.
    Raises UsageError for an address that is not https (redirections included), a server that cannot be reached, stalls,
    refuses or sends too much, a connection that ends early, and a file whose SHA-256 is not the one expected.
    """
    path = Path(path)
    storage.claim(path)
    begun = path.name[:60]  # a name may have 255 bytes, and not one more
    part, note = path.with_name(begun + ".part"), path.with_name(begun + ".part.json")
    check_url(url, loopback=loopback)
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise UsageError(f"{shown(sha256)} is no SHA-256, which has 64 digits from 0 to f; check it")
    url = ascii_url(url)
    host = urllib.parse.urlsplit(url).hostname
    try:
        with storage.locked(path.parent, f".{begun}.lock"):
            _fetch(url, part, note, limit=limit, progress=progress or (lambda done, total: None), loopback=loopback)
    except urllib.error.HTTPError as error:
        error.close()
        mend = "try again later" if error.code in (408, 425, 429) or error.code >= 500 else "check the address"
        raise UsageError(f"{host} answered {error.code} {error.reason} for {url}; {mend}") from None
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise UsageError(f"{host} cannot be reached ({reason}); check the connection and try again") from None
    except TimeoutError:
        raise UsageError(f"{host} sent nothing for {TIMEOUT} seconds; {AGAIN}") from None
    except http.client.InvalidURL as error:
        raise UsageError(f"{shown(url)} is no address ({error}); check it") from None
    except (http.client.HTTPException, ConnectionError, ssl.SSLError) as error:
        raise UsageError(f"the connection to {host} broke ({type(error).__name__}); {AGAIN}") from None
    if sha256 is not None and (found := storage.sha256(part)) != sha256.lower():
        _forget(part, note)
        raise UsageError(f"{url} has the SHA-256 {found}, not {sha256.lower()}: damaged or changed; nothing was kept")
    storage.put_in_place(part, path)
    note.unlink(missing_ok=True)


def check_url(url, *, loopback=False):
    """Raise UsageError unless the address is https (or, if `loopback`, http on this machine)."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, _, _ = parts.hostname, parts.port, ascii_url(url)
    except UnicodeError:
        raise UsageError(
            f"{shown(url)} is no address: the name of its host has a part of none or over 63 letters"
        ) from None
    except ValueError as error:
        raise UsageError(f"{shown(url)} is no address ({error}); it must begin with https://") from None
    if parts.scheme == "https" and host:
        return
    if not (loopback and parts.scheme == "http" and host == "127.0.0.1"):
        raise UsageError(f"{shown(url)} is not https; only addresses that begin with https:// are fetched")


def ascii_url(url):
    """The same address as a server takes it: the name of the host as IDNA writes it, other letters as percents."""
    parts = urllib.parse.urlsplit(url)
    url = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.encode("idna").decode()))
    return urllib.parse.quote(url, safe=string.punctuation)


def _fetch(url, part, note, *, limit, progress, loopback):
    """Bring `part` to its end: from where it stands if the server still has that version, else from the beginning."""
    start, version = _standing(url, part, note)
    with _open(url, start, version, loopback=loopback) as response:
        resumed = response.status == 206 and _continues(response.headers, start, version)
        if start and not resumed and response.status != 200:  # 416: nothing follows what we have; or 206, another part
            _forget(part, note)
            response.close()
            return _fetch(url, part, note, limit=limit, progress=progress, loopback=loopback)
        if not resumed and response.status != 200:
            raise UsageError(f"the server answered {response.status} for {url}, which is no file; check the address")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise UsageError(f"{url} comes compressed though it was asked not to; give another address")
        done = start if resumed else 0
        total = None if response.length is None else done + response.length
        if max(total or 0, done) > limit:
            raise UsageError(f"{url} has {total} bytes, above the limit of {limit}; raise the limit if that is right")
        storage.save_json(note, {"url": url, "version": _version(response.headers)})
        with open(part, "ab" if resumed else "wb") as file:
            progress(done, total)
            while block := response.read1(BLOCK if total is None else min(BLOCK, total - done)):
                done += len(block)
                if done > limit:
                    break
                file.write(block)
                progress(done, total)
    if done > limit:
        _forget(part, note)
        raise UsageError(f"{url} sends more than the limit of {limit} bytes; nothing of it was kept")
    if total is not None and done < total:
        raise UsageError(f"the connection ended after {done} of {total} bytes; {AGAIN}")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirections come back as errors, so that `_open` looks at each before it follows it."""

    def http_error_302(self, *arguments):
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _open(url, start, version, *, loopback):
    """The answer to a request for the bytes from `start` on. Raises HTTPError for a refusal, but for 416 (no such)."""
    handlers = [_NoRedirects()] + ([urllib.request.ProxyHandler({})] if loopback else [])
    opener = urllib.request.build_opener(*handlers)
    opener.addheaders = [("User-Agent", "tinyllm"), ("Accept-Encoding", "identity")]
    headers = {"Range": f"bytes={start}-", "If-Range": version} if start else {}
    for _ in range(REDIRECTS + 1):
        check_url(url, loopback=loopback)
        try:
            return opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code == 416 and start:
                return error
            target = error.headers.get("Location")
            if error.code not in (301, 302, 303, 307, 308) or target is None:
                raise
            error.close()
            try:
                url = ascii_url(urllib.parse.urljoin(url, target))
            except ValueError:  # no address: check_url says so
                url = target
    raise UsageError(f"{url} is the end of more than {REDIRECTS} redirections in a row; check the address")


def _standing(url, part, note):
    """(bytes that `part` holds, their version), or (0, None) if it is not known to be a beginning of this address."""
    if not part.is_file() or not note.is_file():
        return 0, None
    try:
        known = storage.load_json(note)
        version = known["version"] if known["url"] == url else None
    except (UsageError, KeyError, TypeError):
        version = None
    return (part.stat().st_size, version) if isinstance(version, str) else (0, None)


def _version(headers):
    """What If-Range may name: a strong ETag, or the date of the last change; None if the server gives neither."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified")


def _continues(headers, start, version):
    """Whether an answer 206 is the rest of what we have: from the right byte on, and of the same version."""
    return (
        start > 0
        and headers.get("Content-Range", "").startswith(f"bytes {start}-")
        and _version(headers) in (version, None)
    )


def _forget(*paths):
    for path in paths:
        path.unlink(missing_ok=True)
