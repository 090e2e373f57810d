"""The words of the stories, by what a story may do with them. Within a row the common words come first.

A noun stands with its article, which carries gender and number; an adjective stands in the masculine singular. Some
rows exist twice: children live in the world "gente", animals in the world "bichos", and the rest is common to both.
"""

NAMES_MASCULINE = (
    "Davi, Tico, Pedro, Léo, João, Beto, Caio, Miguel, Rafa, Tom, Lucas, Juca, Theo, Bento, Duda, Nino, Hugo, "
    "Otávio, Zeca, Igor, Tadeu, Vítor, Samuel, Chico, Joaquim, Gael, Murilo, Dudu, Ravi, Heitor, Artur, Enzo, "
    "Francisco, Benício, Tonico, Kauê, Gustavo, Cauã, Raul, Jorge, Emanuel, Yuri, Nicolau, Valentim, Fred, Quim, "
    "Sebastião, Martim, Anselmo, Baltazar, Leonardo, André, Bruno, Carlos, Daniel, Eduardo, Felipe, Gabriel, "
    "Henrique, Ícaro, Jonas, Kaíque, Lourenço, Marcelo, Nélson, Oscar, Paulo, Quirino, Renato, Sérgio, Tiago, "
    "Ulisses, Vicente, Wagner, Xavier, Zacarias"
)
NAMES_FEMININE = (
    "Ana, Nina, Clara, Lia, Bia, Maria, Luna, Rosa, Júlia, Lola, Mel, Sofia, Alice, Tita, Cecília, Helena, Teca, "
    "Iara, Lila, Dora, Manuela, Lívia, Malu, Isabel, Gabi, Heloísa, Zuzu, Marina, Antônia, Olívia, Janaína, Pilar, "
    "Cora, Elisa, Valentina, Jussara, Raquel, Aurora, Mirela, Catarina, Yasmin, Fifi, Serena, Joana, Filó, Estela, "
    "Tarsila, Carolina, Zélia, Quitéria, Beatriz, Lorena, Camila, Dalila, Noemi, Rebeca, Vitória, Eduarda, Flora, "
    "Gilda, Iolanda, Kátia, Letícia, Micaela, Nair, Renata, Simone, Tereza, Úrsula, Conceição, Benedita, Laís"
)

