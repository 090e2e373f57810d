"""Respostas erradas de m02.e03, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import urllib.request
from pathlib import Path

from tinyllm.course.measure import LARGE, SLOW, Work
from tinyllm.errors import UsageError


def or_refused(piece, *arguments):
    """What a piece gives, or that it raised UsageError, whose words are the learner's own."""
    try:
        return piece(*arguments)
    except UsageError:
        return "UsageError"


def strange_characters_dropped(data):
    return data.decode("utf-8-sig", "ignore")


def strange_characters_replaced(data):
    return data.decode("utf-8-sig", "replace")


def mark_kept(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def every_mark_dropped(data):
    return mark_kept(data).replace("\ufeff", "")


def mark_dropped_first(data):
    return mark_kept(data.removeprefix(b"\xef\xbb\xbf"))


def unknown_bytes_dropped(data):
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "ignore")


def latin_1(data):
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def always_cp1252(data):
    return data.decode("cp1252", "replace")


def byte_by_byte(data):
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
        for place in range(len(data)):
            text = "".join([*text, data[place : place + 1].decode("cp1252", "replace")])
        return text


def in_order(path, suffixes):
    return sorted(
        p
        for p in path.rglob("*")
        if p.suffix.lower() in suffixes
        and p.is_file()
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )


def hidden_ones_too(paths, suffixes=(".txt",)):
    return gathered(
        paths, suffixes, lambda path: sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    )


def gathered(paths, suffixes, inside_of, *, given=lambda path: True):
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = inside_of(path)
            if not inside:
                raise UsageError(f"{path}: nada")
            files += inside
        elif path.is_file():
            files += [path] if given(path) else []
        else:
            raise UsageError(f"{path} não existe")
    return files


def given_ones_chosen_too(paths, suffixes=(".txt",)):
    return gathered(
        paths, suffixes, lambda path: in_order(path, suffixes), given=lambda path: path.suffix.lower() in suffixes
    )


def in_the_order_of_texts(paths, suffixes=(".txt",)):
    return gathered(paths, suffixes, lambda path: sorted(in_order(path, suffixes), key=str))


def as_the_system_gives_them(paths, suffixes=(".txt",)):
    return gathered(
        paths, suffixes, lambda path: [p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file()]
    )


def only_the_folder_itself(paths, suffixes=(".txt",)):
    return gathered(
        paths, suffixes, lambda path: sorted(p for p in path.glob("*") if p.suffix.lower() in suffixes and p.is_file())
    )


def lower_case_only(paths, suffixes=(".txt",)):
    return gathered(
        paths, suffixes, lambda path: sorted(p for p in path.rglob("*") if p.suffix in suffixes and p.is_file())
    )


def folders_among_the_files(paths, suffixes=(".txt",)):
    return gathered(paths, suffixes, lambda path: sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes))


def all_in_one_order(paths, suffixes=(".txt",)):
    return sorted(
        gathered(
            paths, suffixes, lambda path: [p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file()]
        )
    )


def silent_about_what_is_missing(paths, suffixes=(".txt",)):
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            files += in_order(path, suffixes)
        elif path.is_file():
            files.append(path)
    return files


def one_less(url, limit):
    with urllib.request.urlopen(url, timeout=30) as response:
        data = response.read(limit)
    if len(data) >= limit:
        raise UsageError(f"{url}: mais de {limit} bytes")
    return data


def cut_in_silence(url, limit):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read(limit)


def one_byte_above(url, limit):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read(limit + 1)


def everything_first(url, limit):
    with urllib.request.urlopen(url, timeout=30) as response:
        data = response.read()
    if len(data) > limit:
        raise UsageError(f"{url}: mais de {limit} bytes")
    return data


def what_was_announced(url, limit):
    with urllib.request.urlopen(url, timeout=30) as response:
        if int(response.headers.get("Content-Length", 0)) > limit:
            raise UsageError(f"{url}: mais de {limit} bytes")
        return response.read()


def in_lists(url, limit):
    with urllib.request.urlopen(url, timeout=30) as response:
        numbers = []
        while len(numbers) <= limit and (block := response.read(1)):
            numbers.append(block)
    if len(numbers) > limit:
        raise UsageError(f"{url}: mais de {limit} bytes")
    return b"".join(numbers)


