"""The words of the questions: things and what they are for, kinds of things, opposites, who does what and where."""

# thing: what it is: what it is for
THINGS = """
a peneira: um utensílio com furinhos: separar o que é fino do que é grosso
a bússola: um instrumento com uma agulha imantada: mostrar onde fica o norte
o guarda-chuva: um objeto de pano e varetas: proteger da chuva
a tesoura: uma ferramenta de duas lâminas: cortar papel, pano e fios
o martelo: uma ferramenta pesada com cabo: bater pregos
a escada: uma estrutura com degraus: alcançar lugares altos
o termômetro: um instrumento de medida: medir a temperatura
o relógio: um instrumento com ponteiros ou números: mostrar as horas
a balança: um instrumento de medida: medir o peso das coisas
o travesseiro: uma almofada macia: apoiar a cabeça ao dormir
a vassoura: um objeto de cabo comprido: varrer o chão
o dicionário: um livro de palavras: procurar o que elas querem dizer
o mapa: um desenho de um lugar: encontrar caminhos
a lupa: uma lente com cabo: ver de perto coisas pequenas
o telescópio: um instrumento com lentes: observar as estrelas
o microscópio: um instrumento com lentes: ver o que os olhos não alcançam
a geladeira: um aparelho que esfria: conservar os alimentos
o fogão: um aparelho com chamas: cozinhar os alimentos
o liquidificador: um aparelho com lâminas que giram: bater e misturar alimentos
a panela: um recipiente de metal: cozinhar a comida
a chaleira: um recipiente com bico: ferver água
o abridor: um utensílio de cozinha: abrir latas e garrafas
o funil: um utensílio em forma de cone: passar líquidos para uma garrafa
a agulha: uma haste fina de metal: costurar
o botão: uma peça pequena e redonda: fechar a roupa
o zíper: um fecho de dentes: abrir e fechar roupas e bolsas
a âncora: uma peça de ferro muito pesada: prender o barco no lugar
o remo: uma pá de cabo longo: mover o barco
a rede: um pano preso pelas pontas: descansar e dormir
o berço: uma cama pequena com grades: deitar um bebê
a mochila: uma bolsa de levar nas costas: carregar livros e objetos
a lanterna: uma luz que se leva na mão: enxergar no escuro
a vela: um bastão de cera com pavio: iluminar
o extintor: um cilindro vermelho: apagar o fogo
o semáforo: um sinal de três luzes: organizar o trânsito
a ponte: uma construção sobre o rio: passar de uma margem à outra
o farol: uma torre com luz: guiar os navios à noite
o poço: um buraco fundo na terra: tirar água
a cerca: uma fileira de estacas: separar um terreno do outro
a biblioteca: um lugar cheio de livros: ler e pegar livros emprestados
o hospital: um lugar com médicos e enfermeiros: tratar dos doentes
a farmácia: uma loja de remédios: comprar o que o médico receitou
o correio: um serviço de entregas: enviar cartas e pacotes
o museu: um lugar com coleções: conhecer a arte e a história
a escola: um lugar com professores: aprender
o aeroporto: um lugar com pistas: embarcar em aviões
a padaria: uma loja com forno: comprar pão
o celeiro: um galpão da fazenda: guardar os grãos
a estufa: uma casa de vidro: cultivar plantas no calor
o aquário: um tanque de vidro: criar peixes
o regador: um balde com bico furado: molhar as plantas
a enxada: uma ferramenta de cabo longo: cavar e capinar a terra
o ancinho: uma ferramenta com dentes: juntar as folhas secas
a serra: uma lâmina com dentes: cortar madeira
o alicate: uma ferramenta de aperto: segurar e torcer fios
a chave de fenda: uma ferramenta de ponta chata: apertar parafusos
a régua: uma barra com marcas: medir e traçar linhas retas
o apontador: um objeto com uma lâmina pequena: fazer a ponta do lápis
a borracha: um objeto macio: apagar o que se escreveu a lápis
o caderno: um conjunto de folhas presas: escrever e desenhar
o envelope: uma capa de papel: guardar uma carta
o selo: um papelzinho com cola: pagar o envio da carta
o apito: um instrumento de sopro pequeno: dar um sinal
o sino: uma peça de metal em forma de taça: chamar as pessoas
o microfone: um aparelho de som: aumentar a voz
o ventilador: um aparelho com hélice: refrescar o ar
o cobertor: um pano grosso: aquecer na cama
o pente: um objeto com dentes: arrumar os cabelos
a escova de dentes: uma escova pequena com cabo: limpar os dentes
o sabonete: um pedaço de sabão perfumado: lavar o corpo
a toalha: um pano que absorve a água: secar o corpo
o espelho: um vidro que reflete: ver a própria imagem
os óculos: um par de lentes com armação: enxergar melhor
o capacete: um chapéu duro: proteger a cabeça
o colete salva-vidas: um colete que flutua: não afundar na água
o paraquedas: um pano enorme com cordas: descer devagar do céu
"""

