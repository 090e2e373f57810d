"""vocab.json with merges.txt, and .tiktoken: read and written the same, with the ids of those who made the formats."""

import base64
import json

import pytest
from hypothesis import given, settings
from text.test_bpe import ANY_TEXT, TEXTS

from tinyllm.errors import UsageError
from tinyllm.text import bpe, files, tiktoken_file
from tinyllm.text.pretokenize import PATTERNS


@pytest.fixture(scope="module", params=["gpt2", "gpt4"])
def tokenizer(request):
    return bpe.train(TEXTS, 380, pattern=request.param)


@pytest.fixture(scope="module")
def folder(tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    files.save(tokenizer, folder / "two")
    files.save(tokenizer, folder / "ranks.tiktoken")
    return folder


def options(path):
    return {"special_tokens": ["<|fim|>=0" if path.suffix else "<|fim|>"]}


@pytest.mark.parametrize("name", ["two", "ranks.tiktoken"])
def test_a_tokenizer_comes_back_and_goes_out_the_same(tokenizer, folder, tmp_path, name):
    path = folder / name
    again = files.load(path, pattern=tokenizer.pattern, **options(path))
    for part in ("vocabulary", "merges", "special_tokens", "pattern"):
        assert getattr(again, part) == getattr(tokenizer, part)
    files.save(again, tmp_path / name)
    for file in [path] if path.is_file() else sorted(path.iterdir()):
        assert (tmp_path / file.relative_to(folder)).read_bytes() == file.read_bytes()


def test_what_stands_in_the_files(tokenizer, folder):
    lines = (folder / "two" / "merges.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#version: 0.2" and len(lines) == 1 + len(tokenizer.merges)
    vocab = json.loads((folder / "two" / "vocab.json").read_text(encoding="utf-8"))
    assert list(vocab.values()) == list(range(380)) and vocab["<|fim|>"] == 0
    piece, rank = (folder / "ranks.tiktoken").read_bytes().splitlines()[-1].split()
    assert (base64.b64decode(piece), int(rank)) == (tokenizer.vocabulary[-1], 379)


def test_special_tokens_of_a_tiktoken_file(tmp_path):
    plain = bpe.train(TEXTS, 300, special_tokens=())
    files.save(plain, tmp_path / "a.tiktoken")
    made = files.load(tmp_path / "a.tiktoken", special_tokens=["<|x|>", "a=b", "<|y|>=302"])
    assert made.special_tokens == {"<|x|>": 300, "a=b": 301, "<|y|>": 302}
    assert made.encode(TEXTS[0]).tolist() == plain.encode(TEXTS[0]).tolist()
    for special_tokens, words in (
        (["<|x|>=305"], "no token has the id 300"),
        (["<|x|>=7"], "the id 7 is given to two tokens"),
        (["<|x|>", "<|x|>"], "repeat one"),
        ([""], "at least one"),
    ):
        with pytest.raises(UsageError, match=words):
            files.load(tmp_path / "a.tiktoken", special_tokens=special_tokens)


def test_a_tokenizer_that_a_tiktoken_file_cannot_hold(tokenizer, tmp_path):
    first, second, *rest = tokenizer.merges
    swapped = bpe.BPETokenizer(tokenizer.vocabulary, [second, first, *rest], tokenizer.special_tokens)
    with pytest.raises(UsageError, match="not in the order of its merges"):
        files.save(swapped, tmp_path / "a.tiktoken")
    assert list(tmp_path.iterdir()) == []


def test_merges_are_what_the_bytes_of_a_token_merge_to(tokenizer):
    assert tiktoken_file.recover_merges(tokenizer.vocabulary, {0}) == tokenizer.merges


def test_files_of_windows(folder, tmp_path):
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((folder / "two" / name).read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "a.tiktoken").write_bytes((folder / "ranks.tiktoken").read_bytes().replace(b"\n", b"\r\n"))
    assert len(files.load(tmp_path, special_tokens=["<|fim|>"]).merges) == 123
    assert len(files.load(tmp_path / "a.tiktoken", special_tokens=["<|fim|>=0"]).merges) == 123


def refusal(path, **options):
    with pytest.raises(UsageError) as caught:
        files.load(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and message.isprintable() and len(message) < len(str(path)) + 300
    return message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a", "merges.txt, line 125: the merge 'a' is not a pair"),
        ("a b c", "line 125: the merge 'a b c' is not a pair"),
        ("zz zz", "line 125: the merge 'zz zz' needs the token 'zz', which the vocabulary lacks"),
        ("#version: 0.2", "the vocabulary lacks"),
        ("\x00", "is not a pair"),
    ],
)
def test_a_line_of_merges_that_is_none(folder, tmp_path, line, words):
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((folder / "two" / name).read_bytes())
    with open(tmp_path / "merges.txt", "a") as file:
        file.write(line + "\n")
    assert words in refusal(tmp_path, special_tokens=["<|fim|>"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"YWJj", "line 380 is"),
        (b"YWJj 380 1", "line 380 is"),
        (b"YWJj -1", "line 380 is"),
        (b"YWJj 99999999999", "line 380 is"),
        (b"YW*j 380", "line 380 is"),
        (b"YWJ 380", "line 380 is"),
        (b"\xff 380", "line 380 is"),
        (b"/wAA/w== 381", "no token has the id 380"),
        (b"/wAA/w== 379", "the id 379 is given to two tokens"),
        (b"/wAA/w== 380", "is not the merge of two tokens"),
        (b"IA== 380", "two tokens of the vocabulary stand for the same bytes"),
        (b" 380", "the token of id 380 is empty"),
    ],
)
def test_a_line_of_ranks_that_is_none(folder, tmp_path, line, words):
    path = tmp_path / "a.tiktoken"
    path.write_bytes((folder / "ranks.tiktoken").read_bytes() + line + b"\n")
    assert words in refusal(path, special_tokens=["<|fim|>=0"])