MISTAKES = {
    "decode": [
        (strange_characters_dropped, "jogou fora os bytes que não são UTF-8, e com eles os acentos"),
        (strange_characters_replaced, "pôs um sinal de erro no lugar de cada acento; o que não é UTF-8 é cp1252"),
        (mark_kept, "a marca do começo (BOM) ficou no texto; a codificação utf-8-sig a tira"),
        (latin_1, "leu como Latin-1, em que as aspas do Windows viram caracteres de controle; é cp1252"),
        (always_cp1252, "leu UTF-8 como cp1252: é assim que nasce “SÃ£o Paulo”"),
        (every_mark_dropped, "tirou a marca também do meio do texto; só a do começo não faz parte dele"),
        (mark_dropped_first, "tirou a marca antes de saber se o texto é UTF-8; em cp1252 aqueles três bytes são texto"),
        (unknown_bytes_dropped, 'descartou os bytes que não são nada em cp1252; cada um vira "\\ufffd"'),
    ],
    "find_files": [
        (
            as_the_system_gives_them,
            "a ordem é a do sistema de arquivos, outra em cada máquina; ordene os de cada pasta",
        ),
        (only_the_folder_itself, "faltaram os arquivos das pastas que há dentro da pasta (rglob)"),
        (lower_case_only, "faltaram os que terminam em maiúsculas, como .TXT"),
        (folders_among_the_files, "uma pasta cujo nome termina em .txt não é um arquivo"),
        (all_in_one_order, "ordenou tudo junto; a ordem dos caminhos dados fica, só os de cada pasta se ordenam"),
        (hidden_ones_too, "leu também os escondidos, cujo nome começa com ponto: são cópias e anotações de programas"),
        (silent_about_what_is_missing, "não avisou do caminho que não existe ou da pasta sem textos"),
        (given_ones_chosen_too, "um arquivo dado pelo nome ficou de fora; ele entra, termine como terminar"),
        (in_the_order_of_texts, "ordenou os textos dos caminhos; a ordem é a de sorted entre os próprios Path"),
    ],
    "fetch": [
        (one_less, "recusou o que tem exatamente o tamanho do limite, que ainda cabe"),
        (cut_in_silence, "devolveu só o começo, sem avisar que faltava o resto"),
        (everything_first, "leu tudo antes de medir; leia só um byte além do limite"),
        (what_was_announced, "confiou no tamanho que o servidor anuncia; ele pode não o dizer"),
        (one_byte_above, "devolveu um byte além do limite; se vem mais do que cabe, é um UsageError"),
    ],
}

COSTLY = {"decode": [(byte_by_byte, SLOW)], "fetch": [(in_lists, LARGE)]}

EQUIVALENT = {  # mutants of the solution that do the same, but for the words of an error
    "data = response.read(limit + 1): 1 -> 2": "one byte above the limit tells as much as two",
    "f\"{path} não tem arquivos {', '.join(suffixes)}; dê uma pasta com textos\": "
    "', '.join(suffixes) -> (suffixes)": "the words of an error are the learner's own",
}

HINTS = [
    "decode: tente a primeira codificação com try; o except UnicodeDecodeError tenta a segunda. A codificação "
    'utf-8-sig é o UTF-8 que pula a marca, se houver; "replace", como segundo argumento de decode, não deixa nada '
    "falhar.",
    'find_files: para cada caminho há três casos: pasta, arquivo, nenhum dos dois. path.rglob("*") visita tudo o que '
    "há numa pasta, e p.suffix é a terminação, com o ponto.",
    "fetch: data = response.read(limit + 1) lê no máximo isso. Se vieram mais de limit bytes, é demais; senão, é tudo.",
]


def old_text(size):
    return ("Não há pão na mesa. ".encode("cp1252") * size,)


def many_paths(size):
    here = Path(__file__).parent
    return [str(here / "test_e03_coleta.py"), str(here)] * size, (".py",)


def a_page(size):
    return "data:text/plain," + "a" * size, size


WORK = {
    "decode": Work(old_text, small=50, large=300, limit=None),
    "find_files": Work(many_paths, small=2, large=10),
    "fetch": Work(a_page, small=10_000, large=200_000, through=or_refused),
}
