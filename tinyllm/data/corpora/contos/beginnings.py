"""How stories begin and move on: who, where, with whom, with what, and the turns that many plots share."""

BEGINNINGS = {
    # -- who and where
    "opening": (
        (
            "Era uma vez {hero:um} {hero.kind} {hero:chamado} {hero}, que morava {home:num} {home} perto {place:do} "
            "{place}."
        ),
        "{hero} era {hero:um} {hero.kind} muito {hero:$trait} que morava {home:num} {home} perto {place:do} {place}.",
        "Perto {place:do} {place} vivia {hero:um} {hero.kind} {hero:$trait} {hero:chamado} {hero}.",
        "Esta é a história de {hero}, {hero:um} {hero.kind} muito {hero:$trait} que vivia {home:num} {home}.",
        (
            "Há muito tempo, {home:num} {home} perto {place:do} {place}, morava {hero:um} {hero.kind} {hero:$trait} "
            "{hero:chamado} {hero}."
        ),
        (
            "Todos perto {place:do} {place} conheciam {hero}, {hero:um} {hero.kind} muito {hero:$trait} que vivia "
            "{home:num} {home}."
        ),
    ),
    "habit": (
        "{hero} gostava de {activity}, de {activity2} e de {activity3}.",
        "Todos os dias, depois {meal:do} {meal}, {hero} passava horas {activity.gerund}.",
        "O que {hero:ele} mais gostava de fazer era {activity}[.|, e por isso vivia {hero:cheio} de alegria.]",
        "De manhã {hero} {activity.used}, e de tarde {activity2.used}.",
        (
            "No quarto de {hero} havia {toy2.plural}, {toy3.plural} e {keepsake2.plural}, mas {hero:ele} gostava "
            "mesmo era de {activity}."
        ),
        "{hero} sempre usava {cloth:um} {cloth} {cloth:$pattern} e adorava {activity}.",
        "{hero} acordava cedo para {activity}, e à noite sonhava com {dream.plural}.",
        "Quando crescesse, {hero} queria ser {hero:$job}. Enquanto isso, passava os dias {activity.gerund}.",
    ),
    "friend": (
        (
            "{friend:Seu} melhor {friend:amigo} era {friend:o} {friend.kind} {friend}. {both:Os} {both:dois} viviam "
            "{activity4.gerund}."
        ),
        (
            "{hero} tinha {friend:um} grande {friend:amigo}, {friend:o} {friend.kind} {friend}, e {both:os} "
            "{both:dois} adoravam {activity4}."
        ),
        (
            "{hero} e {friend:o} {friend.kind} {friend} eram {both:inseparável}: {both:junto} no trabalho, "
            "{both:junto} na brincadeira."
        ),
        (
            "Quase todas as tardes, {hero} encontrava {friend:o} {friend.kind} {friend}, e {both:os} {both:dois} "
            "{activity4.used_all}."
        ),
        (
            "{friend:O} {friend.kind} {friend} era {friend:o} melhor {friend:amigo} de {hero}. {both:Os} {both:dois} "
            "eram {both:$trait2} e {both:$trait3}."
        ),
        (
            "{hero} não ficava um dia sem ver {friend:o} {friend.kind} {friend}: {both:os} {both:dois} gostavam de "
            "{activity4} e de {activity5}."
        ),
    ),
    "treasure": (
        "No dia do aniversário, {hero} ganhou {elder:do} {elder} {thing:um} {thing} {thing:$color}.",
        "{hero} tinha {thing:um} {thing} {thing:$color} e cuidava {thing:dele} com muito carinho.",
        (
            "{hero} tinha {thing:um} {thing} {thing:$color}, presente {elder:do} {elder}, e não saía de casa sem "
            "{thing:ele}."
        ),
    ),
    # -- one day
    "day": (
        "Numa {daytime} {weather}, {hero} foi [passear|brincar] {place:no} {place}.",
        "Certo dia, {hero} saiu de casa bem cedo e foi {place:ao} {place}.",
        "{weekday:Num} {weekday} {weekday:$sunny}, {hero} acordou cedo e foi {place:ao} {place}.",
        "Um dia, depois {snack:do} {snack}, {hero} resolveu ir {place:ao} {place}.",
        "Naquela {daytime} {weather}, {hero} saiu {gladly} e foi {place:ao} {place}.",
    ),
    "day_with_thing": (
        "Numa {daytime} {weather}, {hero} levou {thing:o} {thing} {place:ao} {place}.",
        "Certo dia, {hero} saiu de casa bem cedo e levou {thing:o} {thing} para brincar {place:no} {place}.",
        "{weekday:Num} {weekday} {weekday:$sunny}, {hero} foi {place:ao} {place} com {thing:o} {thing}.",
        "Naquela {daytime} {weather}, {hero} saiu {gladly}, com {thing:o} {thing}, e foi {place:ao} {place}.",
    ),
    "day_together": (
        "Numa {daytime} {weather}, {both} foram [passear|brincar] {place:no} {place}.",
        "Certo dia, {both} saíram de casa bem cedo e foram {place:ao} {place}.",
        "{weekday:Num} {weekday} {weekday:$sunny}, {both} combinaram um passeio {place:no} {place}.",
        "Naquela {daytime} {weather}, {both} saíram {gladly} e foram {place:ao} {place}.",
    ),
    "day_at_home": (
        "Numa {daytime} {weather}, {hero} brincava em casa, perto {corner:do} {corner}.",
        "Certo dia, {hero} ficou em casa {indoor.gerund} enquanto {elder:o} {elder} descansava.",
        "{weekday:Num} {weekday} {weekday:$sunny}, {hero} estava em casa com {elder:o} {elder}.",
    ),
    "evening": (
        "Certa noite, a luz se apagou e {home:o} {home} ficou no escuro.",
        "Numa noite sem lua, {hero} acordou e não viu nada: tudo estava escuro.",
    ),
    "walk": (
        (
            "No caminho, {hero} viu {critter:um} {critter} {critter:$looks} e {critter2:um} {critter2} perto "
            "{spot9:do} {spot9}."
        ),
        "Pelo caminho, {hero} contou {number} {critter.plural} e {number2} {flower.plural}.",
        "O ar cheirava a {scent}, e ali perto {critter:um} {critter.little} {critter:$looks} passeava entre as flores.",
        (
            "Havia {flower.plural} e {flower2.plural} à beira do caminho, e {critter:muitos} {critter.plural} por "
            "toda parte."
        ),
        (
            "O caminho passava entre {tree2.plural} e {tree3.plural}, e {bird2:um} {bird2} {bird2:$looks} espiava lá "
            "do alto."
        ),
    ),
    "pack": (
        "Na sacola, {hero} levava {tool:um} {tool}, {tool2:um} {tool2} e {fruit:um} {fruit}.",
        "{hero} pôs na cesta {fruit.plural}, {tool:um} {tool} e {dish:um} {dish} de {flavor}.",
        "Para o passeio, {hero} separou {tool:um} {tool}, {tool2:um} {tool2} e {dish:um} {dish}.",
        "Antes de sair, {hero} guardou na sacola {tool:um} {tool}, {fruit.plural} e {tool2:um} {tool2}.",
    ),
    # -- turns that many plots share
    "search": (
        (
            "{hero} procurou atrás {spot:do} {spot}, ao lado {spot2:do} {spot2} e perto {spot3:do} {spot3}, mas não "
            "encontrou nada."
        ),
        "{hero} olhou atrás {spot:do} {spot} e perto {spot2:do} {spot2}. Nada!",
        (
            "Primeiro {hero} procurou perto {spot:do} {spot}. Depois procurou atrás {spot2:do} {spot2}. Não achou "
            "nem um sinal."
        ),
        (
            "{hero} perguntou {critter3:ao} {critter3}, olhou perto {spot:do} {spot} e voltou até {spot2:o} {spot2}. "
            "Não havia nada."
        ),
    ),
    "sad": (
        "{hero} sentou-se perto {spot4:do} {spot4} e ficou muito {hero:$sad}.",
        "Os olhos de {hero} se encheram de lágrimas.",
        "{hero} suspirou, {hero:$sad}. Parecia que não havia mais jeito.",
        "Uma lágrima rolou pelo rosto de {hero}.",
        "{hero} ficou {hero:$sad} e não disse mais nada.",
    ),
    "ask_elder": (
        (
            "{hero} contou tudo {elder:ao} {elder}.\n"
            "— Calma, {hero}. Para tudo existe um jeito — disse {elder:o} {elder} {softly}."
        ),
        (
            "{elder:O} {elder} percebeu que alguma coisa não ia bem.\n— O que aconteceu? — perguntou {softly}.\n"
            "E {hero} contou tudo."
        ),
        (
            "{hero} correu para pedir ajuda {elder:ao} {elder}.\n"
            "— Respire fundo e pense com calma — falou {elder:o} {elder}."
        ),
        (
            "— {hero}, por que você está tão {hero:$sad}? — quis saber {elder:o} {elder}.\n"
            "{hero} explicou tudo, tim-tim por tim-tim."
        ),
    ),
    "ask_friend": (
        (
            "{hero} correu até a casa de {friend} e contou o que tinha acontecido.\n"
            "— Não se preocupe, eu ajudo você! — respondeu {friend}."
        ),
        (
            "— O que foi, {hero}? — perguntou {friend}.\n— Preciso de ajuda — respondeu {hero}, {hero:$sad}.\n"
            "— Então vamos! — disse {friend}."
        ),
        "{friend} viu que {hero} estava {hero:$sad}.\n— Pode contar comigo — disse {friend} {softly}.",
        (
            "{hero} bateu à porta de {friend}.\n— Você pode me ajudar? — pediu.\n"
            "— É claro que posso! — respondeu {friend}."
        ),
    ),
    "friend_is_there": (
        (
            "— O que foi, {hero}? — perguntou {friend}.\n— Preciso de ajuda — respondeu {hero}, {hero:$sad}.\n"
            "— Então vamos! — disse {friend}."
        ),
        "{friend} viu que {hero} estava {hero:$sad}.\n— Pode contar comigo — disse {friend} {softly}.",
        "— Nós vamos conseguir! — disse {friend}, e segurou a mão de {hero}.",
    ),
    "ask_worker": (
        (
            "Foi então que {hero} encontrou {worker:o} {worker}.\n— Por favor, pode me ajudar? — pediu {hero}.\n"
            "— É claro que sim — respondeu {worker:o} {worker}."
        ),
        "{worker:O} {worker}, que passava por ali, parou para ouvir {hero}.\n— Eu sei o que fazer — disse {softly2}.",
        (
            "{hero} olhou em volta e viu {worker:o} {worker}, que trabalhava ali perto.\n"
            "— O que aconteceu? — perguntou {worker:o} {worker}, e {hero} explicou tudo."
        ),
    ),
    "idea": (
        "De repente, {friend} teve uma ideia.\n— Já sei o que vamos fazer! — disse, com um sorriso.",
        "{friend} pensou um pouco e cochichou um plano no ouvido de {hero}.",
        "— Escute, {hero}: eu tenho um plano! — disse {friend}, e os olhos {friend:dele} brilharam.",
    ),
    "think": (
        "{hero} respirou fundo, fechou os olhos e pensou, pensou, pensou. De repente, teve uma ideia!",
        "Mas {hero} não desistiu. Ficou {hero:quieto} por um momento, até que teve uma boa ideia.",
        "— Deve haver um jeito — disse {hero} baixinho. E foi então que teve uma ideia.",
    ),
    "meet_friend": (
        "Ali {hero} conheceu {friend:um} {friend.newcomer} {friend:chamado} {friend}, que parecia {friend:$sad}.",
        "Perto {spot4:do} {spot4} estava {friend:um} {friend.newcomer} {friend:$sad} {friend:chamado} {friend}.",
    ),
    "rain": (
        (
            "De repente, o céu escureceu e começou a chover forte. O vento sacudia os galhos, e {hero} se escondeu "
            "perto {spot5:do} {spot5}."
        ),
        "Nuvens cinzentas cobriram o céu. Primeiro veio o vento, depois veio a chuva, e {hero} ficou {hero:ensopado}.",
    ),
}
