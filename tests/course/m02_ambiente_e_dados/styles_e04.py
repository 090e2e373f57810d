"""Right answers to m02.e04 in other styles than the solution's."""

STYLES = {
    "loops": r"""
        def compose(text):
            found = ""
            for i in range(len(text)):
                character = text[i]
                if character == "\r" and text[i + 1 : i + 2] == "\n":
                    continue
                found += "\n" if character in "\r\x0b\x0c\x85\u2028\u2029" else character
            return unicodedata.normalize("NFC", found)

        def hidden(character):
            return any(first <= ord(character) <= last for first, last in INVISIBLE)

        def remove_invisible(text):
            kept = ""
            for character in text:
                if not hidden(character):
                    kept += character
            return kept

        def tag_at(page, start):
            end = page.find(">", start)
            inside = page[start + 1 : max(start + 1, end)].removeprefix("/")
            return inside if inside[:1].isalpha() and inside[0].isascii() and "<" not in inside else ""

        def page_text(page):
            page = re.sub(r"<!--.*?-->|<!.*?>|<(%s)\b[^<>]*>.*?</\1\s*>" % UNREAD, "", page, flags=re.S | re.I)
            page, text, i = " ".join(page.split()), "", 0
            while i < len(page):
                tag = tag_at(page, i) if page[i] == "<" else ""
                if tag:
                    text += "\n" if re.match(r"(%s)\b" % BLOCKS, tag, re.I) else ""
                    i = page.find(">", i)
                else:
                    text += page[i]
                i += 1
            lines = []
            for line in html.unescape(text).split("\n"):
                words = line.split()
                if words:
                    lines.append(" ".join(words))
            return "\n".join(lines)
        """,
    "types": r"""
        from collections.abc import Iterator
        from dataclasses import dataclass
        from typing import ClassVar

        ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
        GONE: dict[int, None] = {code: None for first, last in INVISIBLE for code in range(first, last + 1)}

        def compose(text: str) -> str:
            return ENDS.sub("\n", unicodedata.normalize("NFC", text))

        def remove_invisible(text: str) -> str:
            return text.translate(GONE)

        @dataclass
        class Page:
            source: str
            unread: ClassVar[re.Pattern] = re.compile(
                rf"<!--.*?-->|<!.*?>|<({UNREAD})\b[^<>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
            tag: ClassVar[re.Pattern] = re.compile(r"</?([a-z])[^<>]*>", re.IGNORECASE)

            @staticmethod
            def replaced(match: re.Match) -> str:
                return "\n" if re.match(rf"</?({BLOCKS})\b", match[0], re.IGNORECASE) else ""

            def lines(self) -> Iterator[str]:
                read = " ".join(self.unread.sub("", self.source).split())
                for line in html.unescape(self.tag.sub(self.replaced, read)).split("\n"):
                    yield re.sub(r"\s+", " ", line).strip()

        def page_text(page: str) -> str:
            return "\n".join(filter(None, Page(page).lines()))
        """,
}  # fmt: skip
