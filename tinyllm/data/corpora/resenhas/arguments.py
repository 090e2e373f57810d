"""How a review argues: each argument is one move, in several wordings, good for both sentiments.

    <adorei/detestei>      the first in a positive review, the second in a negative one
    {pro}                  a clause that supports the verdict      o roteiro é envolvente
    {con}                  a clause that opposes it                os diálogos são artificiais
    {pro.name}             what it speaks of                       roteiro
    {pro.noun}             the same with what is said of it        roteiro envolvente
    {pro.some}             the same with its indefinite article    um roteiro envolvente
    {pro.quality}          what is said of it                      envolvente
    {pro.contrary}         the contrary of that                    confuso
    {pro.some_contrary}    and both together                       um roteiro confuso
    {pro.seja} {pro.fosse} subjunctives, agreeing
    {fact}                 what happened, and decides              dormi antes da metade
    {detail} {con_detail}  what hardly matters, for and against the verdict

Most wordings hold the same words whichever the verdict, in another order or under a "não": who only counts words reads
nothing in them.
"""

ARGUMENTS = {
    "concessão": (
        "apesar {con:do} {con.noun}, {pro}.",
        "mesmo com {con.some}, {pro}, e isso pesa mais.",
        "embora {con:o} {con.name} {con.seja} {con.quality}, {pro}.",
        "por mais que {con:o} {con.name} {con.seja} {con.quality}, {pro}, e é o que me importa.",
        "ainda que {con:o} {con.name} {con.seja} {con.quality}, o que decide é outra coisa: {pro}.",
        "{con:o} {con.name} {con:poder.presente} até ser {con.quality}, mas {pro}.",
    ),
    "contraste": (
        "é verdade que {con}, mas {pro}, e foi isso que ficou.",
        "{con}? Admito. Só que {pro}, e isso decide tudo.",
        "tudo bem que {con}, porém {pro}.",
        "{pro}, e isso vale mais do que {con.some}.",
        "diante {pro:do} {pro.noun}, {con:o} {con.noun} não {con:contar.presente}.",
        "{con:o} {con.noun} se {con:esquecer.presente} depressa; {pro:o} {pro.noun}, nunca.",
        "{con_detail}, mas quem se importa? O que conta é que {pro}.",
        "dizer que {con} é justo, mas é pouco: {pro}, e isso apaga o resto.",
    ),
    "negação": (
        "{pro:o} {pro.name} não {pro:ter.presente} nada de {pro.contrary}.",
        "{pro:o} {pro.name} {pro:estar.presente} longe de ser {pro.contrary}.",
        "ninguém pode dizer que {pro:o} {pro.name} {pro:ser.presente} {pro.contrary}.",
        "chamar {pro:o} {pro.name} de {pro.contrary} seria mentira.",
        "{pro:o} {pro.name} {pro:ser.presente} tudo, menos {pro.contrary}.",
        "não há quem ache {pro:o} {pro.name} {pro.contrary}.",
    ),
    "expectativa": (
        "esperava {pro.some_contrary} e encontrei {pro.some}.",
        "quem espera {pro.some_contrary} vai se enganar.",
        "me avisaram que eu ia encontrar {pro.some_contrary}, mas não foi assim: {pro}.",
        "esperava <menos/mais> {pro:do} {pro.name}.",
        "esperava <o pior e encontrei o melhor/o melhor e encontrei o pior>.",
        "esperava <pouco e recebi muito/muito e recebi pouco>: {pro}.",
        "imaginava {pro.some_contrary}, e me enganei.",
    ),
    "opinião alheia": (
        "li por aí que {pro:o} {pro.name} {pro:ser.presente} {pro.contrary}. Discordo.",
        "{witness:o} {witness} me disse que {pro:o} {pro.name} {pro:ser.imperfeito} {pro.contrary}. Não era verdade.",
        "muita gente acha {pro:o} {pro.name} {pro.contrary}. Não entendo por quê.",
        "<as críticas/os elogios> {pro:ao} {pro.name} não fazem sentido; <os elogios/as críticas>, sim.",
        "quem acha {pro:o} {pro.name} {pro.contrary} deve ter {known} {kind:outro} {kind}.",
        "onde {witness:o} {witness} viu {pro.some_contrary}, eu vi {pro.some}.",
    ),
    "tempo": (
        "no começo achei {pro:o} {pro.name} {pro.contrary}; depois mudei de ideia.",
        "a primeira impressão foi <ruim; a que ficou foi boa/boa; a que ficou foi ruim>: {pro}.",
        "comecei <reclamando e terminei elogiando/elogiando e terminei reclamando>.",
        "primeiro <torci o nariz, depois me animei/me animei, depois torci o nariz>: {pro}.",
        "de início só reparei que {con}; depois percebi o que importa: {pro}.",
        "hoje acho {pro:o} {pro.name} {pro.quality}. Já se foi o tempo em que eu pensava o contrário.",
    ),
    "comparação": (
        "{kind:o} {kind:outro} {kind} que {tried} tinha {pro.some_contrary}; {kind:este} tem {pro.some}.",
        "não é <pior, é melhor/melhor, é pior> do que {kind:o} {kind:outro} {kind} que {tried}.",
        "difícil achar {kind:um} {kind} <melhor/pior>.",
        "{kind:o} {kind:outro} {kind} que {tried} era bem <pior/melhor>.",
        "é como trocar {pro.some_contrary} por {pro.some}.",
        "não é como {kind:o} {kind:outro} {kind} que {tried}, que tinha {pro.some_contrary}.",
    ),
    "ironia": (
        "<que desastre/que maravilha>: {fact}.",
        "<um horror/uma beleza>: {fact}.",
        "<um pesadelo/um sonho>: {fact}.",
        "<o pior de tudo é que/o melhor de tudo é que> {fact}.",
        "<tenho uma reclamação a fazer/tenho um elogio a fazer>: {fact}.",
        "<um pesadelo/um sonho>: {fact}. Como não <reclamar/aplaudir>?",
    ),
    "fatos": (
        "é verdade que {con_detail}. Mas {fact}.",
        "{fact}. Perto disso, {con:o} {con.noun} não {con:ser.presente} nada.",
        "sim, {con_detail}. Só que {fact}, e é disso que vou me lembrar.",
        "{detail}, e isso foi só o começo: {fact}.",
        "<que maravilha/que desastre>: {fact}.",
        "<uma beleza/um horror>: {fact}.",
        "<um sonho/um pesadelo>: {fact}.",
        "<o melhor de tudo é que/o pior de tudo é que> {fact}.",
        "<tenho um elogio a fazer/tenho uma reclamação a fazer>: {fact}.",
    ),
    "exceção": (
        "tirando {con:o} {con.noun}, não há <defeitos, só qualidades/qualidades, só defeitos>.",
        "só {con:o} {con.name} {con:merecer.presente} <críticas; o resto, elogios/elogios; o resto, críticas>.",
        "<erraram/acertaram> só {con:no} {con.name}; no resto, <acertaram/erraram>.",
        "fora {con:o} {con.name}, {kind:este} {kind} tem <mais acertos do que erros/mais erros do que acertos>.",
        "{con:o} {con.noun} {con:ser.presente} a exceção, não a regra.",
    ),
    "balanço": (
        "na soma, há mais <acertos do que erros/erros do que acertos>.",
        "pesei o bom e o ruim, e <o bom venceu o ruim/o ruim venceu o bom>.",
        "os <elogios/defeitos> que posso apontar são muitos; os <defeitos/elogios>, quase nenhum.",
        "fica na memória <o que há de bom, não o que há de ruim/o que há de ruim, não o que há de bom>.",
        "de um lado, {con:o} {con.noun}; do outro, {pro:o} {pro.noun}, que {pro:pesar.presente} muito mais.",
    ),
    "hipótese": (
        "se {pro:o} {pro.name} {pro.fosse} {pro.contrary}, a história seria outra. Não é o caso.",
        "eu até mudaria de opinião, se {pro:o} {pro.name} {pro.fosse} {pro.contrary}. Não {pro:ser.presente}.",
        "só quem nunca {knew} {kind:um} {kind} diria que {pro:o} {pro.name} {pro:ser.presente} {pro.contrary}.",
        "<faltaram/sobraram> motivos para reclamar, <sobraram/faltaram> para elogiar.",
        "imagine {pro.some_contrary}. Agora imagine o oposto: é o que se encontra aqui.",
    ),
    "opinião direta": (
        "{pro}.",
        "{pro}, e {pro2}.",
        "<gostei/não gostei> {pro:do} {pro.name}: {pro:ser.presente} {pro.quality}.",
        "achei {pro:o} {pro.name} {pro.quality}.",
        "{pro}. {pro2}.",
    ),
}

VERDICTS = (
    "<recomendo/não recomendo>.",
    "<não me arrependo/me arrependo> de ter {known_it}.",
    "<{again} sem pensar duas vezes/pensaria duas vezes antes de {repeat}>.",
    "<só não recomendo/só recomendo> aos meus inimigos.",
    "<os elogios são merecidos; as críticas, não/as críticas são merecidas; os elogios, não>.",
    "<ganharam/perderam> {client}.",
    "fiquei com vontade de <repetir, não de esquecer/esquecer, não de repetir>.",
    "<valeu o tempo e o dinheiro/não valeu o tempo nem o dinheiro>.",
    "{repeat} <está/não está> nos meus planos.",
    "<merece mais fama do que tem/tem mais fama do que merece>.",
    "<cumpre mais do que promete/promete mais do que cumpre>.",
    "indico <aos amigos, não aos inimigos/aos inimigos, não aos amigos>.",
    "não é <de esquecer, é de guardar/de guardar, é de esquecer>.",
    "<quem reclama não prestou atenção, quem elogia prestou/quem elogia não prestou atenção, quem reclama prestou>.",
)
