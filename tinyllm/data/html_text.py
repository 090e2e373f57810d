"""From HTML to plain text: tags go, entities become their characters, and what is no text of the page stays out."""

import codecs
import re
from html.parser import HTMLParser
from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError

UNREAD = "script style title noscript template nav footer aside svg button select textarea iframe"
BLOCKS = """address article blockquote body caption center dd div dl dt fieldset figcaption figure form h1 h2 h3 h4 h5
    h6 header hr html li main ol option p pre section table tbody tfoot thead tr ul """
INLINE = """a abbr b bdi bdo big br cite code del dfn em font head i img input ins kbd label link mark meta q s samp
    small span strike strong sub sup td th time tt u var wbr """
UNREAD, BLOCKS, INLINE = UNREAD.split(), (BLOCKS + UNREAD).split(), INLINE.split()
UNSAID = re.compile(r"<!--.*?(?:-->|\Z)|<![^>]*>?", re.DOTALL)  # comments and declarations
BLOCK = re.compile(rf"<(?:{'|'.join(sorted(BLOCKS))})[\s/>]", re.IGNORECASE)
UNFINISHED = re.compile(r"<(?![a-zA-Z/?][^<>]*>)")  # no tag; the parser would look for its end, each time anew
ENTITY = r"(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d{0,2});"  # behind its "&"
# A tag of HTML, by its name: "se a < b e b > c" has none. Or an entity.
MARKUP = re.compile(
    rf"</?(?:{'|'.join(sorted(BLOCKS + INLINE, key=len, reverse=True))})(?:[\s/][^<>]*)?>|<!doctype html|&{ENTITY}",
    re.IGNORECASE,
)
AGAIN = re.compile(rf"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)+(?={ENTITY})")  # an entity escaped once more, or many times
PASSES = 8  # one is enough for nearly every text; a hostile one could ask for as many as it has letters


def html_to_text(text):
    """A page, or a text with some tags and entities left in it -> plain text; a text without any comes back as it is.

    An empty line stands between two blocks of the page. Scripts, styles, menus and footers are not read. What was
    escaped twice, as in &amp;nbsp; is read twice.
    """
    for _ in range(PASSES):
        before, text = text, read_once(AGAIN.sub("&", text)) if MARKUP.search(text) else text
        if text == before:
            break
    return text


def read_once(text):
    """The same, of a text with markup, from which more of it may come."""
    reader = _Reader(own_lines=not BLOCK.search(text))
    reader.feed(UNFINISHED.sub("&lt;", UNSAID.sub("", text)))
    reader.close()
    return "".join(reader.parts).strip()


class _Reader(HTMLParser):
    """Gathers the text in `parts`. The lines of a page are made by its tags; `own_lines` keeps those of the text."""

    def __init__(self, *, own_lines):
        super().__init__(convert_charrefs=True)
        self.parts, self.own_lines = [], own_lines
        self.unread, self.depth = None, 0  # the tag whose inside is not read, and how many of its name are open

    def handle_starttag(self, tag, attributes):
        if tag == self.unread or (self.unread is None and tag in UNREAD):
            self.unread, self.depth = tag, self.depth + 1
        self.parts.append("\n\n" if tag in BLOCKS else "\n" if tag == "br" else " " if tag in ("td", "th") else "")

    def handle_startendtag(self, tag, attributes):  # <br/>: it opens nothing
        if tag not in UNREAD:
            self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        if tag == self.unread:
            self.depth -= 1
            self.unread = tag if self.depth else None
        if tag in BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data):
        if self.unread is None:
            self.parts.append(data if self.own_lines else re.sub(r"\s+", " ", data))


CHARSET = re.compile(rb"""<meta[^>]{1,200}?charset\s*=\s*["']?([\w-]{1,40})""", re.IGNORECASE)


def read_page(path):
    """Path of a text or a page -> str: UTF-8, or what the page itself declares. UsageError where neither reads it."""
    data = Path(path).read_bytes()
    declared = CHARSET.search(data[:4096])
    name = declared[1].decode() if declared else "utf-8"
    try:
        encoding = codecs.lookup(name).name
        if encoding in ("iso8859-1", "ascii"):
            encoding = "cp1252"  # what browsers do, as the standard of the web says
        errors = "replace" if encoding == "cp1252" else "strict"  # it leaves five bytes without a meaning
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors)
    except UnicodeDecodeError as error:
        raise storage.not_utf8(path, error.start) from None
    except (LookupError, ValueError):
        raise UsageError(f"{path} declares the encoding {name!r}, which is not known; convert it to UTF-8") from None
