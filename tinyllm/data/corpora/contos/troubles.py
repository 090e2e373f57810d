"""What goes wrong in the stories, and what sets it right: each trouble stands beside its ways out."""

TROUBLES = {
    # -- something is lost
    "lost": (
        (
            "Na hora de voltar para casa, {hero} percebeu que {thing:o} {thing} {thing:ter.imperfeito} sumido.\n"
            "— Cadê {thing:o} {thing:meu} {thing} {thing:$color}? — perguntou, {hero:aflito}."
        ),
        (
            "De repente, {hero} olhou em volta e não viu mais {thing:o} {thing}.\n"
            "— Perdi {thing:o} {thing:meu} {thing} {thing:$color}! — gritou."
        ),
    ),
    "found_on_the_way": (
        (
            "{hero} voltou pelo mesmo caminho, passo a passo. E lá {thing:estar.imperfeito} {thing:o} {thing}, "
            "{thing:coberto} de folhas secas!"
        ),
        (
            "{hero} refez todo o caminho com calma. Bem no fim, encontrou {thing:o} {thing} {thing:$color} no meio "
            "da grama!"
        ),
    ),
    "found_with_pet": (
        (
            "Foi então que {hero} ouviu um barulhinho. Era {pet:um} {pet} que brincava com {thing:o} {thing}!\n"
            "— {pet:Ele} só queria brincar — riu {hero}."
        ),
        (
            "Atrás {spot6:do} {spot6}, {pet:um} {pet} dormia ao lado {thing:do} {thing}. {hero} riu baixinho e fez "
            "um carinho {pet:nele}."
        ),
    ),
    "found_by_worker": (
        (
            "Nesse momento apareceu {worker:o} {worker}.\n"
            "— Encontrei {thing:este} {thing} perto {spot6:do} {spot6}. Por acaso {thing:ser.presente} {thing:seu}?"
        ),
        (
            "No dia seguinte, {worker:o} {worker} bateu à porta.\n"
            "— Encontrei {thing:este} {thing} perto {spot6:do} {spot6} e guardei para você — disse {softly2}."
        ),
    ),
    "found_by_friend": (
        (
            "{friend} procurou onde {hero} ainda não tinha olhado e gritou:\n"
            "— {thing:O} {thing} {thing:estar.presente} aqui, perto {spot6:do} {spot6}!"
        ),
        "{both} procuraram {both:junto}, e foi {friend} quem achou {thing:o} {thing} atrás {spot6:do} {spot6}.",
    ),
    # -- something is stuck in a tree
    "stuck": (
        "De repente, veio um vento forte e levou {thing:o} {thing} para o alto {tree:do} {tree}.",
        (
            "O vento soprou forte, e {thing:o} {thing} {thing:ficar.perfeito} {thing:preso} no galho mais alto "
            "{tree:do} {tree}."
        ),
    ),
    "jump_in_vain": (
        "{hero} pulou, pulou e pulou, mas o galho era alto demais.",
        "{hero} sacudiu {tree:o} {tree} com toda a força. Caíram só algumas folhas.",
    ),
    "ladder": (
        "{worker:O} {worker} trouxe uma escada, subiu devagar e pegou {thing:o} {thing}.",
        "Com uma escada comprida, {worker:o} {worker} alcançou o galho e soltou {thing:o} {thing}.",
    ),
    "shoulders": (
        "{friend} subiu nos ombros de {hero}, esticou o braço e alcançou {thing:o} {thing}.",
        "{hero} subiu nos ombros de {friend}, esticou o braço e, com muito cuidado, soltou {thing:o} {thing}.",
    ),
    "wind_returns": (
        (
            "{hero} esperou com paciência. Pouco depois, o vento soprou outra vez e {thing:o} {thing} "
            "{thing:cair.perfeito} bem perto {spot6:do} {spot6}."
        ),
        (
            "{hero} esperou embaixo {tree:do} {tree}. Então o vento balançou os galhos, e {thing:o} {thing} "
            "{thing:cair.perfeito} no chão."
        ),
    ),
    # -- something is broken
    "broke": (
        (
            "Sem querer, {hero} esbarrou {corner2:no} {corner2}, e {thing:o} {thing} {elder:do} {elder} "
            "{thing:cair.perfeito} e se quebrou."
        ),
        (
            "Ao correr pela sala, {hero} derrubou {thing:o} {thing} {thing:$color} {elder:do} {elder}. Que susto! Os "
            "cacos se espalharam pelo chão."
        ),
    ),
    "hide": (
        "Com medo de uma bronca, {hero} escondeu os cacos no fundo {box:do} {box}.",
        "{hero} ficou {hero:$sad}, juntou os cacos e escondeu tudo no fundo {box:do} {box}.",
    ),
    "blame": (
        (
            "— Quem quebrou {thing:o} {thing}? — perguntou {elder:o} {elder}.\n"
            "— Foi {pet:o} {pet} — mentiu {hero}, olhando para o chão."
        ),
        (
            "Quando {elder:o} {elder} viu os cacos, {hero} disse que {thing:o} {thing} {thing:ter.imperfeito} caído "
            "por causa do vento."
        ),
    ),
    "confess": (
        (
            "Mas o coração de {hero} ficou pesado.\n— Fui eu que quebrei {thing:o} {thing}. Desculpe — disse "
            "{elder:ao} {elder}."
        ),
        "{hero} não conseguiu dormir. Foi até {elder:o} {elder} e contou a verdade:\n— Fui eu. Desculpe.",
    ),
    "forgive": (
        "— Que bom que você contou a verdade — disse {elder:o} {elder} {softly2}, e abraçou {hero}.",
        "{elder:O} {elder} não ficou {elder:bravo}.\n— A verdade vale mais do que qualquer objeto — disse {softly}.",
    ),
    "glue": (
        "Com cola e paciência, {hero} e {elder:o} {elder} colaram {thing:o} {thing}, pedaço por pedaço.",
        "Depois pegaram a cola e consertaram {thing:o} {thing} até {thing:ele} ficar quase {thing:novo}.",
    ),
    "toy_breaks": (
        (
            "No meio da brincadeira, {thing:o} {thing} {thing:$color} {thing:parar.perfeito} de funcionar.\n"
            "— Ah, não! Quebrou! — disse {hero}."
        ),
        "De repente, ouviu-se um barulho, {sound}, e uma peça {thing:do} {thing} se soltou.",
    ),
    "repair_in_vain": (
        "{hero} tentou consertar {thing:o} {thing} com {fixer:um} {fixer}, mas não deu certo.",
        "{hero} virou {thing:o} {thing} de um lado para o outro e apertou aqui e ali. Não adiantou.",
    ),
    "repair": (
        (
            "{worker:O} {worker} abriu a caixa de ferramentas, trocou uma pecinha, e {thing:o} {thing} "
            "{thing:voltar.perfeito} a funcionar."
        ),
        (
            "{worker:O} {worker} ensinou {hero} a apertar os parafusos, e logo {thing:o} {thing} "
            "{thing:estar.imperfeito} como {thing:novo}."
        ),
    ),
    "repair_together": (
        "{hero} segurou {thing:o} {thing}, {friend} encaixou a peça, e tudo voltou a funcionar.",
        "{both} desmontaram {thing:o} {thing}, limparam cada peça e montaram tudo outra vez. Funcionou!",
    ),
    # -- friends fall out
    "quarrel": (
        (
            "{both} queriam brincar com {thing:o} {thing} ao mesmo tempo.\n"
            "— {thing:Ele} {thing:ser.presente} {thing:meu}! — gritou {hero}.\n— Eu vi primeiro! — gritou {friend}."
        ),
        (
            "{friend} pediu {thing:o} {thing} {thing:emprestado}, mas {hero} não quis emprestar.\n"
            "— Então não brinco mais com você! — disse {friend}."
        ),
    ),
    "alone": (
        "{hero} foi brincar longe dali, sem ninguém. Mas brincar {hero:sozinho} não tinha a menor graça.",
        "Cada qual foi para o seu lado. {hero} olhava para {thing:o} {thing} e só pensava em {friend}.",
    ),
    "apology": (
        (
            "{hero} foi falar com {friend}.\n— Desculpe. Eu não devia ter feito aquilo — disse {softly3}.\n"
            "— Está tudo bem — respondeu {friend}."
        ),
        (
            "{hero} respirou fundo e falou com {friend}:\n— Eu errei. Você me perdoa?\n"
            "— Perdoo, sim! — respondeu {friend}."
        ),
    ),
    "letter": (
        "{hero} fez {gift:um} {gift} muito {gift:bonito} para pedir desculpas a {friend}.",
        "Com papel, {craft:um} {craft} e muita vontade, {hero} fez {gift:um} {gift} para pedir desculpas a {friend}.",
    ),
    "turns": (
        "{both} combinaram de brincar um pouco de cada vez: primeiro {friend}, depois {hero}.",
        "Daquele momento em diante, {thing:o} {thing} {thing:ser.perfeito} de {both}, um dia para cada.",
    ),
    # -- fears
    "dark": (
        "{hero} tinha medo do escuro. Cada sombra parecia um monstro, e {hero} se escondeu embaixo do cobertor.",
        "{hero} tremia de medo. Na sombra {corner:do} {corner} parecia morar um monstro enorme.",
    ),
    "lamp": (
        (
            "{elder:O} {elder} acendeu uma lanterna e iluminou o canto. A sombra era só {cloth2:um} {cloth2} "
            "{cloth2:pendurado} perto {corner2:do} {corner2}!"
        ),
        (
            "{elder:O} {elder} acendeu uma vela. {hero} olhou de novo: o monstro era só {cloth2:um} {cloth2} perto "
            "{corner2:do} {corner2}!"
        ),
    ),
    "shadow_play": (
        (
            "À luz da lanterna, {hero} fez sombras com as mãos: {critter:um} {critter}, {critter2:um} {critter2} e "
            "até {shape:um} {shape}."
        ),
        (
            "Com as mãos perto da luz, {hero} inventou sombras de {critter:um} {critter} e de {shape:um} {shape}. O "
            "escuro virou brincadeira."
        ),
    ),
    "thunder": (
        "De repente, um trovão sacudiu a janela. {hero} tapou os ouvidos e correu para perto {corner2:do} {corner2}.",
        "Um raio riscou o céu, e veio um trovão: bum! {hero} tremeu de medo.",
    ),
    "count_thunder": (
        (
            "— Vamos contar até o próximo trovão — propôs {elder:o} {elder}.\n"
            "{hero} contou até {number}. Depois, até {number2}. O barulho foi ficando longe."
        ),
        (
            "{elder:O} {elder} cantou uma música bem suave. A cada trovão, {hero} cantava mais alto, até que a chuva "
            "passou."
        ),
    ),
    "height": (
        (
            "{friend} subiu depressa até o alto {tree:do} {tree}.\n— Venha! — chamou.\n"
            "Mas {hero} olhou para cima e sentiu as pernas tremerem."
        ),
        (
            "Para ver a vista, era preciso subir {tree:no} {tree}. {hero} tinha medo de altura e ficou {hero:parado} "
            "no chão."
        ),
    ),
    "step_by_step": (
        (
            "{hero} respirou fundo e deu um passo. Depois, outro passo. E mais outro. Quando percebeu, já tinha "
            "conseguido!"
        ),
        "Devagar, um passo de cada vez, {hero} foi em frente. O medo ainda estava ali, mas era cada vez menor.",
    ),
    "hand": (
        "{friend} segurou a mão de {hero}.\n— Estou aqui com você — disse {softly3}.",
        "— Eu também já senti medo — contou {friend}. — Segure a minha mão e vamos devagar.",
    ),
    "stage": (
        (
            "Naquele dia haveria uma festa {place:no} {place}, e {hero} ia cantar para todos. Mas, ao ver tanta "
            "gente, ficou sem voz."
        ),
        "{hero} ia se apresentar na festa, mas sentiu as pernas tremerem e esqueceu a letra da música.",
    ),
    "sing_along": (
        "{friend} começou a cantar bem baixinho. {hero} cantou junto, e logo todos batiam palmas.",
        "{friend} subiu ao palco e cantou a primeira parte. Aos poucos, a voz de {hero} voltou, forte e bonita.",
    ),
    # -- something to learn
    "wish_skill": (
        "{hero} sonhava em {skill}, mas ainda não sabia.",
        "— Eu quero aprender a {skill} — dizia {hero} todos os dias.",
    ),
    "fall": (
        "{hero} tentou uma vez e caiu. Tentou outra vez e caiu de novo. Que difícil!",
        "Na primeira tentativa, {hero} caiu {hero:sentado} perto {spot:do} {spot}. Na segunda, ralou o joelho.",
    ),
    "practise": (
        "{hero} treinou na segunda, na terça e na quarta. Caía, levantava e tentava de novo.",
        "Todos os dias, {hero} treinava mais um pouco {place:no} {place}, sem desistir.",
    ),
    "skill_at_last": (
        "Até que um dia deu certo. {hero} já sabia {skill}!\n— Consegui! — gritou, {hero:$glad}.",
        "E então, numa {daytime} {weather}, {hero} conseguiu {skill} pela primeira vez!",
    ),
    "laughed_at": (
        "Alguns riram. {hero} ficou {hero:$sad} e pensou em desistir.",
        "— Isso é muito difícil — suspirou {hero}, {hero:$sad}. — Acho que não consigo.",
    ),
    "art_in_vain": (
        "{hero} tentou a manhã inteira, mas tudo saía torto e errado.",
        "{hero} tentou uma, duas, três vezes. Nada saía como {hero:ele} queria.",
    ),
    "lesson": (
        "{elder:O} {elder} sentou-se ao lado de {hero} e mostrou como se fazia, sem pressa.",
        "— Ninguém nasce sabendo — disse {elder:o} {elder} {softly3}. — Venha, eu mostro como se faz.",
    ),
    # -- small lives
    "cub": (
        "Perto {spot:do} {spot}, {hero} encontrou {cub:um} {cub} {cub:perdido}, que chorava e procurava a mãe.",
        "{hero} ouviu um choro fraquinho. Era {cub:um} {cub} {cub:perdido} ao lado {spot:do} {spot}.",
    ),
    "feed_cub": (
        "— Não tenha medo — disse {hero} {softly}. Deu água {cub:ao} {cub} e fez um carinho {cub:nele}.",
        "{hero} cobriu {cub:o} {cub} com {cloth2:um} {cloth2} e prometeu:\n— Vamos achar a sua mãe.",
    ),
    "mother": (
        "Foi então que a mãe apareceu perto {spot6:do} {spot6}. {cub:O} {cub} correu para ela, feliz da vida.",
        (
            "Bem longe dali, perto {spot6:do} {spot6}, a mãe também procurava. Que encontro bonito! {cub:O} {cub} "
            "pulava de alegria."
        ),
    ),
    "hurt_bird": (
        "No chão, perto {spot:do} {spot}, {hero} viu {bird:um} {bird} com a asa machucada.",
        "{hero} encontrou {bird:um} {bird} que não conseguia voar, porque tinha machucado a asa.",
    ),
    "nurse_bird": (
        "{hero} fez um ninho com {cloth2:um} {cloth2} e deu água e sementes {bird:ao} {bird} todos os dias.",
        "Por {number} dias, {hero} cuidou {bird:do} {bird} com água, sementes e muito carinho.",
    ),
    "bird_flies": (
        "Um dia, {bird:o} {bird} bateu as asas e voou até {tree:o} {tree}. De lá, cantou para {hero}.",
        "Quando a asa sarou, {hero} abriu as mãos, e {bird:o} {bird} voou alto no céu azul.",
    ),
    "nest": (
        "Depois da chuva, {hero} viu no chão o ninho {bird:do} {bird}. O vento tinha derrubado tudo.",
        "A chuva passou, mas o ninho {bird:do} {bird} tinha caído {tree:do} {tree}.",
    ),
    "rebuild_nest": (
        "{both} juntaram palha, folhas e galhinhos e ajudaram {bird:o} {bird} a fazer um ninho ainda mais forte.",
        "{hero} trouxe palha, {friend} trouxe galhinhos, e logo o ninho {bird:do} {bird} estava pronto outra vez.",
    ),
}