def test_other_refusals(folder, tokenizer, tmp_path):
    tokenizer.save(tmp_path / "tokenizer.json")
    assert "says itself" in refusal(tmp_path / "tokenizer.json", pattern="gpt4")
    assert "has no token '<|x|>'" in refusal(folder / "two", special_tokens=["<|x|>"])
    assert "no pre-tokenization pattern 'gpt3'" in refusal(folder / "two", pattern="gpt3")
    (tmp_path / "tokenizer.json").rename(tmp_path / "other.json")
    assert "cannot be read" in refusal(tmp_path)
    assert "cannot be read" in refusal(tmp_path / "none.tiktoken")
    (tmp_path / "vocab.json").write_text("{}")
    (tmp_path / "merges.txt").write_bytes(b"\xff")
    assert "not UTF-8 at byte 0" in refusal(tmp_path)
    with pytest.raises(UsageError, match="exists; choose another folder"):
        files.save(tokenizer, tmp_path)


@pytest.mark.oracle
def test_hugging_face_reads_what_we_write(tokenizer, folder, tmp_path):
    library = pytest.importorskip("tokenizers")
    two = folder / "two"
    other = library.Tokenizer(library.models.BPE.from_file(str(two / "vocab.json"), str(two / "merges.txt")))
    tokenizer.save(tmp_path / "tokenizer.json")
    whole = library.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    other.pre_tokenizer = whole.pre_tokenizer

    @given(ANY_TEXT)
    @settings(max_examples=300)
    def check(text):
        text = text.encode(errors="replace").decode().replace("<|fim|>", "")
        ids = tokenizer.encode(text).tolist()
        assert other.encode(text).ids == whole.encode(text).ids == ids
        assert whole.decode(ids) == text

    check()


@pytest.mark.oracle
def test_what_hugging_face_writes_is_read_here(tokenizer, tmp_path):
    library = pytest.importorskip("tokenizers")
    tokenizer.save(tmp_path / "tokenizer.json")
    library.Tokenizer.from_file(str(tmp_path / "tokenizer.json")).model.save(str(tmp_path))
    (tmp_path / "tokenizer.json").unlink()
    again = files.load(tmp_path, pattern=tokenizer.pattern, special_tokens=["<|fim|>"])
    assert again.merges == tokenizer.merges and again.vocabulary == tokenizer.vocabulary


@pytest.mark.oracle
def test_tiktoken_reads_what_we_write(tokenizer, folder):
    library = pytest.importorskip("tiktoken")
    ranks = {}
    for line in (folder / "ranks.tiktoken").read_bytes().splitlines():
        piece, rank = line.split()
        ranks[base64.b64decode(piece)] = int(rank)
    other = library.Encoding(
        "ours", pat_str=PATTERNS[tokenizer.pattern], mergeable_ranks=ranks, special_tokens={"<|fim|>": 0}
    )
    again = files.load(folder / "ranks.tiktoken", pattern=tokenizer.pattern, special_tokens=["<|fim|>=0"])

    @given(ANY_TEXT)
    @settings(max_examples=300)
    def check(text):
        text = text.encode(errors="replace").decode()
        assert again.encode(text).tolist() == other.encode_ordinary(text)

    check()