KINDS = {
    "a fruta": "banana, maçã, uva, pera, manga, abacaxi, laranja, goiaba, mamão, caju, morango, melancia, jabuticaba",
    "o legume": "cenoura, batata, abobrinha, berinjela, chuchu, beterraba, pepino, mandioquinha, nabo, quiabo",
    "o animal": "cavalo, gato, tartaruga, macaco, elefante, coelho, jacaré, onça, galinha, vaca, tatu, capivara, anta",
    "a cor": "azul, vermelho, verde, amarelo, roxo, branco, preto, cinza, marrom, rosa, laranja, bege",
    "a profissão": "médico, padeiro, professor, pedreiro, costureira, motorista, jornalista, dentista, músico",
    "o móvel": "mesa, cadeira, armário, cama, sofá, estante, cômoda, escrivaninha, banco, poltrona, criado-mudo",
    "o meio de transporte": "ônibus, trem, bicicleta, navio, avião, metrô, carro, canoa, caminhão, barco, moto, bonde",
    "o instrumento musical": "violão, piano, flauta, tambor, pandeiro, violino, sanfona, cavaquinho, clarinete, harpa",
    "a peça de roupa": "camisa, calça, saia, casaco, meia, vestido, bermuda, blusa, paletó, cachecol, gravata, pijama",
    "a ferramenta": "martelo, serrote, alicate, enxada, chave de fenda, furadeira, pá, machado, lixa, plaina, torquês",
    "o esporte": "futebol, vôlei, natação, basquete, rúgbi, judô, ginástica, handebol, atletismo, surfe, remo, xadrez",
    "a flor": "rosa, margarida, cravo, girassol, camélia, orquídea, lírio, hortênsia, azaleia, dália, tulipa, jasmim",
    "a bebida": "água, leite, café, chá, suco, limonada, chocolate quente, vitamina, mate, refresco, água de coco",
    "a parte do corpo": "braço, perna, cabeça, mão, pé, joelho, cotovelo, nariz, orelha, ombro, pescoço, dedo, barriga",
    "o pássaro": "sabiá, bem-te-vi, canário, pardal, tucano, arara, curió, andorinha, beija-flor, periquito, coruja",
}

OPPOSITES = (
    "alto baixo, claro escuro, quente frio, grande pequeno, rápido lento, cheio vazio, novo velho, limpo sujo, rico "
    "pobre, fácil difícil, leve pesado, seco molhado, duro mole, largo estreito, grosso fino, doce amargo, forte "
    "fraco, aberto fechado, bonito feio, alegre triste, comprido curto, corajoso medroso, barulhento silencioso, "
    "gordo magro, longe perto, dentro fora, cedo tarde, sempre nunca, muito pouco, tudo nada, antes depois, subir "
    "descer, entrar sair, chegar partir, abrir fechar, ligar desligar, ganhar perder, rir chorar, lembrar esquecer, "
    "dormir acordar, comprar vender, perguntar responder, amor ódio, dia noite, guerra paz, verdade mentira, início "
    "fim, norte sul, direita esquerda, vitória derrota, calmo agitado, generoso egoísta, cru cozido, liso áspero, "
    "raso fundo, úmido árido, educado grosseiro, raro comum, falso verdadeiro, visível invisível, possível "
    "impossível, justo injusto"
)

