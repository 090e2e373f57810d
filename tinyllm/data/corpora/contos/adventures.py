"""Larger undertakings: visits, parties, gardens, journeys and mysteries, each beside its ways out."""

ADVENTURES = {
    # -- somebody needs company
    "sick_friend": (
        "Naquele dia, {friend} não apareceu: estava de cama, com febre, e precisava descansar.",
        "{hero} foi chamar {friend} para brincar, mas {friend} estava {friend:doente} e não podia sair de casa.",
    ),
    "soup": (
        "Com a ajuda {elder:do} {elder}, {hero} fez uma sopa de {vegetable} e levou para {friend}.",
        "{hero} levou para {friend} uma sopa bem quente de {vegetable}, feita com {elder:o} {elder}.",
    ),
    "make_gift": (
        "{hero} juntou papel, {craft:um} {craft} e muita vontade, e fez {gift:um} {gift} para {friend}.",
        (
            "Com papel, {craft:um} {craft} e muita paciência, {hero} fez {gift:um} {gift} muito {gift:bonito} só "
            "para {friend}."
        ),
    ),
    "gift_given": (
        (
            "Quando viu {gift:o} {gift}, {friend} abriu um sorriso enorme.\n"
            "— É o presente mais bonito que já ganhei! — disse."
        ),
        "{hero} entregou {gift:o} {gift}, e os olhos de {friend} brilharam.\n— Adorei! — disse {friend}.",
    ),
    "window_games": (
        "Pela janela, {hero} contou histórias de {dream.plural} e fez caretas, até {friend} dar risada.",
        "Todos os dias, {hero} ia até a janela de {friend} e contava uma história de {dream.plural}.",
    ),
    "recovered": (
        "Em poucos dias, {friend} ficou {friend:bom}, e {both:os} {both:dois} voltaram a brincar.",
        "Uma semana depois, {friend} já estava {friend:curado} e correu para abraçar {hero}.",
    ),
    "shy": (
        "{hero} quis falar com {friend}, mas teve vergonha e ficou {hero:calado}.",
        "{hero} acenou de longe, mas {friend} olhou para o chão e não respondeu.",
    ),
    "invite": (
        "— Você quer brincar comigo? — perguntou {hero}.\n— Quero, sim! — respondeu {friend}, com um sorriso.",
        "{hero} ofereceu {thing:o} {thing} e disse:\n— Vamos brincar {both:junto}?\n{friend} sorriu e aceitou.",
    ),
    "hungry": (
        "— Estou com tanta fome... — disse {friend} bem baixinho. — Não comi nada hoje.",
        "{friend} olhava para o lanche de {hero} e não dizia nada, mas sua barriga roncava.",
    ),
    "share_food": (
        "{hero} só tinha {dish:um} {dish} de {flavor}. Pensou um pouco e dividiu tudo ao meio.",
        "— Aqui tem {dish:um} {dish} de {flavor}. Metade para você, metade para mim — disse {hero}.",
    ),
    "keep_food": (
        "{hero} abraçou a sacola.\n— É tudo meu — disse, e virou as costas.",
        "{hero} guardou tudo na sacola e fingiu que não ouviu.",
    ),
    "one_umbrella": (
        "{friend} vinha pela chuva sem nada para se cobrir. {hero} tinha só um guarda-chuva, bem pequeno.",
        "{hero} abriu o guarda-chuva e viu {friend} {friend:molhado} e {friend:encolhido} perto {spot6:do} {spot6}.",
    ),
    "under_one_umbrella": (
        "— Aqui cabem dois — disse {hero}. E foram {both:junto}, bem {both:apertado}, até a casa de {friend}.",
        (
            "{hero} chamou {friend} para baixo do guarda-chuva, e {both:os} {both:dois} caminharam {both:abraçado}, "
            "rindo das poças."
        ),
    ),
    # -- parties
    "party": (
        "Era dia de festa. {hero} queria fazer {dish:um} {dish} de {flavor} para o aniversário {elder:do} {elder}.",
        "{elder:O} {elder} fazia aniversário, e {hero} resolveu preparar {dish:um} {dish} de {flavor}.",
    ),
    "burnt": (
        "Mas {hero} foi brincar, esqueceu o forno, e {dish:o} {dish} queimou. Que cheiro de fumaça!",
        "Só que {dish:o} {dish} caiu no chão, perto {corner:do} {corner}, e não sobrou nada.",
    ),
    "second_cake": (
        "{hero} mediu a farinha, {friend} bateu os ovos, e {both:junto} fizeram {dish:outro} {dish}.",
        "{both} começaram tudo de novo: farinha, leite, ovos e um pouco de {flavor2}. Dessa vez, ficou uma delícia!",
    ),
    "fruit_instead": (
        (
            "{hero} colheu {fruit2.plural}, {fruit3.plural} e {fruit4.plural} e fez uma salada de frutas enfeitada "
            "com {flower.plural}."
        ),
        "Em vez {dish:do} {dish}, {hero} encheu uma cesta com {fruit2.plural}, {fruit3.plural} e {flower.plural}.",
    ),
    "party_ends_well": (
        "{elder:O} {elder} apagou as velas e disse que aquela era a melhor festa de todas.",
        "Todos cantaram parabéns, e {elder:o} {elder} abraçou {hero} com força.",
    ),
    "no_money": (
        (
            "O aniversário de {friend} estava perto. {hero} contou as moedas: só havia {number}. Não dava para "
            "comprar um presente."
        ),
        "{hero} queria comprar um presente para {friend}, mas só tinha {number} moedas na caixinha.",
    ),
    "forgotten_birthday": (
        "Era o aniversário de {hero}, mas ninguém disse nada. Nem {friend} deu parabéns!",
        "{hero} fazia anos naquele dia. Esperou, esperou, mas {friend} parecia ter esquecido.",
    ),
    "surprise": (
        (
            "Quando {hero} abriu a porta, todos gritaram:\n— Surpresa!\n"
            "Havia balões, {flower.plural} e {dish:um} {dish} de {flavor}."
        ),
        (
            "{friend} chamou {hero} para ver uma coisa perto {spot6:do} {spot6}. Era uma festa surpresa, com "
            "{dish:um} {dish} de {flavor}!"
        ),
    ),
    # -- the garden
    "plant": (
        "{hero} plantou uma semente de {seed} no jardim e regou com cuidado.",
        "{hero} ganhou {elder:do} {elder} uma semente de {seed} e plantou perto {spot:do} {spot}.",
    ),
    "no_sprout": (
        "Passou um dia, passaram dois, e nada nascia. {hero} ficou {hero:$sad}.",
        "Todas as manhãs {hero} corria para ver a terra, mas não nascia nada.",
    ),
    "drought": (
        "Naquele mês não choveu. A terra ficou seca, e as folhas começaram a murchar.",
        "O sol estava tão forte que a terra rachou e as folhas ficaram amarelas.",
    ),
    "water_daily": (
        "{hero} regou a terra todos os dias, de manhã e de tarde, sem esquecer nenhum.",
        "Dia após dia, {hero} levou água num balde e tirou as ervas daninhas.",
    ),
    "carry_water": (
        "{both} buscaram água no riacho, balde por balde, até a terra ficar bem molhada.",
        "{hero} enchia o balde e {friend} regava. Foram {number} baldes de água!",
    ),
    "sprout": (
        "Então, numa {daytime} {weather2}, surgiu uma folhinha verde. Era o pé de {seed} que nascia!",
        "Pouco tempo depois, o pé de {seed} apareceu, verde e forte, no meio da terra.",
    ),
    "revive": (
        "Aos poucos, o pé de {seed} ficou verde outra vez.",
        "Poucos dias depois, o pé de {seed} estava mais bonito do que nunca.",
    ),
    "gift_of_flower": (
        "{hero} colheu o primeiro ramo de {seed} e levou para {friend}, que abriu um sorriso enorme.",
        "{hero} levou para {friend} um raminho de {seed}, e os olhos de {friend} brilharam.",
    ),
    "giant": (
        "Na horta {elder:do} {elder} cresceu {vegetable:um} {vegetable} gigante. {hero} puxou, puxou, e nada.",
        "{hero} encontrou na horta {vegetable:um} {vegetable} enorme. Tentou tirar da terra, mas não saiu do lugar.",
    ),
    "pull_together": (
        (
            "{hero} segurou {vegetable:o} {vegetable}, {friend} segurou {hero}, e {elder:o} {elder} segurou "
            "{friend}. Um, dois, três... e saiu!"
        ),
        (
            "{friend} puxou com {hero}, e {elder:o} {elder} puxou com {both:os} {both:dois}. De repente, "
            "{vegetable:o} {vegetable} saiu da terra!"
        ),
    ),
    "heavy_basket": (
        "{worker:O} {worker} vinha devagar com uma cesta pesada, cheia de {fruit2.plural} e de {vegetable.plural}.",
        "Mais adiante, {hero} viu {worker:o} {worker}, que não aguentava mais carregar uma cesta de {fruit2.plural}.",
    ),
    "carry_basket": (
        "{hero} segurou de um lado, {worker:o} {worker} segurou do outro, e a cesta ficou leve.",
        "{hero} dividiu as {number} sacolas e levou metade, passo a passo, até o fim da subida.",
    ),
    # -- the place we share
    "rubbish": (
        (
            "Mas {place:o} {place} estava {place:cheio} de lixo: havia {rubbish.plural}, {rubbish2.plural} e "
            "{rubbish3.plural} por toda parte."
        ),
        "Quando chegou, {hero} levou um susto: {rubbish.plural} e {rubbish2.plural} cobriam o chão {place:do} {place}.",
    ),
    "clean_in_vain": (
        "{hero} começou a limpar, mas era lixo demais.",
        "{hero} encheu um saco, depois outro, mas quase nada mudou.",
    ),
    "clean": (
        (
            "{both} chamaram a vizinhança. Um juntava {rubbish.plural}, outro juntava {rubbish2.plural}, e no fim "
            "tudo ficou limpo."
        ),
        "{both} passaram o dia juntando {rubbish.plural} e {rubbish2.plural}. No fim, {place:o} {place} brilhava.",
    ),
    "bridge": (
        (
            "Mais adiante havia um rio, mas a chuva tinha derrubado a ponte. {hero} não conseguia passar para o "
            "outro lado."
        ),
        "No caminho havia um rio, e a ponte estava quebrada. {hero} olhou para a água e não soube como passar.",
    ),
    "log": (
        "{both} empurraram um tronco comprido até a outra margem e passaram por cima, bem devagar.",
        "Com um tronco e uma corda, {both} fizeram uma ponte nova e passaram para o outro lado.",
    ),
    "boat": (
        "{worker:O} {worker} tinha um barco e levou {hero} até a outra margem.",
        "{worker:O} {worker} amarrou uma corda forte, e {hero} passou para o outro lado sem se molhar.",
    ),
    "sand_castle": (
        "{hero} fez um castelo de areia com {number} torres. De repente, a água subiu e levou tudo.",
        "{hero} tinha feito um castelo de areia quase da sua altura, mas veio o vento e derrubou tudo.",
    ),
    "rebuild_castle": (
        "{both} juntaram areia, pedrinhas e {flower.plural} e fizeram um castelo ainda maior, longe da água.",
        "{hero} cavou, {friend} fez as torres, e o novo castelo ficou {number2} vezes mais bonito.",
    ),
    # -- journeys and mysteries
    "lost_way": (
        "{hero} seguiu {bird:um} {bird} {bird:$looks} e, quando olhou para trás, não sabia mais o caminho de casa.",
        "De tanto andar, {hero} se perdeu. Todas as árvores pareciam iguais.",
    ),
    "stay_put": (
        (
            "{hero} lembrou o que {elder:o} {elder} sempre dizia: quem se perde fica parado e espera. Então esperou "
            "perto {spot5:do} {spot5}."
        ),
        "{hero} não correu. Sentou-se perto {spot5:do} {spot5} e chamou bem alto, de tempo em tempo.",
    ),
    "found_by_elder": (
        "Pouco depois, ouviu-se a voz {elder:do} {elder}:\n— {hero}! {hero}!\nE que abraço gostoso foi aquele!",
        "{elder:O} {elder} ouviu a voz de {hero} e veio correndo.\n— Que bom que encontrei você! — disse.",
    ),
    "way_home": (
        "{worker:O} {worker} conhecia cada trilha e levou {hero} até em casa.",
        "{worker:O} {worker} mostrou o caminho: depois {spot6:do} {spot6}, era só seguir em frente.",
    ),
    "follow_friend_sign": (
        (
            "{friend} tinha marcado o caminho com pedrinhas. {hero} seguiu uma por uma e encontrou {friend} perto "
            "{spot6:do} {spot6}."
        ),
        "Ao longe, {friend} assobiava. {hero} seguiu o som até encontrar {friend} perto {spot6:do} {spot6}.",
    ),
    "noise": (
        (
            "No meio da noite, {hero} ouviu um barulho estranho: {sound}, {sound}! Parecia vir de trás {corner:do} "
            "{corner}."
        ),
        "{hero} acordou com um barulho estranho, {sound}, {sound}, que parecia vir de trás {corner:do} {corner}.",
    ),
    "investigate": (
        (
            "Na ponta dos pés, {hero} foi olhar perto {corner2:do} {corner2}, com {guard:um} {guard} na mão. Não "
            "havia nada."
        ),
        "{hero} pegou {guard:um} {guard} e procurou perto {corner2:do} {corner2}. Nada. E o barulho continuava.",
    ),
    "noisy_guest": (
        (
            "Quem fazia barulho era só {noisy:um} {noisy} que queria entrar para fugir do frio! {hero} riu do "
            "próprio medo."
        ),
        "E o barulho? Era só {noisy:um} {noisy} {noisy:$looks} que procurava comida!",
    ),
    "branch": (
        "Era só um galho {tree:do} {tree} que batia na janela por causa do vento!",
        "{hero} abriu a janela e riu: era um galho {tree:do} {tree} que o vento balançava!",
    ),
    "race": (
        "Era o dia da grande corrida {place:no} {place}, e {hero} queria ganhar {prize:um} {prize}.",
        "{hero} treinou muito para a corrida. Quem chegasse primeiro ganharia {prize:um} {prize}.",
    ),
    "friend_falls": (
        (
            "{hero} ia na frente quando ouviu um grito: {friend} tinha caído perto {spot5:do} {spot5} e não "
            "conseguia levantar."
        ),
        "Quase no fim, {friend} tropeçou perto {spot5:do} {spot5} e machucou o pé.",
    ),
    "stop_to_help": (
        (
            "{hero} podia vencer, mas voltou, deu a mão a {friend}, e {both:os} {both:dois} chegaram {both:junto}, "
            "por último."
        ),
        "{hero} parou de correr e ajudou {friend} a levantar. Os outros passaram, mas {hero} não se importou.",
    ),
    "applause": (
        "Mesmo assim, todos bateram palmas, e {worker:o} {worker} deu {prize:um} {prize} para {both}.",
        "Então {worker:o} {worker} anunciou: o prêmio de amizade ia para {hero}!",
    ),
    "found_purse": (
        "Perto {spot:do} {spot}, {hero} encontrou {thing:um} {thing} {thing:$color}. Quem teria perdido aquilo?",
        "No meio do caminho havia {thing:um} {thing} {thing:$color}. {hero} olhou em volta e não viu ninguém.",
    ),
    "temptation": (
        "{thing:Ele} {thing:ser.imperfeito} tão {thing:bonito} que {hero} pensou em guardar {thing:o} {thing} para si.",
        "{hero} queria muito ficar com {thing:o} {thing}. Mas alguém devia estar {hero:$sad} sem {thing:ele}.",
    ),
    "owner": (
        (
            "{hero} perguntou a todos, até que {worker:o} {worker} disse:\n"
            "— {thing:Esse} {thing} {thing:ser.presente} {thing:meu}! Procurei tanto!"
        ),
        (
            "{worker:O} {worker} procurava alguma coisa perto {spot6:do} {spot6}. {hero} entregou {thing:o} {thing}, "
            "e {worker:o} {worker} sorriu."
        ),
    ),
    "false_alarm": (
        "Para brincar, {hero} gritou:\n— Socorro! Um monstro!\n{friend} veio correndo, mas era mentira, e {hero} riu.",
        "— Socorro! — gritou {hero}, só para assustar {friend}. Mas não havia perigo nenhum.",
    ),
    "not_believed": (
        "No dia seguinte, {hero} escorregou, machucou o pé e pediu ajuda de verdade. Mas {friend} não acreditou.",
        "Mais tarde, {hero} ficou {hero:preso} na lama e gritou. Dessa vez ninguém veio.",
    ),
    "hide_and_seek": (
        "{both} brincavam de esconde-esconde. {hero} contou até {number} e saiu à procura de {friend}.",
        "Na brincadeira de esconde-esconde, {hero} fechou os olhos e contou até {number}.",
    ),
    "asleep": (
        "Atrás {spot6:do} {spot6}, {friend} dormia a sono solto. Tinha esperado tanto que pegou no sono!",
        "Por fim, {hero} ouviu um ronco. Era {friend}, {friend:adormecido} atrás {spot6:do} {spot6}!",
    ),
    "rainbow": (
        "Depois da chuva, apareceu um arco-íris. {hero} quis saber onde ele terminava e começou a andar.",
        "{hero} viu um arco-íris enorme e resolveu procurar o tesouro que ficava no fim dele.",
    ),
    "rainbow_far": (
        "{hero} andou até {place2:o} {place2}, mas o arco-íris estava sempre mais longe.",
        "Quanto mais {hero} andava, mais longe o arco-íris ficava.",
    ),
    "rainbow_treasure": (
        "O arco-íris sumiu, mas ali, atrás {spot6:do} {spot6}, havia um pé de {fruit2} e uma vista linda.",
        "O arco-íris desapareceu, mas {both} riram: o verdadeiro tesouro era o passeio.",
    ),
    "late": (
        "{hero} tinha prometido encontrar {friend}, mas ficou {stroll.gerund} e esqueceu a hora.",
        "{hero} combinou de ajudar {friend}, mas se distraiu {stroll.gerund} e não apareceu.",
    ),
    "waited": (
        "Quando lembrou, já era tarde. {friend} tinha esperado perto {spot5:do} {spot5} durante horas.",
        "{hero} correu até {spot5:o} {spot5}, mas {friend} já tinha ido embora, {friend:$sad}.",
    ),
    "make_up_for_it": (
        "No outro dia, {hero} chegou bem cedo, antes do sol, e ajudou {friend} em tudo.",
        "Para compensar, {hero} passou a tarde inteira com {friend} e não se atrasou nem um minuto.",
    ),
}
