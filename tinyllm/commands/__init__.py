"""The commands: which there are and what the help says of each, without importing what they need.

The file of a command has a function `declare_NAME(parser)`, which gives it its options and the function to call; in
NAME a dash is an underscore.
"""

COMMANDS = {  # name: its file, and its line of the help
    "quickstart": ("training", "do texto ao modelo que escreve, em 2 a 6 minutos"),
    "train": ("training", "treina um modelo, ou continua um treino"),
    "finetune": ("finetuning", "adapta um modelo treinado, e guarda só o que ele aprende de novo"),
    "merge": ("finetuning", "põe o que um modelo adaptado aprendeu nos pesos da sua base"),
    "compare-methods": ("finetuning", "adapta uma base por todos os métodos, e diz o que cada um dá e pede"),
    "sweep": ("searching", "treina com cada um de alguns valores, e os põe numa tabela"),
    "speedrun": ("records", "treina com uma receita e a põe ao lado das que já foram tentadas"),
    "find-rate": ("searching", "procura a taxa de aprendizado por onde começar"),
    "launch": ("launch", "treina com vários processos, nesta máquina ou em várias"),
    "estimate": ("planning", "diz quanta memória um modelo pede, e o maior lote que cabe"),
    "plan": ("planning", "diz em quanto tempo, e em quanta memória, muitos dispositivos treinam um modelo"),
    "report": ("monitoring", "faz uma página das curvas e amostras de um treino, ou de vários lado a lado"),
    "compare": ("training", "treina vários modelos no mesmo texto e os põe lado a lado"),
    "generate": ("writing", "escreve a continuação de um texto"),
    "evaluate": (
        "evaluating",
        "mede um treino, ou vários lado a lado, com intervalos: o que é real, o que já estava no treino",
    ),
    "fill": ("reading", "adivinha o que falta num texto, onde ele tem ___ (BERT, T5)"),
    "classify": ("reading", "diz o rótulo de um texto; sem texto, mede o modelo e mostra onde ele falha"),
    "attention": ("reading", "mostra para onde um modelo olha ao ler um texto; de um T5, também ao escrever"),
    "compress": ("compress", "faz de um treino um modelo menor, de 8, 4 ou 3 bits por peso"),
    "package": ("packaging", "faz de um treino um só arquivo, para dar a outros; ou mostra o que há num"),
    "export": ("exporting", "escreve um modelo treinado em ONNX, para outros programas o rodarem"),
    "tokenizer": ("text", "treina, usa e converte tokenizadores"),
    "data": ("data", "gera, baixa, limpa, divide e empacota textos"),
    "course": ("course", "o curso: onde estou, o que vem a seguir, testar, dicas"),
    "check-gradient": ("checking", "confere o gradiente de uma operação sua, por diferenças centrais"),
    "doctor": ("machine", "examina esta máquina: o que há, o que falta, o que fazer"),
    "bench": ("bench", "mede o que esta máquina consegue, em rodadas lado a lado"),
}
