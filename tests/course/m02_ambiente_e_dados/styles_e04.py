"""Right answers to m02.e04 in other styles than the solution's."""

STYLES = {
    "loops": r"""
        def compose(text):
            text = text.replace("\r\n", "\n")
            for end in ("\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"):
                text = text.replace(end, "\n")
            return unicodedata.normalize("NFC", text)

        def hidden(character):
            return any(first <= ord(character) <= last for first, last in INVISIBLE)

        def remove_invisible(text):
            kept = ""
            for character in text:
                if not hidden(character):
                    kept += character
            return kept

        def page_text(page):
            page = re.sub(r"<!--.*?-->|<!.*?>|<(%s)\b[^<>]*>.*?</\1\s*>" % UNREAD, "", page, flags=re.S | re.I)
            page = re.sub(r"\s+", " ", page)
            page = re.sub(rf"</?(?:{BLOCKS})\b[^<>]*>", "\n", page, flags=re.I)
            page = html.unescape(re.sub(r"</?[a-z][^<>]*>", "", page, flags=re.I))
            lines = []
            for line in page.split("\n"):
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
