"""Soups, rice, pasta, meat, fish and vegetables."""

from tinyllm.data.corpora.receitas.lexicon import Dish, Method

SAVOURY = {
    "sopa": Dish(
        "Sopa de {root.bare}",
        4,
        15,
        "root = 4-5 $soup_root; onion = 1 a cebola/picado; garlic = 2 dente o alho/amassado; water = 4 xícara a água; "
        "oil = 2 colher de sopa o azeite; salt = pitada o sal; herb = 1 punhado $herb",
        "Descasque {root:o} {root} e corte em [cubos|rodelas|pedaços pequenos].",
        {
            "panela": Method(
                "",
                (25, 30),
                "Numa panela, refogue {onion:o} {onion} e {garlic:o} {garlic} {oil:no} {oil}[ até dourar|].\n"
                "Junte {root:o} {root}, {water.amount} de {water} e {salt:o} {salt}, e cozinhe por {time} minutos.",
            ),
            "panela de pressão": Method(
                " na panela de pressão",
                (8, 12),
                "Na panela de pressão, refogue {onion:o} {onion} e {garlic:o} {garlic} {oil:no} {oil}.\n"
                "Acrescente {root:o} {root}, {water:o} {water} e {salt:o} {salt}, tampe e cozinhe por {time} minutos "
                "depois que pegar pressão.",
            ),
            "micro-ondas": Method(
                " de micro-ondas",
                (15, 20),
                "Ponha {root:o} {root}, {onion:o} {onion}, {garlic:o} {garlic}, {oil:o} {oil}, {water:o} {water} e "
                "{salt:o} {salt} numa tigela funda de vidro.\n"
                "Tampe e leve ao micro-ondas, em potência alta, por {time} minutos.",
            ),
        },
        "[Bata no liquidificador até ficar cremosa|Amasse com um garfo, dentro do caldo|Bata metade no liquidificador "
        "e "
        "devolva ao caldo].\n"
        "[Salpique {herb:o} {herb} e sirva quente|Sirva bem quente, com {herb:o} {herb} por cima].",
    ),
    "arroz": Dish(
        "Arroz com {mix.bare}",
        4,
        10,
        "rice = 2 xícara o arroz; water = 4 xícara a água; onion = 1 a cebola/picado; garlic = 2-3 dente o "
        "alho/picado; "
        "oil = 2 colher de sopa o óleo; mix = 1 xícara $rice_mix; salt = 1 colher de chá o sal",
        "Lave {rice:o} {rice} e [deixe escorrer|escorra bem|escorra numa peneira].",
        {
            "panela": Method(
                "",
                (15, 20),
                "Doure {onion:o} {onion} e {garlic:o} {garlic} {oil:no} {oil}[, em fogo médio|].\n"
                "Refogue {rice:o} {rice} e {mix:o} {mix} por dois minutos.\n"
                "Junte {water.amount} de {water} e {salt:o} {salt}, e cozinhe em fogo baixo por {time} minutos, com a "
                "panela meio tampada.",
            ),
            "panela de pressão": Method(
                " na panela de pressão",
                (5, 7),
                "Na panela de pressão, doure {onion:o} {onion} e {garlic:o} {garlic} {oil:no} {oil}.\n"
                "Acrescente {rice:o} {rice}, {mix:o} {mix}, {salt:o} {salt} e {water.amount} de {water}.\n"
                "Tampe e cozinhe por {time} minutos depois que pegar pressão.",
            ),
            "forno": Method(
                " de forno",
                (35, 40),
                "Numa assadeira funda, misture {rice:o} {rice}, {onion:o} {onion}, {garlic:o} {garlic}, {mix:o} {mix}, "
                "{oil:o} {oil} e {salt:o} {salt}.\n"
                "Regue com {water.amount} de {water}, cubra com papel-alumínio e asse a 200 °C por {time} minutos.",
            ),
            "micro-ondas": Method(
                " de micro-ondas",
                (18, 22),
                "Numa tigela de vidro, misture {rice:o} {rice}, {onion:o} {onion}, {garlic:o} {garlic}, {mix:o} {mix}, "
                "{oil:o} {oil}, {salt:o} {salt} e {water.amount} de {water}.\n"
                "Leve ao micro-ondas, sem tampa, por {time} minutos.",
            ),
        },
        "[Espere cinco minutos|Deixe descansar tampado por cinco minutos] e [solte os grãos com um garfo|sirva].",
    ),
    "macarrão": Dish(
        "{pasta.title} ao molho de tomate",
        4,
        15,
        "pasta = 400-500 g $pasta; tomato = 6 o tomate/picado; onion = 1 a cebola/picado; garlic = 2 dente o "
        "alho/amassado; oil = 3 colher de sopa o azeite; salt = 1 colher de sopa o sal; cheese = 100 g $cheese; "
        "herb = 1 punhado $herb",
        "",
        {
            "panela": Method(
                "",
                (20, 25),
                "Refogue {onion:o} {onion} e {garlic:o} {garlic} {oil:no} {oil}.\n"
                "Junte {tomato:o} {tomato} e deixe apurar por {time} minutos[, mexendo de vez em quando|].\n"
                "Enquanto isso, cozinhe {pasta:o} {pasta} com {salt:o} {salt}, escorra e misture ao molho.\n"
                "[Cubra com|Espalhe por cima] {cheese:o} {cheese} e {herb:o} {herb}.",
            ),
            "forno": Method(
                " de forno",
                (20, 25),
                "Cozinhe {pasta:o} {pasta} com {salt:o} {salt} e escorra um pouco antes do ponto.\n"
                "Aqueça {oil:o} {oil} e refogue {onion:o} {onion}, {garlic:o} {garlic} e {tomato:o} {tomato}.\n"
                "Numa travessa, misture tudo, cubra com {cheese:o} {cheese} e asse a 200 °C por {time} minutos.\n"
                "Salpique {herb:o} {herb} [na hora de servir|depois de assar].",
            ),
            "panela de pressão": Method(
                " na panela de pressão",
                (4, 6),
                "Na panela de pressão, refogue {onion:o} {onion} e {garlic:o} {garlic} {oil:no} {oil}.\n"
                "Ponha {tomato:o} {tomato}, {salt:o} {salt}, {pasta:o} {pasta} e {water.amount} de {water}.\n"
                "Tampe e cozinhe por {time} minutos depois que pegar pressão.\n"
                "Misture {cheese:o} {cheese} e {herb:o} {herb} antes de servir.",
                "water = 3 xícara a água",
            ),
        },
        "[Sirva logo, bem quente|Leve à mesa na mesma hora|Sirva em pratos fundos].",
    ),
    "salada": Dish(
        "Salada de {leaf.bare} com {vegetable.bare}",
        4,
        15,
        "leaf = 1 maço $leaf; vegetable = 2-3 $salad_vegetable/fatiado; lemon = 1 o limão; oil = 3 colher de sopa o "
        "azeite; salt = pitada o sal; crunch = 2 colher de sopa $crunch/tostado",
        "Lave {leaf:o} {leaf} [folha por folha|com cuidado|debaixo da torneira] e [rasgue com as mãos|corte em tiras].",
        {
            "cru": Method("", (0, 0), "Arrume {leaf:o} {leaf} e {vegetable:o} {vegetable} numa [travessa|saladeira]."),
            "grelha": Method(
                " na grelha",
                (8, 12),
                "Grelhe {vegetable:o} {vegetable} por {time} minutos[, virando na metade do tempo|].\n"
                "Arrume {vegetable:o} {vegetable} sobre {leaf:o} {leaf}.",
            ),
            "vapor": Method(
                " no vapor",
                (5, 8),
                "Cozinhe {vegetable:o} {vegetable} no vapor por {time} minutos e espere amornar.\n"
                "Misture {vegetable:o} {vegetable} com {leaf:o} {leaf} numa [travessa|saladeira].",
            ),
            "forno": Method(
                " de forno",
                (20, 25),
                "Asse {vegetable:o} {vegetable} a 200 °C por {time} minutos.\n"
                "Deixe esfriar e arrume {vegetable:o} {vegetable} por cima {leaf:do} {leaf}.",
            ),
        },
        "Misture o suco {lemon:do} {lemon}, {oil:o} {oil} e {salt:o} {salt}, e [tempere a salada|regue a salada].\n"
        "Espalhe {crunch:o} {crunch} por cima[ e sirva|, na hora de servir|].",
    ),
    "omelete": Dish(
        "Omelete de {filling.bare}",
        2,
        10,
        "eggs = 3-4 o ovo; milk = 2 colher de sopa o leite; filling = 80 g $omelet_filling; cheese = 50 g "
        "$cheese/ralado; butter = 1 colher de sopa a manteiga; salt = pitada o sal",
        "Bata {eggs:o} {eggs} com {milk:o} {milk} e {salt:o} {salt}[, só para misturar| até espumar| com um garfo].",
        {
            "frigideira": Method(
                "",
                (5, 7),
                "Derreta {butter:o} {butter} numa frigideira e despeje os ovos batidos.\n"
                "Distribua {filling:o} {filling} e {cheese:o} {cheese} e cozinhe em fogo baixo por {time} minutos.\n"
                "Dobre ao meio [e vire com cuidado|com a ajuda de uma espátula].",
            ),
            "forno": Method(
                " de forno",
                (15, 20),
                "Unte uma forma pequena com {butter:o} {butter}.\n"
                "Misture {filling:o} {filling} e {cheese:o} {cheese} aos ovos batidos, despeje na forma e asse a "
                "200 °C por {time} minutos.",
            ),
            "micro-ondas": Method(
                " de micro-ondas",
                (3, 4),
                "Unte um prato fundo com {butter:o} {butter}.\n"
                "Despeje os ovos batidos, junte {filling:o} {filling} e {cheese:o} {cheese} e leve ao micro-ondas por "
                "{time} minutos.",
            ),
        },
        "[Sirva em seguida|Sirva com salada|Coma quente][, no café da manhã ou no jantar|].",
    ),
    "purê": Dish(
        "Purê de {root.bare}",
        4,
        15,
        "root = 5-6 $root; milk = 0.5 xícara o leite; butter = 2 colher de sopa a manteiga; salt = pitada o sal; "
        "nutmeg = pitada a noz-moscada",
        "Descasque {root:o} {root} e corte em [pedaços iguais|cubos|rodelas grossas].",
        {
            "panela": Method("", (20, 25), "Cozinhe {root:o} {root} com {salt:o} {salt} por {time} minutos e escorra."),
            "panela de pressão": Method(
                " na panela de pressão",
                (8, 10),
                "Cozinhe {root:o} {root} com {salt:o} {salt} na panela de pressão por {time} minutos e escorra.",
            ),
            "vapor": Method(
                " no vapor",
                (25, 30),
                "Cozinhe {root:o} {root} no vapor por {time} minutos e tempere com {salt:o} {salt}.",
            ),
            "micro-ondas": Method(
                " de micro-ondas",
                (10, 12),
                "Tempere {root:o} {root} com {salt:o} {salt}, cubra e leve ao micro-ondas por {time} minutos.",
            ),
            "forno": Method(
                " de forno",
                (40, 50),
                "Tempere {root:o} {root} com {salt:o} {salt}, embrulhe em papel-alumínio e asse a 200 °C por {time} "
                "minutos.",
            ),
        },
        "Amasse {root:o} {root} [ainda quentes|com um garfo|no espremedor], junte {butter:o} {butter} e [mexa "
        "bem|misture].\n"
        "Acrescente {milk:o} {milk} aos poucos, [mexendo até ficar cremoso|sem parar de mexer], e perfume com "
        "{nutmeg:o} "
        "{nutmeg}.",
    ),
    "ensopado": Dish(
        "Ensopado de {meat.bare} com {vegetable.bare}",
        4,
        20,
        "meat = 600-800 g $meat; vegetable = 2-3 $companion; onion = 1-2 a cebola/picado; garlic = 2-3 dente o "
        "alho/amassado; tomato = 2 o tomate/picado; oil = 2 colher de sopa o azeite; water = 2 xícara a água; "
        "salt = 1 colher de chá o sal; herb = 1 punhado $herb",
        "Corte {meat:o} {meat} em [cubos|pedaços médios|tiras] e tempere com {salt:o} {salt} e {garlic:o} {garlic}.\n"
        "Descasque {vegetable:o} {vegetable} e corte em [cubos grandes|pedaços|rodelas].",
        {
            "panela": Method(
                "",
                (45, 60),
                "Aqueça {oil:o} {oil} e doure {meat:o} {meat} com {onion:o} {onion}.\n"
                "Junte {tomato:o} {tomato} e {water.amount} de {water} e cozinhe por {time} minutos, com a panela "
                "tampada.\n"
                "Ponha {vegetable:o} {vegetable} na metade do tempo.",
            ),
            "panela de pressão": Method(
                " na panela de pressão",
                (20, 25),
                "Na panela de pressão, doure {meat:o} {meat} e {onion:o} {onion} {oil:no} {oil}.\n"
                "Acrescente {tomato:o} {tomato}, {vegetable:o} {vegetable} e {water:o} {water}.\n"
                "Tampe e cozinhe por {time} minutos depois que pegar pressão.",
            ),
            "forno": Method(
                " de forno",
                (60, 75),
                "Ponha {meat:o} {meat}, {vegetable:o} {vegetable}, {onion:o} {onion} e {tomato:o} {tomato} numa "
                "assadeira funda.\n"
                "Regue com {oil:o} {oil} e {water.amount} de {water}, cubra com papel-alumínio e asse a 200 °C por "
                "{time} minutos.",
            ),
        },
        "[Salpique {herb:o} {herb} antes de servir|Sirva com {herb:o} {herb} por cima|Acerte o ponto do molho e "
        "termine "
        "com {herb:o} {herb}].",
    ),
    "farofa": Dish(
        "Farofa de {extra.bare}",
        6,
        10,
        "butter = 3 colher de sopa a manteiga; onion = 1 a cebola/picado; extra = 100-150 g $crumbs_extra; "
        "flour = 2 xícara a farinha de mandioca; egg = 1-2 o ovo/cozido; salt = pitada o sal; herb = 1 punhado $herb",
        "Pique {egg:o} {egg} e [reserve|deixe de lado].",
        {
            "frigideira": Method(
                "",
                (8, 10),
                "Derreta {butter:o} {butter} numa frigideira grande e doure {onion:o} {onion} e {extra:o} {extra}.\n"
                "Junte {flour:o} {flour} aos poucos e torre por {time} minutos[, mexendo sempre| em fogo baixo].",
            ),
            "forno": Method(
                " de forno",
                (15, 20),
                "Numa assadeira, misture {flour:o} {flour}, {butter:o} {butter}, {onion:o} {onion} e {extra:o} "
                "{extra}.\n"
                "Asse a 180 °C por {time} minutos, mexendo [duas|três] vezes.",
            ),
            "micro-ondas": Method(
                " de micro-ondas",
                (5, 6),
                "Numa tigela de vidro, derreta {butter:o} {butter} no micro-ondas.\n"
                "Misture {onion:o} {onion}, {extra:o} {extra} e {flour:o} {flour} e leve ao micro-ondas por {time} "
                "minutos, mexendo na metade do tempo.",
            ),
        },
        "Acerte com {salt:o} {salt} e misture {egg:o} {egg} e {herb:o} {herb}.\n"
        "[Sirva morna|Sirva ao lado da carne|Sirva como acompanhamento].",
    ),
    "legumes": Dish(
        "{vegetable.title} com {herb.bare}",
        4,
        15,
        "vegetable = 3-5 $vegetable; oil = 3 colher de sopa o azeite; garlic = 2-3 dente o alho/picado; "
        "lemon = 1 $citrus; herb = 1 punhado $herb; salt = 1 colher de chá o sal",
        "Lave {vegetable:o} {vegetable} e corte em [rodelas|tiras|pedaços iguais].",
        {
            "forno": Method(
                " de forno",
                (30, 40),
                "Misture {vegetable:o} {vegetable} com {oil:o} {oil}, {garlic:o} {garlic} e {salt:o} {salt} e espalhe "
                "numa "
                "assadeira.\n"
                "Asse a 200 °C por {time} minutos[, virando uma vez|, até dourar|].",
            ),
            "grelha": Method(
                " na grelha",
                (10, 15),
                "Pincele {vegetable:o} {vegetable} com {oil:o} {oil} e grelhe por {time} minutos, dos dois lados.\n"
                "Tempere com {garlic:o} {garlic} e {salt:o} {salt}.",
            ),
            "vapor": Method(
                " no vapor",
                (12, 18),
                "Cozinhe {vegetable:o} {vegetable} no vapor por {time} minutos.\n"
                "Aqueça {oil:o} {oil} com {garlic:o} {garlic} e {salt:o} {salt} e despeje por cima.",
            ),
            "frigideira": Method(
                " na frigideira",
                (15, 20),
                "Aqueça {oil:o} {oil} numa frigideira e doure {garlic:o} {garlic}.\n"
                "Salteie {vegetable:o} {vegetable} por {time} minutos e tempere com {salt:o} {salt}.",
            ),
            "air fryer": Method(
                " na air fryer",
                (15, 20),
                "Tempere {vegetable:o} {vegetable} com {oil:o} {oil}, {garlic:o} {garlic} e {salt:o} {salt}.\n"
                "Asse na air fryer a 200 °C por {time} minutos[, sacudindo o cesto na metade do tempo|].",
            ),
        },
        "Regue com o suco {lemon:do} {lemon}, espalhe {herb:o} {herb} e [sirva|leve à mesa|sirva morno].",
    ),
    "feijão": Dish(
        "{bean.title} com {meat.bare}",
        6,
        20,
        "bean = 500 g $bean; meat = 150-200 g $bean_meat; onion = 1 a cebola/picado; garlic = 3-4 dente o "
        "alho/amassado; "
        "bay = 2 folha o louro; water = 6 xícara a água; oil = 2 colher de sopa o óleo; salt = 1 colher de sopa o sal",
        "Escolha {bean:o} {bean}, lave e deixe de molho [na véspera|durante a noite|de um dia para o outro].",
        {
            "panela": Method(
                "",
                (90, 120),
                "Escorra {bean:o} {bean} e cozinhe com {bay:o} {bay} e {water.amount} de {water} por {time} minutos.",
            ),
            "panela de pressão": Method(
                " na panela de pressão",
                (25, 30),
                "Escorra {bean:o} {bean} e ponha na panela de pressão com {bay:o} {bay} e {water:o} {water}.\n"
                "Tampe e cozinhe por {time} minutos depois que pegar pressão.",
            ),
            "forno": Method(
                " de forno",
                (100, 120),
                "Escorra {bean:o} {bean}, ponha numa panela de barro com {bay:o} {bay} e {water.amount} de {water} e "
                "tampe."
                "\n"
                "Asse a 180 °C por {time} minutos.",
            ),
        },
        "Numa frigideira, doure {meat:o} {meat}, {onion:o} {onion} e {garlic:o} {garlic} {oil:no} {oil}.\n"
        "Junte o refogado, tempere com {salt:o} {salt} e [deixe o caldo engrossar|cozinhe até engrossar|acerte o "
        "ponto].",
    ),
    "peixe": Dish(
        "{fish.title} com {citrus.bare}",
        4,
        30,
        "fish = 600-800 g $fish; citrus = 1-2 $citrus; garlic = 2 dente o alho/amassado; oil = 3 colher de sopa o "
        "azeite; "
        "onion = 1-2 a cebola/fatiado; salt = 1 colher de chá o sal; herb = 1 punhado $herb",
        "Tempere {fish:o} {fish} com {salt:o} {salt}, {garlic:o} {garlic} e o suco {citrus:do} {citrus}.\n"
        "Deixe tomar gosto por [quinze|vinte|dez] minutos.",
        {
            "forno": Method(
                " de forno",
                (20, 25),
                "Forre uma assadeira com {onion:o} {onion}, ponha {fish:o} {fish} por cima e regue com {oil:o} {oil}.\n"
                "Asse a 200 °C por {time} minutos.",
            ),
            "grelha": Method(
                " na grelha",
                (10, 14),
                "Pincele {fish:o} {fish} com metade {oil:do} {oil} e grelhe por {time} minutos, virando uma vez.\n"
                "Refogue {onion:o} {onion} no resto {oil:do} {oil} e ponha por cima.",
            ),
            "vapor": Method(
                " no vapor",
                (12, 16),
                "Cubra {fish:o} {fish} com {onion:o} {onion} e cozinhe no vapor por {time} minutos.\n"
                "Regue com {oil:o} {oil}.",
            ),
            "frigideira": Method(
                " na frigideira",
                (8, 12),
                "Aqueça {oil:o} {oil} numa frigideira e doure {fish:o} {fish} por {time} minutos, dos dois lados.\n"
                "Retire, refogue {onion:o} {onion} na mesma frigideira e ponha por cima.",
            ),
            "air fryer": Method(
                " na air fryer",
                (12, 15),
                "Pincele {fish:o} {fish} com {oil:o} {oil}, cubra com {onion:o} {onion} e asse na air fryer a 200 °C "
                "por "
                "{time} minutos.",
            ),
        },
        "[Finalize com|Espalhe|Sirva com] {herb:o} {herb}[ por cima|, bem quente|].",
    ),
}
