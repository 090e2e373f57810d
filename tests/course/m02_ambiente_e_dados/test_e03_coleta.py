"""m02.e03: encodings, folders in one order everywhere, and a server that may send too much."""

import contextlib
import http.server
import threading

import pytest

BLOCK = b"x" * (1 << 16)
BLOCKS = 1 << 10  # 64 MB in all, far more than a connection holds


class Handler(http.server.BaseHTTPRequestHandler):
    """/N: N bytes, with their length announced; /N/silent: the same without; /endless: 64 MB, in blocks, counted."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        size, _, manner = self.path.strip("/").partition("/")
        self.send_response(200)
        body = bytes(n % 251 for n in range(int(size))) if size.isdigit() else b""
        if body and manner != "silent":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)
            for _ in range(0 if size.isdigit() else BLOCKS):
                self.wfile.write(BLOCK)
                self.server.sent += 1


@pytest.fixture
def address(monkeypatch):
    """Where a server of this machine stands, which no proxy comes between."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "*")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.sent = True, 0
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("data", "case"), [
    (b"", "um arquivo vazio"),
    ("Não há pão, disse João.".encode(), "UTF-8"),
    ("Não há pão — “amanhã”, disse João. 🐀".encode("utf-8-sig"), "UTF-8 com marca"),
    ("Não há pão, disse João.".encode("cp1252"), "cp1252"),
    ("“Amanhã” — disse João: custa 3 €…".encode("cp1252"), "cp1252 com aspas e travessão do Windows"),
    ("\ufeffé a marca, e \ufeff no meio não é".encode(), "UTF-8 com marca, e outra no meio"),
    (b"caf\xe9 \x81\x8d", "cp1252 com bytes que não são caractere nenhum"),
    (b"\xef\xbb\xbf", "só a marca"),
    ("ação".encode("utf-8-sig") + b"\xe9", "uma marca, e depois um byte que não é UTF-8"),
    ("Só o fim é cortado: ã".encode()[:-1], "UTF-8 cortado no meio de um caractere"),
    (b"\x00\x7f" + bytes(range(128)) * 50, "ASCII, também o que não se vê"),
])  # fmt: skip
def test_decode(judge, data, case):
    judge.same("decode", data, case=f"{case}: {data[:24]!r}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_decode_gives_back_what_was_written(judge, encoding):
    text = "Às três, a avó pôs açúcar no café; custou R$ 1,50."
    found = judge.same("decode", text.encode(encoding), case=f"uma frase escrita em {encoding}")
    judge.that(found == text, "decode", f"uma frase escrita em {encoding}", f"deveria dar {text!r}; veio {found!r}")


@pytest.fixture
def folder(tmp_path):
    """Texts at several depths, named so that no system gives them in order by chance."""
    for name in ("z.txt", "b/a.txt", "a.TXT", "b/z/m.txt", "c.html", "b.txt", "a/k.Txt", "10.txt", "9.txt", "a/x.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    (tmp_path / "notas.txt").mkdir()
    (tmp_path / "vazia").mkdir()
    return tmp_path


def test_find_files_of_a_folder(judge, folder):
    through = judge.support.or_refused
    found = judge.same("find_files", [folder], through=through, case="uma pasta com pastas dentro")
    judge.that(len(found) == 8, "find_files", "o mesmo", f"são 8 os arquivos .txt; vieram {len(found)}")
    judge.same("find_files", [str(folder)], (".html", ".md"), through=through, case="terminações .html e .md")


def test_find_files_keeps_the_order_of_what_is_given(judge, folder):
    paths = [folder / "z.txt", folder / "b", folder / "c.html", folder / "a"]
    judge.same("find_files", paths, case="um arquivo, uma pasta, um arquivo .html e outra pasta, nesta ordem")
    judge.same("find_files", [], case="nenhum caminho")


def test_find_files_passes_over_what_is_hidden(judge, folder):
    for name in (".c.txt", "b/._a.txt", ".ipynb_checkpoints/b.txt", "b/.x/m.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    paths = [folder / "z.txt", folder / ".c.txt", folder, folder / "b" / ".x"]
    judge.same("find_files", paths, case="uma pasta com arquivos e pastas escondidos; dois escondidos dados pelo nome")


@pytest.mark.parametrize("name", ["nada.txt", "vazia", "notas.txt"])
def test_find_files_says_what_is_missing(judge, folder, name):
    through = judge.support.or_refused
    case = f"{name}: um caminho que não existe, ou uma pasta sem textos"
    found = judge.same("find_files", [folder / "z.txt", folder / name], through=through, case=case)
    judge.that(found == "UsageError", "find_files", case, "deveria levantar UsageError")


@pytest.mark.parametrize("path", ["{size}", "{size}/silent"])
@pytest.mark.parametrize(("size", "limit"), [(1, 1), (999, 1000), (1000, 1000), (1001, 1000), (5000, 1000)])
def test_fetch(judge, address, path, size, limit):
    url = f"{address[0]}/{path.format(size=size)}"
    case = f"{size} bytes, limite de {limit}" + (", tamanho não anunciado" if "silent" in path else "")
    judge.same("fetch", url, limit, through=judge.support.or_refused, case=case)


def test_fetch_of_what_does_not_end(judge, address):
    url, server = address

    def at_most_half(piece, limit):
        """What came of it, and whether the server could send all that it has."""
        server.sent = 0
        return judge.support.or_refused(piece, f"{url}/endless", limit), server.sent > BLOCKS // 2

    case = "64 MB sem anúncio, limite de 1000 bytes; depois do resultado, se leu mais da metade"
    judge.same("fetch", 1000, through=at_most_half, case=case)


@pytest.mark.parametrize("name", ["decode", "find_files", "fetch"])
def test_time_and_memory(judge, name):
    judge.fast(name)