NOUNS = {
    # -- things that a child carries
    "toy": (
        "a bola, a boneca, o carrinho, a peteca, o pião, o urso de pelúcia, a corda, o barquinho, a flauta, o "
        "tambor, o trenzinho, o palhaço de pano, o ioiô, a bolinha de gude, o baralho, o robô, o fantoche, os "
        "patins, a gaita, a raquete, o chocalho, o bilboquê, o caminhão de madeira, a marionete, o pandeiro, o avião "
        "de papel, o soldadinho de chumbo, o quebra-cabeça, o cavalo de pau"
    ),
    "keepsake": (
        "o chapéu, o boné, o lenço, a pulseira, o cachecol, o colar, o apito, o gorro, as luvas, o anel, o broche, a "
        "medalha, o relógio, a fita, o chaveiro, a mochila, a tiara, o cinto, as meias, a presilha, os óculos, a "
        "carteira, o medalhão, a concha, a capa, o suspensório, o laço, a bússola, o amuleto, a pena"
    ),
    "flyer": (
        "a pipa, a bola, a peteca, o balão, o avião de papel, o chapéu, o boné, o lenço, o disco, a boina, o "
        "cata-vento, o paraquedas, o bumerangue, a sombrinha, a bandeirinha"
    ),
    "fragile": (
        "o vaso, a xícara, a jarra, o prato, o bule, a tigela, o pote, a travessa, o jarro, a caneca, o castiçal, o "
        "açucareiro, a moringa, a estatueta, a saladeira, a floreira"
    ),
    "machine": (
        "o carrinho, o trenzinho, o barquinho, o robô, o caminhão, o patinete, o carrossel de corda, o triciclo, a "
        "carroça, o aviãozinho, o relógio, o velocípede, o helicóptero, o trator, o navio, a vitrola, a caixa de "
        "música, o realejo"
    ),
    "box": "o armário, o baú, a gaveta, a caixa, a cesta, o cesto, o caixote, a mala",
    "tool": (
        "a lanterna, a corda, o mapa, o apito, o caderno, a lupa, o cobertor, a garrafa de água, o lápis, o "
        "barbante, a bússola, a cesta, a toalha, o balde, a rede, o guarda-chuva, o binóculo, o sino, o livro, o "
        "cantil, a esteira, o boné, a garrafinha, a mochila, o caderninho, a caneta, a manta, a sombrinha, o "
        "espelhinho, a sacolinha"
    ),
    "gift": (
        "o desenho, o colar de sementes, a carta, a pulseira, o barquinho de papel, o cartão, a coroa de flores, a "
        "pintura, o boneco de barro, o cachecol, o poema, a caixinha, o porta-lápis, o marcador de livro, a colcha, "
        "a almofada, o chaveiro, o quadro, a lanterna de papel, o tapete, a cesta de palha"
    ),
    "craft": (
        "o pincel, a tesoura, o novelo de lã, o pedaço de pano, o lápis de cor, a caixa de tintas, o tubo de cola, a "
        "agulha, o giz de cera, o retalho, o carimbo, a régua, o rolo de barbante"
    ),
    "fixer": (
        "o martelo, o barbante, o alicate, a chave de fenda, a fita, o prego, o pedaço de arame, o elástico, o "
        "grampo, a pinça, o parafuso"
    ),
    "guard": (
        "a lanterna, a vassoura, a vela, a lupa, a lamparina, a colher de pau, a panela, a bengala, a almofada, o "
        "guarda-chuva"
    ),
    "rubbish": (
        "a garrafa, a lata, a sacola, o papel, a caixa, o copo, a tampinha, o pneu, o saco, a embalagem, o canudo, o "
        "pote, a casca, a corda, o caco, o arame, o galho, a vasilha"
    ),
    # -- food
    "fruit": (
        "a maçã, a banana, a laranja, a manga, a goiaba, a pera, a uva, a jabuticaba, o morango, a amora, o caju, a "
        "pitanga, o abacate, o pêssego, a ameixa, a acerola, o figo, a carambola, o mamão, a tangerina, o abacaxi, a "
        "graviola, o caqui, a cereja, a melancia, o coco, a romã, o limão, o melão, o cajá, a framboesa, o maracujá, "
        "a jaca, o umbu, o kiwi, a mexerica, a lichia, a nectarina"
    ),
    "dish": (
        "o bolo, a torta, o pão, a broa, a rosca, o pudim, a panqueca, o rocambole, a cuca, o biscoitão, o bolinho, "
        "o manjar, a tortinha, o pãozinho, a rosquinha, o pastelão"
    ),
    "sweet": (
        "o suco, o sorvete, o doce, a geleia, a vitamina, o refresco, o creme, a salada, a gelatina, a compota, o "
        "picolé, a marmelada"
    ),
    "vegetable": (
        "a abóbora, a cenoura, a batata, a mandioca, o repolho, o nabo, a beterraba, o rabanete, o inhame, a "
        "berinjela, a couve-flor, o aipim, o chuchu, o pepino, o alho-poró, o milho, a moranga, a batata-doce"
    ),
    "seed": (
        "o girassol, a margarida, a rosa, o tomate, o milho, o feijão, a tulipa, o morango, a abóbora, a laranjeira, "
        "a mangueira, a pitangueira, o ipê, a cerejeira, o jasmim, a goiabeira, a ameixeira, o limoeiro, a alface, a "
        "cenoura, o alecrim, o hibisco"
    ),
    # -- nature
    "flower": (
        "a margarida, a rosa, o girassol, o lírio, a violeta, o cravo, a orquídea, a tulipa, a hortênsia, a azaleia, "
        "o jasmim, a camélia, a dália, a begônia, o antúrio, a bromélia, a papoula, a petúnia, a gérbera, o "
        "amor-perfeito, a lavanda, o hibisco"
    ),
    "critter": (
        "a borboleta, o passarinho, a formiga, a joaninha, a abelha, o sapo, o grilo, a cigarra, o beija-flor, o "
        "caracol, a lagartixa, o bem-te-vi, o vaga-lume, a libélula, a pomba, o sabiá, o besouro, a lagarta, o "
        "pardal, a andorinha, a minhoca, o pica-pau, a aranha, o canário, a perereca, o gafanhoto, o tatu-bola, a "
        "garça, o tucano, o louva-a-deus, o periquito, o quero-quero, a mariposa, a arara, o colibri, o tico-tico, a "
        "maritaca, a saíra, o mico, o marimbondo, a curruíra, o pintassilgo, a codorna, o tuiuiú, a jacutinga, o "
        "mutum, a centopeia, a rã, o camaleão, o calango, a traça, a seriema, o bicudo, o azulão, a "
        "coruja-buraqueira, o martim-pescador, o ouriço"
    ),
    "cub": (
        "o pintinho, o gatinho, o patinho, o cachorrinho, o passarinho, o cordeiro, o bezerro, o cabrito, o potro, o "
        "leitão, o marreco, o burrico, o ganso, o peru"
    ),
    "bird": (
        "o passarinho, a andorinha, o sabiá, a pomba, o bem-te-vi, o canário, a coruja, o pardal, a rolinha, o "
        "periquito, a garça, o tucano, o beija-flor, o pica-pau, o curió, a maritaca, o tico-tico, a cambacica, o "
        "pintassilgo"
    ),
    "pet": (
        "o gatinho, o cachorrinho, o macaquinho, o esquilo, o porquinho, o papagaio, o ratinho, o filhote de tatu, o "
        "mico, o quati, o furão, o guaxinim, o hamster, o preá, o sagui"
    ),
    "noisy": (
        "o gato, a coruja, o sapo, o grilo, o ratinho, o morcego, o esquilo, o gambá, o besouro, o cachorro, o "
        "papagaio, o ouriço"
    ),
    "tree": (
        "a árvore, a mangueira, a laranjeira, a goiabeira, a figueira, a jabuticabeira, o coqueiro, a palmeira, o "
        "ipê, o cajueiro, a amoreira, a paineira, o pinheiro, a macieira, o eucalipto, a pitangueira, o abacateiro, "
        "a jaqueira, o jatobá, a castanheira"
    ),
    "prize": (
        "a medalha, a taça, o troféu, a bola, a coroa de flores, o livro, a bandeira, o bolo, a faixa, o diploma"
    ),
    "shape": (
        "o dragão, o castelo, a baleia, o barco, o elefante, o foguete, o cavalo, a sereia, o gigante, o pirata, o "
        "dinossauro, o camelo, o jacaré, o cisne, a girafa, a serpente"
    ),
    "shore": "a praia, a prainha, a lagoa, a enseada, a baía",
    "dream": (
        "a estrela, a nuvem, o castelo, o barco, o dragão, o arco-íris, o foguete, o tesouro, a baleia, o planeta, a "
        "fada, a ilha, o cometa, o pirata, o unicórnio, a sereia, o gigante, o golfinho, o palhaço, o cavalo, o "
        "balão, a pirâmide, o vulcão, o trem, o pinguim, o elefante, o robô, o tapete, o mago, o duende, o farol, o "
        "submarino, o astronauta, o circo, o dinossauro, a montanha, a princesa, o príncipe, o mamute, o lampião, o "
        "veleiro, a carruagem, a orquestra, o oceano, o deserto, o labirinto, a floresta, o rei, a rainha, o "
        "tubarão, a tempestade, o cavaleiro, a caravela, o telescópio, a lua, a constelação, o meteoro, a galáxia, o "
        "iglu, o vagão, a pérola, o camelo, o polvo, a estátua, o sultão, o feiticeiro, a bruxa, o gnomo, o trenó, a "
        "geleira"
    ),
    "elder": "a avó, a mãe, o avô, o pai, a tia, o tio, a madrinha, o padrinho, a bisavó, o bisavô",
    # -- times
    "weekday": (
        "o sábado, o domingo, a sexta-feira, a quarta-feira, a terça-feira, a quinta-feira, a segunda-feira, o feriado"
    ),
    "snack": "o almoço, o lanche, o café da manhã",
    "meal": "o almoço, o café da manhã, o lanche, o jantar, o descanso, a soneca",
}
WORLD_NOUNS = {
    "gente": {
        "hero": "o menino, a menina, a garota, o garoto, a menininha, o menininho",
        "friend": "o vizinho, a vizinha, a prima, o primo",
        "worker": (
            "o padeiro, o carteiro, a jardineira, a médica, o pescador, a bombeira, o bombeiro, a costureira, o "
            "carpinteiro, o jardineiro, a padeira, o sapateiro, a bibliotecária, o sorveteiro, o pipoqueiro, a "
            "feirante, o motorista, a florista, o relojoeiro, a pescadora, o pintor, a veterinária, o guarda, a "
            "engenheira, o pedreiro, a artesã, o ferreiro, a cozinheira, o mecânico, o vendedor, a pintora, o "
            "marceneiro, a escultora, o zelador, a doceira, o gari, a farmacêutica, a professora, o professor, o "
            "treinador, a diretora"
        ),
        "home": (
            "a casa, a casinha, o sítio, a fazenda, o sobrado, a chácara, o apartamento, a vila, a casa de tijolos, "
            "o casarão, o chalé, a rua calma, o prédio, o povoado, a aldeia"
        ),
        "place": (
            "o parque, a praça, o jardim, o bosque, o pomar, o campo, a pracinha, o riacho, a lagoa, o morro, o "
            "lago, o campinho, a cachoeira, o mirante, a horta, a colina, o bambuzal, o açude, o córrego"
        ),
        "spot": (
            "a árvore, o banco, a pedra, o arbusto, o portão, a cerca, o muro, a moita, o tronco, o canteiro, o "
            "poço, o poste, a roseira, a carroça, o balanço, o escorregador, a fonte, a escada, o coreto, o "
            "galinheiro, o barril, o chafariz, a gangorra, o bebedouro"
        ),
        "corner": (
            "a mesa, a cama, o armário, a janela, o sofá, a estante, a cadeira, a porta, a cômoda, o fogão, a "
            "geladeira, a cortina, a poltrona, o baú, a escrivaninha, a lareira, o guarda-roupa, a rede, o berço, a "
            "prateleira"
        ),
        "cloth": (
            "a camisa, o vestido, a calça, o casaco, a blusa, a bermuda, o macacão, a saia, o pijama, a jaqueta, o "
            "avental, o colete, a camiseta, o suéter, a fantasia, o agasalho"
        ),
    },
    "bichos": {
        "hero": (
            "o coelho, a coelha, o macaco, o rato, o gato, a gata, a tartaruga, a raposa, o urso, a ursa, o esquilo, "
            "o tatu, a onça, o leão, a leoa, a macaca, a rata, o elefante, a elefanta, o quati, a girafa, a "
            "capivara, o cachorro, a cachorra, a ovelha, o porquinho, o lobo, a loba, a zebra, o tigre, a anta, o "
            "panda, o jabuti, a cutia, o cabrito, a cabra, o cervo, a paca, o bicho-preguiça, o porco-espinho, o "
            "castor, a lontra, o tamanduá, o gambá, o lobo-guará"
        ),
        "friend": (
            "o pato, o sapo, a pata, o coelho, a coelha, o macaco, a tartaruga, o rato, a galinha, o esquilo, a "
            "raposa, o gato, a gata, o tucano, a ovelha, o jacaré, o galo, a perereca, a lebre, o cachorro, a arara, "
            "o jegue, a vaca, o cavalo, a égua, o burro, o papagaio, a lhama, o pavão, o ganso, a gansa, o camelo, o "
            "ouriço, o guaxinim, a marmota, o peru, a foca"
        ),
        "worker": (
            "a coruja, o joão-de-barro, a formiga, a abelha, a aranha, o pica-pau, o castor, o carneiro, o bode, a "
            "toupeira, a cegonha, o pelicano, a lagarta, o besouro, o rinoceronte, a cigarra, o hipopótamo, o urubu, "
            "o gavião, o búfalo, a ema, o avestruz, o boi, a garça, a gralha, o mocho, a seriema, o corvo"
        ),
        "home": (
            "a casinha, a cabana, a casa de madeira, a casa de palha, a toca, a choupana, a gruta, a caverna, a casa "
            "de pedra, a fazenda, o chalé"
        ),
        "place": (
            "a floresta, o riacho, a lagoa, o bosque, o campo, a clareira, a mata, a colina, o lago, o vale, o "
            "pomar, a campina, a serra, o brejo, o igarapé, a cachoeira, o capinzal, o bambuzal, a savana, o cerrado"
        ),
        "spot": (
            "a árvore, a pedra, o arbusto, o tronco, a moita, a figueira, o formigueiro, a palmeira, o cipó, a "
            "samambaia, o cupinzeiro, o coqueiro, a jabuticabeira, o bambu, a rocha, o toco, a bananeira, o "
            "barranco, o cogumelo, o cacto, a gruta"
        ),
        "corner": (
            "a mesa, a cama, o fogão, a janela, o baú, a rede, a cadeira, a porta, a cesta, o banquinho, o armário, "
            "a lareira, a prateleira"
        ),
        "cloth": (
            "o chapéu, o colete, o cachecol, o avental, o laço, a capa, o lenço, a gravata, o suspensório, o casaco, "
            "a boina, o gorro"
        ),
    },
}

