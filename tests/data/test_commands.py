"""`tinyllm data …`: from files to a trained model, reports, and refusals that leave nothing half-written."""

import hashlib
import json
import re
import socket

import pytest
from commands.test_commands import SMALL, call, refusal
from data.server import BODY, serving

from tinyllm.data import corpora, download, sources
from tinyllm.data.dataset import open_tokens
from tinyllm.data.texts import read_texts


@pytest.fixture
def folder(tmp_path):
    """Pages and texts as they come: with a text twice, a text in English, and one that is too short."""
    stories = list(corpora.CORPORA["contos"](150, split="train", seed=0))
    (tmp_path / "in" / "more").mkdir(parents=True)
    foreign = "The girl went to the house of her grandmother with a basket of fruit, but she met a wolf on the way."
    texts = [*stories, stories[0], foreign, "Oi."]
    (tmp_path / "in" / "a.txt").write_text("\n\n".join(texts), encoding="utf-8")
    page = "<html><nav>Menu</nav>" + "".join(f"<p>{line}</p>" for line in stories[1].split("\n"))
    (tmp_path / "in" / "more" / "b.html").write_text(page, encoding="utf-8")
    return tmp_path


def test_from_files_to_a_trained_model(capsys, folder):
    status, out, _ = call(capsys, "data", "clean", folder / "in", "--out", folder / "clean.txt", "--json")
    report = json.loads(out)
    assert status == 0 and (report["read"], report["kept"]) == (154, 152)
    assert report["dropped"]["short"] == report["dropped"]["language"] == 1 and report["changed"]["html"] == 1

    status, out, _ = call(capsys, "data", "dedup", folder / "clean.txt", "--out", folder / "unique.txt", "--json")
    assert status == 0 and json.loads(out) == {
        "read": 152, "kept": 150, "equal": 2, "near": 0, "out": str(folder / "unique.txt")}  # fmt: skip

    status, out, _ = call(capsys, "data", "split", folder / "unique.txt", "--out", folder / "parts", "--json")
    counts = json.loads(out)["kept"]
    assert status == 0 and sum(counts.values()) == 150
    for name, count in counts.items():
        assert len(list(read_texts(folder / "parts" / f"{name}.txt"))) == count

    corpus = folder / "parts" / "train.txt"
    assert call(capsys, "train", "--out", folder / "run", "--corpus", corpus, *SMALL, "--steps", "2")[0] == 0
    out = folder / "t.npy"
    status, printed, _ = call(capsys, "data", "pack", folder / "run", corpus, "--out", out, "--json")
    packed = json.loads(printed)
    assert status == 0 and packed["tokens"] == len(open_tokens(out)) and packed["bytes"] == out.stat().st_size


def test_what_a_person_reads(capsys, folder):
    _, out, _ = call(capsys, "data", "clean", folder / "in", "--out", folder / "c.txt")
    assert "c.txt: 152 textos" in out and "não parecem português" in out and "HTML" in out
    _, out, _ = call(capsys, "data", "dedup", folder / "c.txt", "--out", folder / "d.txt")
    assert "d.txt: 150 textos de 152" in out and "2  iguais" in out
    _, out, _ = call(capsys, "data", "split", folder / "d.txt", "--out", folder / "p", "--held-out", 0.2)
    assert "train.txt: " in out and "test.txt: " in out


def test_nothing_half_written(capsys, folder):
    before = sorted(folder.iterdir())
    (folder / "in" / "z.txt").write_bytes("só até aqui".encode("latin-1"))
    for command in (["clean"], ["dedup"], ["split"]):
        line = refusal(capsys, "data", *command, folder / "in", "--out", folder / "out")
        assert "z.txt is not UTF-8 at byte 1; convert it" in line
    (folder / "in" / "z.txt").unlink()
    few = folder / "in" / "more" / "b.txt"
    few.write_text("um texto só")
    assert "got none of the 1 texts; give more" in refusal(capsys, "data", "split", few, "--out", folder / "out")
    assert "does not exist" in refusal(capsys, "data", "clean", folder / "none", "--out", folder / "out")
    assert "is no folder; make it" in refusal(capsys, "data", "clean", few, "--out", folder / "none" / "out")
    assert "--symbols=2 must be at most 1" in refusal(
        capsys, "data", "clean", few, "--out", folder / "o", "--symbols", 2)  # fmt: skip
    assert "--threshold=3 must be at most 1" in refusal(
        capsys, "data", "dedup", few, "--out", folder / "o", "--threshold", 3)  # fmt: skip
    assert "exists; choose another" in refusal(capsys, "data", "split", few, "--out", folder / "in")
    assert "no field 'model'" in refusal_of_pack(capsys, folder, few)
    assert sorted(folder.iterdir()) == before


