"""Downloads: https only, whole or absent, resumed or begun anew, and one clear sentence when something goes wrong."""

import hashlib
import inspect
import socket

import pytest
from data.server import BODY, serving

from tinyllm import storage
from tinyllm.commands import data as commands
from tinyllm.data import download as downloads
from tinyllm.data.download import check_url, download
from tinyllm.errors import UsageError

LIMIT = 1_000_000


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def fetch(server, tmp_path):
    """fetch(path of the address) -> the bytes that came; nothing else may lie in the folder then."""

    def fetch(address, **options):
        path = tmp_path / "corpus.txt"
        path.unlink(missing_ok=True)
        url = server.address + address if address.startswith("/") else address
        download(url, path, loopback=True, **{"limit": LIMIT, **options})
        assert [p.name for p in tmp_path.iterdir()] == ["corpus.txt"]
        return path.read_bytes()

    fetch.part = tmp_path / "corpus.txt.part"
    fetch.folder = tmp_path
    return fetch


def refusal(fetch, *arguments, **options):
    with pytest.raises(UsageError) as caught:
        fetch(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message and not (fetch.folder / "corpus.txt").exists()
    return message


def test_a_whole_file_comes_with_its_progress(fetch):
    heard = []
    assert fetch("/whole", progress=lambda *now: heard.append(now)) == BODY
    assert heard[0] == (0, len(BODY)) and heard[-1] == (len(BODY), len(BODY)) and len(heard) > 3


def test_two_downloads_into_one_file_do_not_mix(fetch):
    with storage.locked(fetch.folder, ".corpus.txt.lock"):
        assert "is in use by process" in refusal(fetch, "/whole")
    assert fetch("/whole") == BODY


@pytest.mark.parametrize("name", ["a" * 250, "ç" * 125])
def test_a_long_name_will_do(server, tmp_path, name):
    download(server.address + "/whole", tmp_path / name, limit=LIMIT, loopback=True)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_broken_download_goes_on_where_it_stopped(fetch, server):
    message = refusal(fetch, "/broken")
    assert message == f"the connection ended after 100000 of {len(BODY)} bytes; {downloads.AGAIN}"
    assert fetch.part.read_bytes() == BODY[:100_000]
    assert fetch("/broken") == BODY
    assert server.asked == [("/broken", None), ("/broken", "bytes=100000-")]


@pytest.mark.parametrize("path", ["/changed", "/ignores", "/shifted", "/nameless"])
def test_it_begins_anew_where_the_rest_would_not_fit(fetch, server, path):
    refusal(fetch, path)
    assert fetch(path) == BODY


def test_a_part_of_another_address_is_not_continued(fetch, server):
    refusal(fetch, "/broken")
    assert fetch("/whole") == BODY
    assert server.asked[-1] == ("/whole", None)


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"url": 1}', '{"url": "x", "version": 5}', "{"])
def test_a_damaged_note_begins_anew(fetch, server, note):
    refusal(fetch, "/broken")
    (fetch.folder / "corpus.txt.part.json").write_text(note)
    assert fetch("/broken") == BODY


def test_a_part_that_is_already_whole_or_too_long(fetch, server):
    for excess in (b"", b"excess"):
        server.asked.clear()
        refusal(fetch, "/broken")
        fetch.part.write_bytes(BODY + excess)
        assert fetch("/broken") == BODY


def test_a_connection_that_stalls(fetch, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT", 0.2)
    assert "127.0.0.1 sent nothing for 0.2 seconds; run the same command again" in refusal(fetch, "/stalls")
    assert fetch.part.read_bytes() == BODY[:1000]
    assert "127.0.0.1 sent nothing" in refusal(fetch, "/silent")


REFUSALS = {
    "/endless": "sends more than the limit of 1000000 bytes; nothing of it was kept",
    "/boasts": "has 1000000000000000 bytes, above the limit of 1000000",
    "/chunked": "the connection to 127.0.0.1 broke (IncompleteRead)",
    "/packed": "comes compressed",
    "/garbage": "broke (BadStatusLine)",
    "/headers": "broke (HTTPException)",
    "/partial": "answered 206",
    "/status/404": "127.0.0.1 answered 404 Not Found",
    "/status/403": "check the address",
    "/status/416": "answered 416",
    "/status/204": "answered 204",
    "/status/302": "answered 302",
    "/status/500": "try again later",
    "/status/503": "try again later",
    "/loop": "more than 5 redirections",
    "/to/http://example.org/x": "'http://example.org/x' is not https",
    "/to/http://127.0.0.1.example.org/": "is not https",
    "/to/http://user@localhost/": "is not https",
    "/to/file:///etc/passwd": "'file:///etc/passwd' is not https",
    "/to/ftp://example.org/x": "is not https",
    "/to/https:///x": "is not https",
    "/to/http://[": "is no address",
    "/to/data:,x": "is not https",
}


@pytest.mark.parametrize("path", REFUSALS)
def test_what_is_refused(fetch, path):
    assert REFUSALS[path] in refusal(fetch, path)
    assert path == "/chunked" or not fetch.part.exists()


def test_redirections_are_followed_on_this_machine(fetch, server):
    assert fetch("/to//whole") == BODY
    assert fetch(f"/to/{server.address}/to//whole") == BODY


def test_what_lies_beyond_the_announced_length_is_not_read(fetch):
    assert fetch("/more") == BODY
    assert fetch("/nonsense") == BODY  # a length that is none: up to the end


def test_the_checksum(fetch):
    right = hashlib.sha256(BODY).hexdigest()
    assert fetch("/whole", sha256=right.upper()) == BODY
    assert f"has the SHA-256 {right}, not {'0' * 64}" in refusal(fetch, "/whole", sha256="0" * 64)
    assert not fetch.part.exists()


def test_a_machine_that_is_not_there(fetch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    assert "127.0.0.1 cannot be reached" in refusal(fetch, url)


def test_offline(fetch, monkeypatch):
    def offline(*arguments, **options):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    message = refusal(fetch, "https://www.gutenberg.org/x.txt")
    assert message.startswith("www.gutenberg.org cannot be reached (") and "check the connection" in message


def test_a_failed_download_leaves_the_older_file(server, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("older")
    with pytest.raises(UsageError):
        download(server.address + "/broken", path, limit=LIMIT, loopback=True)
    assert path.read_text() == "older"


def test_only_https_is_fetched(tmp_path):
    for url in ("http://127.0.0.1/x", "http://example.org", "file:///etc/passwd", "ftp://a/b", "x", "", "https://",
                "HTTP://a/", "https:/a", "//a/b", "data:,x", "http://[", "https://a:b/"):  # fmt: skip
        with pytest.raises(UsageError, match="https"):
            check_url(url)
        with pytest.raises(UsageError, match="https"):
            download(url, tmp_path / "x", limit=LIMIT)
    check_url("https://www.gutenberg.org/ebooks/55752.txt.utf-8")
    assert "loopback" not in inspect.getsource(commands)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="is no folder"):
        download("https://example.org/x", tmp_path / "none" / "x", limit=LIMIT)
