"""Cakes, biscuits, bread, puddings, jams and what is drunk with them."""

from tinyllm.data.corpora.receitas.lexicon import Dish, Method

SWEET = {
    "bolo": Dish(
        "Bolo de {flavor.bare}",
        8,
        20,
        "eggs = 3-4 o ovo; sugar = 1 xícara o açúcar; oil = 0.5 xícara o óleo; flour = 2 xícara a farinha de trigo; "
        "flavor = 2-3 $cake_flavor; spice = 1 colher de chá $spice; powder = 1 colher de sopa o fermento em pó",
        "Bata {eggs:o} {eggs} com {sugar:o} {sugar} até [formar um creme claro|a mistura clarear|dobrar de volume].\n"
        "Junte {oil:o} {oil}, {spice:o} {spice} e {flavor:o} {flavor}[, sem parar de bater| e misture bem|].\n"
        "Acrescente {flour:o} {flour} aos poucos[, mexendo devagar|, até a massa ficar lisa|].\n"
        "Por último, misture {powder:o} {powder} com [cuidado|uma colher|delicadeza].",
        {
            "forno": Method(
                "",
                (35, 45),
                "Despeje a massa numa forma [redonda|alta|de furo no meio] untada e asse em forno preaquecido a "
                "180 °C por {time} minutos.",
            ),
            "micro-ondas": Method(
                " de micro-ondas",
                (7, 9),
                "Despeje a massa numa forma de vidro untada e leve ao micro-ondas, em potência alta, por {time} "
                "minutos.",
            ),
            "vapor": Method(
                " no vapor",
                (50, 60),
                "Despeje a massa numa forma untada, cubra com papel-alumínio e cozinhe no vapor por {time} minutos, "
                "com "
                "a panela tampada.",
            ),
            "air fryer": Method(
                " na air fryer",
                (25, 30),
                "Despeje a massa numa forma pequena untada e asse na air fryer a 160 °C por {time} minutos.",
            ),
        },
        "[Espere amornar|Deixe esfriar|Aguarde dez minutos] antes de desenformar[ e servir| e cortar|].",
    ),
    "biscoito": Dish(
        "Biscoitos de {flavor.bare}",
        10,
        25,
        "butter = 100-150 g a manteiga; sugar = 1 xícara o açúcar; egg = 1 o ovo; flour = 2 xícara a farinha de trigo; "
        "starch = 0.5 xícara o amido de milho; flavor = 80-100 g $cookie_flavor; spice = pitada $spice",
        "Misture {butter:o} {butter} e {sugar:o} {sugar} até [formar um creme|clarear].\n"
        "Junte {egg:o} {egg} e {spice:o} {spice}.\n"
        "Acrescente {flour:o} {flour}, {starch:o} {starch} e {flavor:o} {flavor} e [amasse com as mãos|trabalhe a "
        "massa].\n"
        "Faça [bolinhas e achate com um garfo|rolinhos pequenos|discos finos].",
        {
            "forno": Method(
                "", (12, 18), "Arrume numa assadeira untada e asse em forno preaquecido a 180 °C por {time} minutos."
            ),
            "air fryer": Method(
                " na air fryer",
                (10, 12),
                "Arrume no cesto da air fryer, sem encostar, e asse a 160 °C por {time} minutos.",
            ),
            "frigideira": Method(
                " de frigideira",
                (8, 10),
                "Arrume numa frigideira antiaderente, tampe e asse em fogo bem baixo por {time} minutos, virando uma "
                "vez.",
            ),
            "micro-ondas": Method(
                " de micro-ondas", (3, 4), "Arrume num prato forrado de papel e leve ao micro-ondas por {time} minutos."
            ),
        },
        "[Espere esfriar e guarde num pote fechado|Deixe esfriar sobre uma grade|Sirva no lanche].",
    ),
    "pão": Dish(
        "Pão com {extra.bare}",
        8,
        90,
        "flour = 3-4 xícara a farinha de trigo; yeast = 1 colher de sopa o fermento biológico seco; sugar = 1 colher "
        "de "
        "sopa o açúcar; salt = 1 colher de chá o sal; oil = 3 colher de sopa o óleo; water = 1 xícara a água; "
        "extra = 80-100 g $bread_extra",
        "Misture {yeast:o} {yeast}, {sugar:o} {sugar} e {water.amount} de {water} [morna|em temperatura ambiente] e "
        "espere "
        "dez minutos.\n"
        "Junte {oil:o} {oil}, {salt:o} {salt} e {flour:o} {flour} e sove até [a massa soltar das mãos|ficar lisa|a "
        "massa "
        "ficar elástica].\n"
        "Incorpore {extra:o} {extra}, cubra e deixe crescer por uma hora.",
        {
            "forno": Method(
                "",
                (30, 40),
                "[Modele o pão|Faça uma bola|Ponha numa forma de bolo inglês] e asse em forno preaquecido a 200 °C por "
                "{time} minutos.",
            ),
            "frigideira": Method(
                " de frigideira",
                (15, 20),
                "Abra discos [grossos|da espessura de um dedo] e asse numa frigideira tampada, em fogo baixo, por "
                "{time} "
                "minutos, virando na metade do tempo.",
            ),
            "air fryer": Method(
                " na air fryer",
                (18, 22),
                "Modele pãezinhos [redondos|compridos] e asse na air fryer a 180 °C por {time} minutos.",
            ),
            "panela": Method(
                " de panela",
                (40, 45),
                "Ponha a massa numa panela de ferro untada, tampe e asse em fogo bem baixo por {time} minutos.",
            ),
        },
        "[Espere amornar antes de cortar|Sirva no café da tarde|Deixe esfriar sobre uma grade].",
    ),
    "pudim": Dish(
        "Pudim de {flavor.bare}",
        8,
        15,
        "condensed = 1 lata o leite condensado; milk = 2 xícara o leite; eggs = 3-4 o ovo; flavor = 3 colher de sopa "
        "$pudding_flavor; sugar = 1 xícara o açúcar",
        "Derreta {sugar:o} {sugar} [em fogo baixo|numa panelinha|sem mexer] até virar caramelo e forre a forma.\n"
        "Bata no liquidificador {condensed:o} {condensed}, {milk:o} {milk}, {eggs:o} {eggs} e {flavor:o} {flavor}.",
        {
            "forno": Method(
                "",
                (60, 75),
                "Despeje na forma, cubra com papel-alumínio e asse em banho-maria a 180 °C por {time} minutos.",
            ),
            "vapor": Method(
                " no vapor",
                (40, 50),
                "Despeje na forma, tampe e cozinhe no vapor, em fogo baixo, por {time} minutos.",
            ),
            "micro-ondas": Method(
                " de micro-ondas",
                (9, 11),
                "Despeje numa forma de vidro e leve ao micro-ondas, em potência média, por {time} minutos.",
            ),
            "panela de pressão": Method(
                " na panela de pressão",
                (20, 25),
                "Despeje numa forma com tampa e cozinhe em banho-maria na panela de pressão por {time} minutos.",
            ),
        },
        "Leve à geladeira por [duas|três|quatro] horas e desenforme [com cuidado|na hora de servir|num prato fundo].",
    ),
    "geleia": Dish(
        "Geleia de {fruit.bare}",
        10,
        15,
        "fruit = 500-600 g $jam_fruit; sugar = 1-2 xícara o açúcar; lemon = 1 $citrus; spice = pitada $spice",
        "Lave {fruit:o} {fruit}, [tire cabos e sementes|limpe bem] e pique [miúdo|em pedaços].",
        {
            "panela": Method(
                "",
                (35, 45),
                "Ponha {fruit:o} {fruit}, {sugar:o} {sugar} e {spice:o} {spice} numa panela e cozinhe em fogo baixo "
                "por "
                "{time} minutos, mexendo sempre.",
            ),
            "micro-ondas": Method(
                " de micro-ondas",
                (12, 16),
                "Misture {fruit:o} {fruit}, {sugar:o} {sugar} e {spice:o} {spice} numa tigela funda de vidro e leve ao "
                "micro-ondas por {time} minutos, mexendo a cada três.",
            ),
            "panela de pressão": Method(
                " na panela de pressão",
                (8, 10),
                "Na panela de pressão, misture {fruit:o} {fruit}, {sugar:o} {sugar} e {spice:o} {spice} e cozinhe por "
                "{time} minutos.\n"
                "Abra a panela e deixe ferver até engrossar.",
            ),
            "forno": Method(
                " de forno",
                (50, 60),
                "Espalhe {fruit:o} {fruit}, {sugar:o} {sugar} e {spice:o} {spice} numa assadeira e asse a 160 °C por "
                "{time} minutos, mexendo de vez em quando.",
            ),
        },
        "Junte o suco {lemon:do} {lemon} [no fim|fora do fogo|e mexa].\n"
        "Guarde em vidros limpos[ na geladeira| e bem fechados|, depois de fria].",
    ),
    "vitamina": Dish(
        "Vitamina de {fruit.bare} com {oats.bare}",
        2,
        5,
        "fruit = 1-2 $shake_fruit; milk = 2 xícara o leite; oats = 2 colher de sopa $oats; honey = 1-2 colher de sopa "
        "o "
        "mel; spice = pitada $spice",
        "Lave e descasque {fruit:o} {fruit} e [corte em pedaços|pique|corte em fatias].",
        {
            "liquidificador": Method(
                "",
                (0, 0),
                "Bata no liquidificador {fruit:o} {fruit}, {milk:o} {milk}, {oats:o} {oats} e {honey:o} {honey}[ até "
                "ficar "
                "cremoso|].",
            ),
            "mixer": Method(
                " no mixer",
                (0, 0),
                "Num copo alto, bata com o mixer {fruit:o} {fruit}, {honey:o} {honey} e {milk:o} {milk}.\n"
                "Misture {oats:o} {oats} com uma colher.",
            ),
            "panela": Method(
                " na panela",
                (4, 6),
                "Aqueça {milk:o} {milk} com {oats:o} {oats} em fogo baixo por {time} minutos.\n"
                "Bata no liquidificador com {fruit:o} {fruit} e {honey:o} {honey}.",
            ),
        },
        "Polvilhe {spice:o} {spice} e [sirva na hora|sirva em copos altos|beba em seguida].",
    ),
    "panqueca": Dish(
        "Panqueca de {filling.bare}",
        4,
        30,
        "eggs = 2 o ovo; milk = 1 xícara o leite; flour = 1 xícara a farinha de trigo; oil = 2 colher de sopa o óleo; "
        "salt = pitada o sal; filling = 300 g $pancake_filling",
        "Bata no liquidificador {eggs:o} {eggs}, {milk:o} {milk}, {flour:o} {flour} e {salt:o} {salt}.\n"
        "Deixe a massa descansar por [dez|quinze|cinco] minutos.",
        {
            "frigideira": Method(
                "",
                (15, 20),
                "Pincele {oil:o} {oil} numa frigideira e frite a massa às conchas, dos dois lados, por {time} minutos "
                "ao todo.\n"
                "Recheie cada disco com {filling:o} {filling} e [enrole|dobre em quatro|feche como um envelope].",
            ),
            "forno": Method(
                " de forno",
                (20, 25),
                "Unte uma assadeira com {oil:o} {oil} e espalhe metade da massa.\n"
                "Cubra com {filling:o} {filling}, despeje o resto da massa e asse a 200 °C por {time} minutos.",
            ),
            "air fryer": Method(
                " na air fryer",
                (12, 15),
                "Unte forminhas com {oil:o} {oil}, ponha a massa até a metade e divida {filling:o} {filling} entre "
                "elas.\n"
                "Asse na air fryer a 180 °C por {time} minutos.",
            ),
        },
        "[Sirva ainda quente|Leve à mesa em seguida|Sirva numa travessa aquecida].",
    ),
}
