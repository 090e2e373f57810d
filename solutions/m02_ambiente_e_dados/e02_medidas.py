"""m02.e02 · Medir tempo e memória

30 minutos · dificuldade 2 de 5 · precisa de: nada
pode usar: numpy, time, tracemalloc
na biblioteca: nenhuma peça, porque as de lá (tinyllm.course.measure) medem a resposta de um
    exercício no trabalho dele

Por que importa: “ficou mais rápido” é a frase que mais engana nesta profissão. A primeira chamada
compila e lê do disco, outro programa acorda no meio, a máquina esquenta e fica mais lenta: sem
cuidado, mede-se o azar. Com três cuidados simples as medidas se repetem, e só então vale a pena
comparar.

O que fazer: complete as três funções.
"""

import time
import tracemalloc


def fastest(functions, turns, clock=time.perf_counter):
    """funções sem argumentos, inteiro -> lista: o menor tempo de cada função.

    Primeiro cada função é chamada uma vez, sem contar: é o aquecimento. Depois vêm `turns` rodadas,
    e em cada uma as funções se alternam: uma chamada de cada, na ordem em que vieram, medida por
    clock() antes e depois dela. O que atrapalhar a máquina por um segundo atrapalha a todas. De
    cada função fica o menor tempo: o ruído só sabe somar.
    """
    # --- sua vez
    for function in functions:
        function()
    times = [[] for _ in functions]
    for _ in range(turns):
        for function, of_function in zip(functions, times, strict=True):
            began = clock()
            function()
            of_function.append(clock() - began)
    return [min(of_function) for of_function in times]
    # --- fim


def peak_bytes(function):
    """função sem argumentos -> inteiro: quantos bytes houve em uso, no pior momento, enquanto ela
    rodou.

    O tracemalloc do Python conta: start() começa, get_traced_memory() devolve (em uso agora, o
    pico), e stop() termina. Ele atrasa tudo o que roda, e por isso tem de parar mesmo que a função
    levante um erro, que segue para quem chamou. Por exemplo, uma função que cria um array de 8 MB,
    joga-o fora e cria um de 3 MB tem um pico de 8 MB.
    """
    # --- sua vez
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # --- fim


def tokens_per_second(tokens, seconds, warm_up):
    """(N,) tokens, (N,) segundos, inteiro -> número: a velocidade de um treino, sem os `warm_up`
    primeiros passos.

    É o total dos tokens dividido pelo total dos segundos. A média das velocidades de cada passo
    daria peso demais aos passos rápidos: 100 tokens em 1 s e mais 100 em 3 s são 200 em 4 s, 50 por
    segundo, e não a média de 100 e 33.
    """
    # --- sua vez
    return tokens[warm_up:].sum() / seconds[warm_up:].sum()
    # --- fim