FEMININES = (
    "menino menina, gato gata, professor professora, ator atriz, rei rainha, avô avó, irmão irmã, cantor cantora, leão "
    "leoa, galo galinha, homem mulher, pai mãe, boi vaca, príncipe princesa, herói heroína, cidadão cidadã, freguês "
    "freguesa, vizinho vizinha, aluno aluna, médico médica, cozinheiro cozinheira, doutor doutora, campeão campeã, "
    "conde condessa, padrinho madrinha, bode cabra, carneiro ovelha, cachorro cachorra, escritor escritora, pintor "
    "pintora, primo prima, tio tia, sobrinho sobrinha, amigo amiga, padeiro padeira, vendedor vendedora, dançarino "
    "dançarina, costureiro costureira, diretor diretora, jogador jogadora, pescador pescadora, filho filha, neto "
    "neta, noivo noiva"
)
QUALITIES = (
    "alegre, cansado, esperto, simpático, velho, jovem, curioso, educado, forte, tímido, gentil, brincalhão, "
    "trabalhador, feliz, bonito, calmo, corajoso, elegante, sincero, distraído, sonhador, paciente, animado, bondoso"
)
NOUNS = (
    "o animal, a flor, o balão, o pão, a mão, o lápis, o farol, o anel, o caracol, o túnel, a luz, a nuvem, o jardim, "
    "o botão, a maçã, o papel, o chapéu, o jornal, o hotel, o barril, a canção, o coração, a lição, o avião, o trem, a "
    "viagem, a imagem, o pudim, o cantor, a cor, o mar, o colar, a colher, o par, a voz, o nariz, a cruz, o mês, o "
    "país, o barco, a casa, o livro, a janela, a mesa, o copo, o dente, o sofá, o café, a avó, o irmão, a irmã, o "
    "cão, o lençol, o girassol, o carretel, o pincel, o quintal, o sinal, o avental, a praça, o vagão, o limão, o "
    "degrau, a rua"
)
LOOKS = "bonito, novo, velho, pequeno, grande, simples, antigo, comum, especial, diferente, bom, famoso, estranho"

ACTIVITIES = (
    "brincar no quintal, correr na praia, abrir a janela, lavar a louça, contar uma história, dormir cedo, plantar uma "
    "árvore, ler o jornal, desenhar um barco, vender frutas, escrever uma carta, ouvir música, tocar violão, fazer um "
    "bolo, subir a ladeira, pedir ajuda, perder o trem, trazer o pão, servir o almoço, cobrir a mesa, construir uma "
    "casa, varrer a calçada, cantar no coro, descobrir um segredo, sair de casa, cair na areia, dividir o lanche, "
    "beber água, comer uma fruta, seguir o caminho, pintar a cerca, limpar a cozinha, passear na praça, esperar o "
    "ônibus, nadar no rio, colher laranjas, arrumar a mala, chegar à escola, conhecer a cidade, encontrar a chave, "
    "dançar no salão, ver as estrelas, pôr a mesa, consertar a bicicleta, costurar uma camisa, responder à pergunta, "
    "vestir o casaco"
)
SUBJECTS = (
    "o menino, a menina, o professor, a professora, o vizinho, a vizinha, o pescador, a costureira, o padeiro, a "
    "médica, o meu irmão, a minha irmã, o jardineiro, a cantora, o motorista, a jornalista, o carteiro, a enfermeira, "
    "o meu primo, a minha tia, o pintor, a bailarina"
)
GOODS = (
    "a laranja, o lápis, a figurinha, o livro, a maçã, o botão, a concha, o selo, a bala, o pão, a flor, o limão, a "
    "fita, o balão, o pião, o caderno, a banana, o ovo, a semente, o copo"
)
PLACES = (
    "na feira, no mercado, na quitanda, na loja da esquina, no centro da cidade, no armazém, no bazar da escola, na "
    "vendinha, na cooperativa, na rua do comércio, na galeria, no mercadinho, na barraca da praça"
)
DAYS = "segunda-feira, terça-feira, quarta-feira, quinta-feira, sexta-feira, sábado, domingo"
MONTHS = "janeiro, fevereiro, março, abril, maio, junho, julho, agosto, setembro, outubro, novembro, dezembro"
# kinds so near that a word of one may pass for one of the other
NEAR = ({"o animal", "o pássaro"}, {"a fruta", "o legume"})
# command / infinitive / what may follow
REQUESTS = (
    "me passa/me passar/o sal, a faca, o pano, a jarra, o açúcar, a toalha, a salada, o guardanapo",
    "me empresta/me emprestar/a caneta, o livro, a bicicleta, o guarda-chuva, o carregador, a borracha, a furadeira",
    "me mostra/me mostrar/o caminho, a foto, o mapa, a receita, o desenho, o recibo, o seu caderno",
    "me traz/me trazer/um copo de água, a conta, o cardápio, uma cadeira, o jornal, um cobertor, as chaves",
    "me devolve/me devolver/o meu casaco, a minha mochila, o troco, a panela, o meu lugar, a tesoura",
    "fecha/fechar/a porta, a janela, a gaveta, o portão, a torneira, a cortina, o livro",
    "abre/abrir/a porta, a janela, o vidro, o portão, a caixa, a mala",
    "abaixa/abaixar/o som, o volume, a televisão, a voz, a música",
    "espera/esperar/um minuto, a sua vez, do lado de fora, na sala, mais um pouco",
    "me explica/me explicar/a lição, o problema, o regulamento, a tarefa, o caminho, essa conta",
)
EVENTS = "a reunião, o ensaio, a aula de violão, o jantar, a consulta, o jogo, a visita, o passeio, a festa, a entrega"