def refusal_of_pack(capsys, folder, texts):
    path = folder / "in" / "tokenizer.json"
    path.write_text("{}")
    return refusal(capsys, "data", "pack", path, texts, "--out", folder / "out")


def test_list_names_what_there_is(capsys):
    _, out, _ = call(capsys, "data", "list")
    _, lines, _ = call(capsys, "data", "list", "--json")
    names = [json.loads(line)["name"] for line in lines.splitlines()]
    assert names == [*corpora.CORPORA, *sources.SOURCES] and all(name in out for name in names)


def test_the_sources_are_complete():
    for name, source in sources.SOURCES.items():
        download.check_url(source.url)
        assert name == name.lower() and source.title and source.licence and source.note and 0 < source.size < 10**10
        assert "/" not in source.file
    assert len({source.file for source in sources.SOURCES.values()}) == len(sources.SOURCES)


def test_download(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        here = sources.SOURCES["lusiadas"]._replace(url=server.address + "/whole")
        monkeypatch.setitem(sources.SOURCES, "lusiadas", here)
        assert "is not https" in refusal(capsys, "data", "download", "lusiadas")
        monkeypatch.setattr(download, "check_url", lambda url, *, loopback=False: None)
        status, out, _ = call(capsys, "data", "download", "lusiadas", "--json")
        digest = hashlib.sha256(BODY).hexdigest()
        assert status == 0 and json.loads(out) == {"out": "lusiadas.txt", "bytes": len(BODY), "sha256": digest}
        assert "lusiadas.txt exists; choose another place" in refusal(capsys, "data", "download", "lusiadas")
        status, out, err = call(capsys, "data", "download", "lusiadas", "--out", "l.txt", "--sha256", digest)
        assert status == 0 and "l.txt: 256.000 bytes" in out and "Luís de Camões" in err
        url = server.address + "/endless"
        assert "more than the limit of 1000000 bytes" in refusal(capsys, "data", "download", url, "--limit", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["l.txt", "lusiadas.txt"]


def test_what_download_refuses(capsys):
    assert "no source is called machado; give an https address or one of dom-casmurro" in refusal(
        capsys, "data", "download", "machado")  # fmt: skip
    assert "'abc' is no SHA-256" in refusal(capsys, "data", "download", "lusiadas", "--sha256", "abc", "--out", "zz")
    assert "is not https" in refusal(capsys, "data", "download", "http://127.0.0.1/x")
    assert "is not https" in refusal(capsys, "data", "download", "file:///etc/passwd")


@pytest.mark.parametrize(
    "address",
    [
        *(
            "https://[",
            "https://",
            "https:///x",
            "https://..",
            "https://a..b/x",
            "https://%/x",
            "https://xn--/x",
            "::://",
        ),
        *("https://a.invalid/?a=ç", "https://ção.invalid/ção", "https://١.invalid/a b", "https://a.invalid/\x01"),
        *("https://a.invalid:999999999999/x", "https://a.invalid:abc/", "https://user:pw@a.invalid/x", "https://exa m"),
        *("https://" + "a" * 80 + ".invalid/x", "https://a.invalid/" + "x" * 5000, "https://" + "a." * 500 + "invalid"),
    ],
)
def test_odd_addresses_are_refused_in_one_line(capsys, monkeypatch, tmp_path, address):
    def unknown(*arguments, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    monkeypatch.chdir(tmp_path)
    for options in ([], ["--out", "a.txt"]):
        line = refusal(capsys, "data", "download", address, *options)
        assert re.search("is no address|is not https|cannot be reached|File name too long", line) and len(line) < 400
    assert not any(tmp_path.iterdir())


def test_letters_of_an_address_come_to_the_server_as_percents(tmp_path):
    with serving() as server:
        download.download(server.address + "/whole/?nome=ção e mais", tmp_path / "a", limit=10**6, loopback=True)
    assert (tmp_path / "a").read_bytes() == BODY