ADJECTIVES = {
    "trait": (
        "curioso, alegre, esperto, sorridente, brincalhão, carinhoso, sapeca, simpático, gentil, sonhador, falante, "
        "travesso, animado, risonho, tagarela, educado, divertido, bondoso, distraído, estudioso, agitado, meigo, "
        "observador, teimoso, quieto, inquieto, caprichoso, trabalhador, conversador, vaidoso, engraçado, apressado, "
        "perguntador, inventivo, calmo, atento, amoroso, sensível, desajeitado, comilão, dorminhoco, inteligente, "
        "desconfiado, atrapalhado, sincero, sereno, jeitoso, encantador, delicado, esforçado, cuidadoso, "
        "criativo, organizado, obediente, ajuizado, ligeiro, fofo, bagunceiro, cauteloso, amigável, otimista, "
        "comunicativo, elegante, habilidoso, aventureiro, madrugador, discreto, gaiato, cortês, aplicado, "
        "desastrado, guloso, cantador, resmungão, chorão, musical, sabido, ativo"
    ),
    "color": (
        "vermelho, azul, amarelo, verde, colorido, branco, roxo, dourado, listrado, laranja, cor-de-rosa, brilhante, "
        "prateado, lilás, marrom, novo, cinza, pintado, cintilante, azul-marinho, turquesa, reluzente"
    ),
    "pattern": (
        "azul, vermelho, listrado, florido, amarelo, xadrez, colorido, branco, bordado, estampado, roxo, enfeitado, "
        "macio, comprido, velho, remendado, rendado, quentinho"
    ),
    "sunny": (
        "ensolarado, bonito, tranquilo, claro, quente, alegre, agradável, preguiçoso, lindo, comum, fresco, dourado, "
        "morno"
    ),
    "looks": (
        "pequeno, bonito, engraçado, colorido, enorme, lindo, ligeiro, gordinho, brilhante, comprido, apressado, "
        "verde, manso, barulhento, peludo, dourado, gracioso, azul, esquisito, delicado, magrinho, amarelo, pintado, "
        "veloz, minúsculo, elegante, cantor, saltador, rajado, valente, amigável, transparente, cinzento, orgulhoso, "
        "alaranjado, bonitinho, raro, listrado, avermelhado, azulado, bailarino, esverdeado, cabeçudo, rechonchudo, "
        "ágil, brincalhão, majestoso, misterioso, tímido, rosado, redondo, fininho, espertalhão, arisco, curioso, "
        "alegre, tagarela, cabeludo, felpudo, arrepiado"
    ),
    "sad": (
        "triste, preocupado, chateado, desanimado, aflito, quieto, cabisbaixo, decepcionado, desolado, pensativo, "
        "aborrecido, angustiado, abatido, tristonho, calado, choroso, entristecido, arrasado, amuado, apreensivo, "
        "magoado, frustrado, desconsolado, infeliz, agoniado, melancólico, macambúzio, sentido"
    ),
    "glad": (
        "feliz, contente, alegre, animado, satisfeito, radiante, encantado, orgulhoso, aliviado, emocionado, "
        "empolgado, entusiasmado, maravilhado, realizado, comovido, deslumbrado, exultante, eufórico, agradecido, "
        "sorridente, faceiro, jubiloso"
    ),
    "job": (
        "médico, professor, cantor, astronauta, inventor, cozinheiro, bailarino, escritor, pintor, cientista, "
        "jardineiro, capitão, bombeiro, músico, detetive, marinheiro, dentista, veterinário, arquiteto, ator, "
        "mágico, explorador, jornalista, fotógrafo, engenheiro, maestro, navegador, trapezista, nadador, corredor, "
        "poeta, confeiteiro, desenhista, aviador, juiz, rei, campeão, dançarino, pianista, goleiro, biólogo, "
        "agricultor, equilibrista, malabarista, violonista, sambista, repórter, mergulhador, cantador, ferreiro, "
        "alpinista, botânico, tradutor, locutor, domador, apicultor, florista, oleiro, patinador, nutricionista, "
        "enfermeiro, cineasta, ilustrador, geólogo, maquinista, caminhoneiro, compositor, flautista, percussionista, "
        "restaurador, editor, violeiro, cartunista, treinador, palhaço, alfaiate, narrador, químico, físico, "
        "filósofo, astrônomo, ceramista"
    ),
}

