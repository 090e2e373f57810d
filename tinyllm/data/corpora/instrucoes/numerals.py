"""Numbers in Portuguese words, in either gender."""

UNITS = [
    "zero",
    "um",
    "dois",
    "três",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "catorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
]
TENS = ["vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa"]
HUNDREDS = [
    "cento",
    "duzentos",
    "trezentos",
    "quatrocentos",
    "quinhentos",
    "seiscentos",
    "setecentos",
    "oitocentos",
    "novecentos",
]
FEMININE = {"um": "uma", "dois": "duas"}


def cardinal(number: int, *, feminine: bool = False) -> str:
    """0 <= number < 10,000: 342 -> 'trezentos e quarenta e dois', of feminine things 'trezentas e quarenta e duas'."""
    thousands, rest = divmod(number, 1000)
    if thousands:
        head = "mil" if thousands == 1 else f"{cardinal(thousands, feminine=feminine)} mil"
        if not rest:
            return head
        joint = " e " if rest < 100 or rest % 100 == 0 else " "
        return head + joint + cardinal(rest, feminine=feminine)
    if number == 100:
        return "cem"
    parts = []
    if number > 100:
        hundreds = HUNDREDS[number // 100 - 1]
        parts.append(hundreds[:-2] + "as" if feminine and hundreds != "cento" else hundreds)
        number %= 100
    if number >= 20:
        parts.append(TENS[number // 10 - 2])
        number %= 10
    if number or not parts:
        unit = UNITS[number]
        parts.append(FEMININE.get(unit, unit) if feminine else unit)
    return " e ".join(parts)
