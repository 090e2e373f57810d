"""How stories end: thanks, joy, something to eat, the way home, and what was learnt."""

ENDINGS = {
    "thank_friend": (
        "— Muito {hero:obrigado}, {friend}! — disse {hero}.\n— {friend:Amigo} é para isso — respondeu {friend}.",
        "{hero} deu um abraço bem apertado em {friend}.\n— Você é {friend:o} melhor {friend:amigo} do mundo! — disse.",
        "— {hero:Obrigado} pela ajuda, {friend}! — falou {hero}, {hero:$glad}.",
    ),
    "thank_elder": (
        "{hero} deu um abraço bem apertado {elder:no} {elder}.\n— Muito {hero:obrigado}! — disse.",
        "— {hero:Obrigado} pela ajuda! — disse {hero}, e {elder:o} {elder} sorriu.",
    ),
    "thank_worker": (
        "— Muito {hero:obrigado}! — disse {hero}.\n— Foi um prazer — respondeu {worker:o} {worker}.",
        "{hero} agradeceu e, no dia seguinte, levou {fruit.plural} para {worker:o} {worker}.",
        "— {hero:Obrigado} pela ajuda! — falou {hero}, e deu um abraço {worker:no} {worker}.",
    ),
    "thanked": (
        "— Muito {worker:obrigado}, {hero}! — disse {worker:o} {worker}, {worker:$glad}.",
        "{worker:O} {worker} deu um abraço em {hero} e quis dividir {dish:um} {dish} de {flavor}.",
    ),
    "joy": (
        "{hero} ficou tão {hero:$glad} que [deu um pulo|bateu palmas|saiu dançando|soltou uma gargalhada].",
        "{hero} nunca tinha ficado tão {hero:$glad}.",
        "O coração de {hero} batia forte de alegria.",
        "{hero} sorriu de orelha a orelha.",
        "— Que maravilha! — disse {hero}, {hero:$glad}.",
    ),
    "joy_together": (
        "{both:Os} {both:dois} ficaram {both:$glad} e {stroll.did_all} até o sol se pôr.",
        "{both} riram e dançaram de alegria.",
        "{both} pularam de alegria e passaram o resto do dia {stroll.gerund}.",
        "{both} se abraçaram, {both:$glad}, e saíram {gladly}.",
    ),
    "feast": (
        "Para comemorar, {elder:o} {elder} preparou {dish2:um} {dish2} de {flavor2}.",
        "Depois, {elder:o} {elder} serviu {dish2:um} {dish2} de {flavor2} e {sweet:um} {sweet} de {fruit2}.",
        "Naquele dia, o lanche teve {dish2:um} {dish2} de {flavor2} e um prato de {fruit2.plural}.",
        (
            "Depois de tudo, {hero} e {elder:o} {elder} comeram {dish2:um} {dish2} de {flavor2} perto {corner9:do} "
            "{corner9}."
        ),
    ),
    "picnic": (
        "Depois, {both} dividiram {dish2:um} {dish2} de {flavor2} embaixo {tree:do} {tree}.",
        (
            "Para comemorar, {both} fizeram um piquenique com {fruit2.plural}, {dish2:um} {dish2} de {flavor2} e "
            "{sweet:um} {sweet} de {fruit3}."
        ),
        "Com fome de tanto esforço, {both} comeram {fruit2.plural} à sombra {tree:do} {tree}.",
        (
            "{hero} trouxe {dish2:um} {dish2} de {flavor2}, {friend} trouxe {fruit2.plural}, e {both:os} {both:dois} "
            "lancharam embaixo {tree:do} {tree}."
        ),
    ),
    "home": (
        "No fim do dia, {hero} voltou para casa {gladly}.",
        "O sol já estava se pondo quando {hero} voltou para casa, {hero:$glad}.",
        "Quando a lua apareceu, {hero} já estava em casa, {hero:$glad}.",
    ),
    "night": (
        "Naquela noite, {hero} dormiu sorrindo e sonhou com {dream.plural} e {dream2.plural}.",
        "Naquela noite, {hero} sonhou que era {hero:$job} e encontrava {dream:um} {dream}.",
        "Naquela noite, {hero} dormiu {hero:tranquilo}, com um sorriso no rosto.",
        "Antes de dormir, {hero} olhou para as estrelas e agradeceu por aquele dia.",
    ),
    # -- what was learnt
    "learn_help": (
        "E assim {hero} aprendeu que, com a ajuda dos outros, tudo fica mais fácil.",
        "Desde aquele dia, {hero} nunca mais teve vergonha de pedir ajuda.",
        "E {hero} entendeu que ninguém precisa resolver tudo sem ajuda.",
        "Foi assim que {hero} descobriu que duas cabeças pensam melhor do que uma.",
    ),
    "learn_friendship": (
        "E assim {hero} aprendeu que uma boa amizade vale mais do que qualquer presente.",
        "Desde aquele dia, {both} ficaram ainda mais {both:unido}.",
        "E {hero} entendeu que {friend:um} {friend:amigo} de verdade é o maior tesouro do mundo.",
        (
            "Foi assim que {hero} descobriu que quem tem {friend:um} {friend:bom} {friend:amigo} nunca está "
            "{hero:sozinho}."
        ),
    ),
    "learn_share": (
        "E assim {hero} aprendeu que a alegria cresce quando a gente divide.",
        "Desde aquele dia, {hero} sempre divide o que tem.",
        "E {hero} entendeu que brincar com os outros é muito melhor do que brincar sem ninguém.",
        "Foi assim que {hero} descobriu que dividir é multiplicar a alegria.",
    ),
    "learn_honesty": (
        "E assim {hero} aprendeu que dizer a verdade é sempre o melhor caminho.",
        "Desde aquele dia, {hero} sempre conta a verdade, mesmo quando é difícil.",
        "E {hero} entendeu que a verdade deixa o coração leve.",
        "Foi assim que {hero} descobriu que todo mundo erra, mas só quem conta a verdade dorme em paz.",
    ),
    "learn_courage": (
        "E assim {hero} aprendeu que ter coragem é seguir em frente mesmo com medo.",
        "Desde aquele dia, {hero} já não tem tanto medo.",
        "E {hero} entendeu que o medo fica pequeno quando a gente olha para ele de perto.",
        "Foi assim que {hero} descobriu que também era {hero:corajoso}.",
    ),
    "learn_patience": (
        "E assim {hero} aprendeu que as coisas boas precisam de tempo e de paciência.",
        "Desde aquele dia, quando alguma coisa dá errado, {hero} respira fundo e tenta de novo.",
        "E {hero} entendeu que só aprende quem não desiste.",
        "Foi assim que {hero} descobriu que devagar também se chega longe.",
    ),
    "learn_care": (
        "E assim {hero} aprendeu que cuidar dos outros também deixa a gente feliz.",
        "Desde aquele dia, {hero} cuida com carinho de tudo o que vive {place:no} {place}.",
        "E {hero} entendeu que um pequeno gesto de carinho pode mudar o dia de alguém.",
        "Foi assim que {hero} descobriu que o carinho é o melhor remédio.",
    ),
}