ACTIVITIES = {
    "activity": (
        "brincar de esconde-esconde, cantar, dançar, correr pela grama, desenhar, contar histórias, pular corda, "
        "colher flores, jogar bola, inventar histórias, brincar de roda, subir em árvores, observar as nuvens, ouvir "
        "histórias, soltar pipa, rolar na grama, tocar flauta, fazer bolhas de sabão, brincar de pega-pega, juntar "
        "conchas, procurar tesouros, colher frutas, imitar os passarinhos, assobiar, pintar, fazer castelos de "
        "areia, pescar, cuidar das plantas, saltar poças, montar cabanas, balançar na rede, construir barquinhos, "
        "resolver charadas, seguir pegadas, catar pedrinhas, cozinhar, modelar barro, tocar tambor, plantar "
        "sementes, fazer caretas, brincar de teatro, recortar figuras, visitar os vizinhos, adivinhar enigmas, "
        "alimentar os peixes, cultivar rosas, decorar versos, criar brinquedos, fotografar flores, examinar insetos, "
        "estudar mapas, mergulhar na água fria, preparar surpresas, planejar viagens, trançar cestas, regar o "
        "jardim, explicar os sonhos, vender limonada, misturar tintas, marcar trilhas, escalar pedras, organizar "
        "festas, conversar com as flores, colecionar folhas secas, passear na chuva, dar cambalhotas, perseguir "
        "borboletas, jogar dominó, descobrir caminhos, escrever versos, explorar trilhas, medir sombras, espiar os "
        "ninhos, empilhar pedras, remar, bordar, brincar de adivinhação, costurar, nadar, declamar poemas, "
        "escorregar no barranco, vestir fantasias, observar os peixes, ouvir o vento, colar figurinhas, correr atrás "
        "das ondas, ensinar truques, fazer comidinha, visitar a avó, ajudar a família"
    ),
    "stroll": (
        "brincar de esconde-esconde, cantar, pular corda, brincar de roda, correr pela grama, jogar bola, brincar de "
        "pega-pega, dançar, soltar pipa, inventar canções, rodopiar, imitar os passarinhos, subir em árvores, "
        "apostar corrida, catar pedrinhas, colher amoras, brincar de estátua, cavar buracos, empinar papagaio, jogar "
        "peteca, balançar nos galhos, deslizar na ladeira, brincar de pirata, dar piruetas, admirar a paisagem, "
        "navegar barquinhos, brincar de cabo de guerra, rolar ladeira abaixo, saltitar, trocar figurinhas, bater "
        "palmas, atravessar pontes imaginárias, girar pião, tomar banho de cachoeira, caminhar, enfeitar o jardim, "
        "passear de carroça, galopar, cheirar flores, equilibrar pedrinhas, cochichar segredos, espalhar sementes, "
        "encenar peças, esconder tesouros, gritar para ouvir o eco, juntar gravetos, chutar folhas secas, inventar "
        "passos de dança, cantarolar, vigiar as formigas, tecer coroas, pular amarelinha, brincar de cabra-cega, "
        "jogar queimada, brincar de passa-anel, jogar bolinha de gude, explorar cada canto, ensaiar danças, fazer "
        "piruetas, desenhar no chão com giz, provar frutas, brincar de casinha, erguer castelos, cruzar o campo, "
        "disputar corridas"
    ),
    "indoor": (
        "desenhar, pintar, cantar, dançar, recortar figuras, montar quebra-cabeças, empilhar blocos, inventar "
        "histórias, folhear livros, brincar de teatro, modelar massinha, fazer caretas, vestir fantasias, jogar "
        "dominó, ouvir música, enfileirar soldadinhos, colar selos, arrumar gavetas, dobrar papel, tocar flauta, "
        "brincar de rei, ler, escrever cartas, contar botões, pentear bonecas, rabiscar, enrolar novelos, pendurar "
        "desenhos, experimentar chapéus, construir torres, varrer o chão, amassar pão, espanar os livros"
    ),
    "skill": (
        "andar de bicicleta, pular corda, andar de patins, plantar bananeira, dar cambalhotas, subir em árvores, "
        "andar na corda bamba, dançar na ponta dos pés, andar de pernas de pau, saltar obstáculos, rodar bambolê, "
        "andar de patinete, jogar capoeira"
    ),
    "art": (
        "desenhar, tocar flauta, assobiar, pintar, fazer tranças, tocar violão, escrever, modelar barro, tricotar, "
        "tocar tambor, cantar, cozinhar, bordar, tocar piano, tocar sanfona, esculpir, costurar, fazer mágica, fazer "
        "dobraduras, desenhar rostos, contar piadas"
    ),
}

