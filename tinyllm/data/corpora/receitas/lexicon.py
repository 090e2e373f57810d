"""How a dish is written, and the ingredients that a recipe may choose from.

A dish says what goes into it, how it begins, the ways to cook it and how it ends.

An ingredient is written `slot = amount unit article noun / participle`: the amount in portions of the smallest recipe
(`2-3` is drawn), the unit if it is measured and not counted, $category for a noun drawn from INGREDIENTS, and what is
done to it before, in the masculine. Steps are templates over the slots; {time} is the minutes on the fire.
"""

from typing import NamedTuple

INGREDIENTS = {
    "cake_flavor": "a banana/amassado, a maçã/picado, a cenoura/ralado, a pera/picado, a beterraba/ralado, "
    "a abobrinha/ralado, o pêssego/picado, a manga/picado",
    "spice": "a canela em pó, o gengibre em pó, o cardamomo em pó, a noz-moscada ralada, a erva-doce",
    "soup_root": "a batata, a cenoura, a abobrinha, a mandioquinha, o chuchu, o inhame, a batata-doce, o nabo",
    "herb": "a salsa, a cebolinha, o coentro, o manjericão, a hortelã, o orégano fresco, o tomilho",
    "meat": "o frango, a carne bovina, o lombo de porco, o carneiro, o peru",
    "companion": "a batata, a cenoura, a batata-doce, o chuchu, a mandioquinha, o inhame, o nabo",
    "rice_mix": "a cenoura/ralado, o brócolis/picado, a vagem/picado, o milho, a ervilha, o espinafre/picado",
    "pasta": "o espaguete, o parafuso, o talharim, o macarrão, a gravatinha, a conchinha",
    "cheese": "o queijo minas, a muçarela, o parmesão, o provolone, o queijo prato, o queijo de coalho",
    "leaf": "a alface, a rúcula, o agrião, a acelga, a couve, a escarola",
    "salad_vegetable": "o tomate, o pepino, o rabanete, o pimentão, a abobrinha, a berinjela, a cebola roxa",
    "crunch": "a castanha-de-caju, a noz, a amêndoa, o amendoim, a semente de girassol, o gergelim",
    "omelet_filling": "o presunto/picado, o tomate/picado, o espinafre/picado, o milho, "
    "o palmito/picado, o cogumelo/fatiado",
    "pancake_filling": "o frango/desfiado, a carne moída/refogado, a ricota/temperado, o palmito/picado, "
    "o espinafre/refogado, o doce de leite, a goiabada/derretido",
    "root": "a batata, a batata-doce, a mandioquinha, o cará, o inhame, a cenoura",
    "crumbs_extra": "o bacon/picado, a banana/fatiado, a couve/picado, a cenoura/ralado, a linguiça/picado, "
    "a castanha-de-caju/picado, a azeitona/picado",
    "pudding_flavor": "o coco ralado, o chocolate em pó, o café forte, o suco de laranja, o suco de maracujá, "
    "o queijo ralado, o doce de leite",
    "shake_fruit": "a banana, a manga, o mamão, o abacate, a maçã, a goiaba, a pera, o caqui, o pêssego",
    "oats": "a aveia, a linhaça, a granola, a chia, o farelo de trigo",
    "jam_fruit": "o morango, a amora, o figo, a goiaba, o abacaxi, o pêssego, a jabuticaba, a uva, a manga",
    "cookie_flavor": "o coco ralado, a castanha-do-pará/picado, o chocolate/picado, a uva-passa, a aveia, "
    "o amendoim/moído, a laranja cristalizada/picado",
    "bread_extra": "a azeitona/picado, a linhaça, o gergelim, a cebola/picado, o queijo ralado, a uva-passa, "
    "a noz/picado",
    "vegetable": "a batata, a cenoura, a abobrinha, a berinjela, o pimentão, o chuchu, a beterraba, a batata-doce",
    "bean": "o feijão-preto, o feijão-carioca, o feijão-branco, a lentilha, o grão-de-bico",
    "bean_meat": "a linguiça/fatiado, o bacon/picado, a carne-seca/desfiado, o paio/fatiado",
    "fish": "a tilápia, o salmão, a pescada, o robalo, a merluza, o badejo",
    "citrus": "o limão, a laranja, a tangerina",
    "cook": "a vó Zilda, a tia Neusa, o tio Lauro, a dona Ester, a prima Célia, a madrinha Odete, o vô Bento, o vô "
    "Anselmo, a dona Cida, o seu Horácio, a madrinha Ivone, a prima Lúcia, "
    "o tio Aristeu, a comadre Rute, o padrinho Tobias, a vó Carmela, o compadre Nilo, a tia Hermínia, a dona Palmira, "
    "o primo Edgar, a vizinha Sônia, o vô Severino, a bisa Amália, o seu Jurandir, a professora Eunice",
    "town": "o Recife, a Bahia, o Pará, o Ceará, a Paraíba, a serra, a fazenda, o interior, o litoral, o sertão, "
    "o Piauí, o Maranhão, o Acre, o Paraná, o Rio de Janeiro, a ilha, a roça, o Amazonas, o Espírito Santo",
}


class Method(NamedTuple):
    """A way to cook a dish: the title's end, minutes on the fire (low, high), steps, and what else it needs."""

    title: str
    minutes: tuple[int, int]
    steps: str
    needs: str = ""


class Dish(NamedTuple):
    """A title, servings and minutes of preparation, ingredients (; between), first steps, methods, last steps."""

    title: str
    servings: int
    minutes: int
    ingredients: str
    begin: str
    methods: dict[str, Method]
    end: str