PHRASES = {
    "daytime": "manhã, tarde",
    "weather": (
        "de sol, bonita, de céu azul, de domingo, tranquila, de primavera, ensolarada, quente, de vento fresco, de "
        "verão, clara, de férias, de outono, luminosa, de inverno, preguiçosa, dourada, agradável, silenciosa, morna"
    ),
    "number": "três, cinco, quatro, sete, dez, seis, oito, nove, doze, vinte, quinze, onze, treze, catorze, trinta",
    "flavor": (
        "chocolate, milho, laranja, morango, banana, maçã, limão, coco, cenoura, goiaba, abóbora, mandioca, amora, "
        "mel, maracujá, canela, fubá, baunilha, ameixa, aveia, nozes, gengibre, castanha, amendoim, doce de leite"
    ),
    "scent": (
        "flor, terra molhada, mel, capim, chuva, pão quente, hortelã, jasmim, fruta madura, mato, canela, "
        "laranjeira, eucalipto, alecrim"
    ),
    "sound": (
        "toc-toc, crec-crec, plim-plim, tum-tum, nhec-nhec, zum-zum, tlim-tlim, plaft, chuá-chuá, vupt, blem-blem, "
        "fru-fru, pof"
    ),
    "softly": (
        "baixinho, com carinho, com calma, com voz mansa, devagar, com doçura, com paciência, com ternura, gentilmente"
    ),
    "gladly": (
        "sorrindo, cantando, pulando, dançando, assobiando, rindo, saltitando, cantarolando, correndo, rodopiando, "
        "gargalhando"
    ),
}
