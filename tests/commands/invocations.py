"""What the commands are tried with: at their limits, beyond them, and with broken files; `test_sweep.py` runs them all.

One invocation a line, as in a shell, in the folder that `workshop.py` makes. Behind a # stand words that the error
must have, apart by a bar. `~` is a word of 4,000 letters, `@` a number of 400 digits.
"""

REFUSED = {
    "the command itself": """
        nothing                                                      # nothing
        trian --out new                                              # trian
        --sead 3 train --out new                                     # --sead
        --seed 3 generate runs/gpt                                   # --seed
        ~                                                            # xxx
        tokenizer                                                    # train
        tokenizer lerne corpus.txt                                   # lerne
        data                                                         # generate
        data fetch x                                                 # fetch
        bench                                                        # kernels
        bench gpt                                                    # gpt
        course nothing                                               # nothing
        doctor now                                                   # now
        doctor --fast                                                # --fast
    """,
    "train: numbers": """
        train --out new --steps 0                                    # steps | 0 | 1
        train --out new --steps -1                                   # steps | -1
        train --out new --steps x                                    # steps | x
        train --out new --steps 1.5                                  # steps | 1.5
        train --out new --steps                                      # --steps
        train --out new --steps @                                    # steps
        train --out new --steps 10000000000000                       # steps
        train --out new --batch 0                                    # batch | 0
        train --out new --batch @                                    # batch
        train --out new --accumulate 0                               # accumulate | 0
        train --out new --accumulate -3                              # accumulate | -3
        train --out new --learning-rate 0                            # learning | 0
        train --out new --learning-rate -1                           # learning | -1
        train --out new --learning-rate nan                          # learning | nan
        train --out new --learning-rate inf                          # learning | inf
        train --out new --learning-rate 1e400                        # learning | 1e400
        train --out new --learning-rate 0,004                        # learning | 0,004
        train --out new --floor 2                                    # floor | 2
        train --out new --floor -0.1                                 # floor | -0.1
        train --out new --warmup -1                                  # warmup | -1
        train --out new --decay-steps -1                             # decay | -1
        train --out new --clip -1                                    # clip | -1
        train --out new --clip nan                                   # clip | nan
        train --out new --workers -1                                 # workers | -1
        train --out new --workers 1000000000000000000000000000000    # workers
        train --out new --seed -1                                    # seed | -1
        train --out new --seed @                                     # seed
        train --out new --seed x                                     # seed | x
        train --out new --ema 1                                      # ema | 1
        train --out new --ema -0.1                                   # ema | -0.1
        train --out new --curriculum                                 # --curriculum
        train --out new --curriculum random                          # random | length | difficulty
        train --out new --curriculum-steps -1                        # curriculum | -1
        train --out new --curriculum-steps 300                       # --curriculum-steps 300 | --curriculum;
        train --out new --curriculum-start 0.5                       # --curriculum-start 0.5 | --curriculum;
        train --out new --from runs/gpt --curriculum-steps 3         # --curriculum-steps 3 | --curriculum;
        train --out new --teacher runs/gpt --curriculum-steps 3      # --curriculum-steps 3 | --curriculum;
        train --plot-schedule new.svg --curriculum-steps 3           # --curriculum-steps 3 | --curriculum;
        train --out new --sample-prompt Oi                           # --sample-prompt 'Oi' | --sample-every
        train --resume runs/gpt --steps 9 --sample-prompt Oi         # --sample-prompt 'Oi' | --sample-every
        train --out new --overfit-one-batch --profile                # --profile | --overfit-one-batch
        train --out new --overfit-one-batch --curve --detect-anomaly # --detect-anomaly, --curve | --overfit-one-batch
        train --out new --curriculum length --curriculum-start 0     # curriculum | 0
        train --out new --curriculum length --curriculum-start 1.1   # curriculum | 1.1
        train --out new --curriculum length --curriculum-start nan   # curriculum | nan
        train --out new --task classify --curriculum length          # curriculum=length | labels
        train --resume runs/gpt --steps 9 --curriculum length        # --curriculum
        train --out new --overfit-one-batch 3                        # 3
        train --overfit-one-batch                                    # --out | --resume
        train --out new --label-smoothing 1                          # smoothing | 1
        train --out new --z-loss -1                                  # z-loss | -1
        train --out new --precision float8                           # precision | float8
        train --out new --precision float16 --offload all            # precision=float16 | offload=all
        train --out new --weight-decay -1                            # weight | -1
        train --out new --beta1 1                                    # beta1 | 1
        train --out new --beta2 1.5                                  # beta2 | 1.5
        train --out new --eps 0                                      # eps | 0
        train --out new --momentum 0.9                               # momentum | adamw
        train --out new --optimizer sgd --beta1 0.9                  # beta1 | sgd
        train --out new --optimizer sgd --momentum 1                 # momentum | 1
        train --out new --optimizer sgd --nesterov yes               # yes
        train --out new --optimizer lion --eps 1e-8                  # eps | lion
        train --out new --optimizer adafactor --momentum 0.9         # momentum | adafactor
        train --out new --optimizer adafactor --growth 0             # growth | 0
        train --out new --optimizer adafactor --growth 1.5           # growth | 1.5
        train --out new --optimizer muon --growth 0.8                # growth | muon
        train --out new --optimizer muon --nesterov                  # nesterov | muon
        train --out new --optimizer adagrad                          # adagrad | adamw
        train --out new --optimizer adamw8bit --momentum 0.9         # momentum | adamw8bit
        train --out new --save-every 0                               # save | 0
        train --out new --validate-every -1                          # validate | -1
        train --out new --texts 0                                    # texts | 0
        train --out new --texts -5                                   # texts | -5
        train --out new --texts @                                    # texts
        train --out new --statistics-every -1                        # statistics | -1
        train --resume runs/gpt --steps 9 --statistics-every 2 --offload optimizer       # statistics-every | offload
        train --out new --keep-last 0                                # keep | 0
        train --out new --save-in-background --offload all --texts 60 --vocab-size 300   # background | offload
        train --out new --sample-every -1                            # sample | -1
        train --out new --sample-prompt ""                           # sample | empty
        train --out new --texts 60 --vocab-size 300 --context 8 --width 8 --sample-every 1 --sample-prompt ~ # 8
        train --out new --texts 60 --vocab-size 300 --width 16 --heads 2 --model bert --sample-every 1 # sample-every=1
        train --out new --device tpu                                 # device | tpu
        train --out new --json yes                                   # yes
    """,
    "launch": """
        launch                                                       # -n
        launch -n 2                                                  # train
        launch -n 2 generate runs/gpt                                # generate | train
        launch -n 2 launch -n 2 train --out new                      # launch | train
        launch train --out new                                       # -n
        launch -n 0 train --out new                                  # -n | 0
        launch -n x train --out new                                  # -n | x
        launch -n @ train --out new                                  # -n
        launch --out new -n 2 train                                  # --out
        launch -n 2 --hosts a,,b train --out new                     # a,,b
        launch -n 2 --hosts -x train --out new                       # --hosts
        launch -n 2 train --out new --teacher runs/gpt               # --teacher | launch
        launch -n 2 train --out new --parallel dp=3                  # dp=3 | 3 | 2
        launch -n 2 train --out new --parallel np=2                  # np | dp
        train --out new --parallel dp=2                              # 2 | 1 | launch
        train --out new --parallel dp=0                              # dp=0 | 1
        train --out new --parallel zero=4                            # zero=4 | 3
        train --out new --parallel zero=1                            # zero=1
        train --out new --parallel tp                                # 'tp'
        train --out new --parallel ""                                # dp=2
        train --resume runs/gpt --parallel dp=1,dp=1                 # twice
    """,
    "check-gradient": """
        check-gradient                                               # ARQUIVO.py:NOME
        check-gradient gelu                                          # 'gelu' | FILE.py:NAME
        check-gradient nothing.py:gelu                               # nothing.py
        check-gradient folder:gelu                                   # folder
        check-gradient tinyllm.nothing:gelu                          # tinyllm.nothing
        check-gradient ~                                             # xxx | FILE.py:NAME
        check-gradient broken/binary.txt:gelu                        # binary.txt
        check-gradient tinyllm.functional.activations:gelo           # gelo | gelu
        check-gradient tinyllm.functional.activations:gelu --shapes 3x4,4   # 2 | 1
        check-gradient tinyllm.functional.activations:gelu --shapes 9999x9999   # 2000
        check-gradient tinyllm.functional.activations:gelu --shapes @   # shape
        check-gradient tinyllm.functional.activations:gelu --shapes -3  # shape
        check-gradient tinyllm.functional.activations:gelu --with eps=1 # eps
        check-gradient tinyllm.functional.activations:gelu --fixed y    # y | x
        check-gradient tinyllm.functional.activations:gelu --low 3      # low | high
        check-gradient tinyllm.functional.activations:gelu --low nan    # low | nan
        check-gradient tinyllm.functional.activations:gelu --seed -1    # seed | -1
    """,
    "find-rate": """
        find-rate --lowest 0                                         # lowest | 0
        find-rate --lowest 1 --highest 0.1                           # lowest=1.0 | highest=0.1
        find-rate --highest nan                                      # highest | nan
        find-rate --rates 2                                          # rates | 3
        find-rate --rates @                                          # rates
        find-rate --out new                                          # --out
        find-rate --plot x                                           # x | .svg
        find-rate --heads 3 --width 16                               # heads | 3
        find-rate --corpus nothing.txt                               # nothing.txt
        find-rate --from nothing                                     # nothing
        find-rate --distill hidden                                   # --distill | --teacher
        find-rate --curriculum-start 0.3                             # --curriculum-start 0.3 | --curriculum;
    """,
    "sweep": """
        sweep                                                        # OPÇÃO
        sweep seed=0,1                                               # --out
        sweep --out new                                              # OPÇÃO
        sweep --out new seed                                         # 'seed' | learning-rate=
        sweep --out new =1                                           # '=1'
        sweep --out new sead=1                                       # sead | seed
        sweep --out new out=a,b                                      # out | train
        sweep --out new mine=true                                    # mine
        sweep --out new seed=                                        # seed
        sweep --out new seed=0,x                                     # seed | x
        sweep --out new seed=0,-1                                    # seed | -1
        sweep --out new seed=0,0                                     # seed=0
        sweep --out new learning-rate=0.001,1e-3                     # learning-rate=0.001
        sweep --out new corpus=a/b.txt,a-b.txt                       # corpus=a-b.txt
        sweep --out new seed=0 seed=1                                # seed | twice
        sweep --out new seed=0 --seed 1                              # seed
        sweep --out new nesterov=1,0 --optimizer sgd                 # nesterov | true
        sweep --out new momentum=0.5,0.9                             # momentum | adamw
        sweep --out new heads=2,3 --width 16                         # heads=3 | 16
        sweep --out new seed=0 --profile                             # --profile
        sweep --out runs/gpt seed=0                                  # runs/gpt
        sweep --out corpus.txt seed=0                                # corpus.txt
        sweep --out new seed=0 --plot x                              # x | .svg
        sweep --out "" seed=0                                        # empty
        sweep --out new seed=0 --corpus nothing.txt                  # corpus=nothing.txt
        sweep --out new corpus=corpus.txt,nothing                    # corpus=nothing
        sweep --out new seed=0 --from nothing                        # nothing | --out
        sweep --out new teacher=runs/gpt,nothing                     # nothing | --out
        sweep --out new distill=logits,none                          # --distill | --teacher
        sweep --out new curriculum-steps=10,20                       # --curriculum-steps 10 | --curriculum;
        sweep --out new seed=0 --from runs/gpt --sample-prompt Oi    # --sample-prompt 'Oi' | --sample-every
    """,
    "train: models": """
        train --out new --vocab-size 0                               # vocab | 0
        train --out new --vocab-size 100                             # vocab | 100
        train --out new --vocab-size 100000000000000000000           # vocab
        train --out new --context 0                                  # context | 0
        train --out new --context @                                  # context
        train --out new --layers 0                                   # layers | 0
        train --out new --layers 1000000000                          # layers | 1000000000
        train --out new --heads 0                                    # heads | 0
        train --out new --heads 3 --width 16                         # heads | 3
        train --out new --heads x                                    # heads | x
        train --out new --width 0                                    # width | 0
        train --out new --width 10000000000                          # width
        train --out new --dropout 1                                  # dropout | 1
        train --out new --dropout -0.5                               # dropout | -0.5
        train --out new --dropout nan                                # dropout | nan
        speedrun                                                     # --out
        speedrun --out new --model gtp                               # gtp | gpt
        speedrun --out runs/gpt --width 32                           # width
        speedrun --out corpus.txt                                    # corpus.txt
        speedrun --out runs/gpt --from runs/rnn                      # runs/gpt | --from
        speedrun --out new --distill-weight 0.9                      # --distill-weight | --teacher
        train --out new --kv-heads 2                                 # kv-heads | gpt
        train --out new --model llama --kv-heads 3                   # kv | 3
        train --out new --model llama --kv-heads 0                   # kv | 0
        train --out new --model llama --hidden 0                     # hidden | 0
        train --out new --model llama --width 6 --heads 2            # width
        train --out new --model rnn --heads 2                        # heads | rnn
        train --out new --model lstm --kv-heads 2                    # kv-heads | lstm
        train --out new --model bert --positions round               # positions | round
        train --out new --model bert --decoder-layers 2              # decoder-layers | bert
        train --out new --model t5 --decoder-layers 0                # decoder | 0
        train --out new --model gtp                                  # gtp | gpt
        train --out new --model                                      # --model
        train --out new --task read                                  # read | language
        train --out new --task classify --class-weights rare         # rare | balanced
        train --out new --class-weights balanced                     # class-weights | language
        train --out new --task instruct --beta 0.2                   # beta | instruct
        train --out new --task instruct --model bert                 # bert | gpt
        train --out new --task instruct --curriculum length          # curriculum=length | conversations
        train --out new --task prefer                                # prefer | --from
        train --out new --from runs/gpt --task prefer --beta 0       # beta | 0
        train --out new --from runs/gpt --task instruct --texts 60   # fits in 16 tokens | --context
        train --out new --from runs/gpt --task classify              # classify | labels
        train --out new --from runs/labels --task instruct           # instruct | labels
        train --out new --from runs/bert --task instruct             # bert | gpt
        train --out new --recompute -1                               # recompute | -1
        train --out new --offload disk                               # disk | weights
    """,
    "train: places and texts": """
        train                                                        # --out | --resume
        train --out new --layer-decay 0                              # layer | 0
        train --out new --layer-decay 1.1                            # layer | 1.1
        train --out new --schedule step                              # schedule | cosine
        train --out new --plot-schedule x.svg                        # --plot-schedule | --out
        train --plot-schedule x                                      # x | .svg
        train --plot-schedule nothing/x.svg                          # nothing
        train --plot-schedule x.svg --warmup -1                      # warmup | -1
        train --resume runs/gpt --schedule linear                    # --schedule
        train --out new --resume runs/gpt                            # --resume
        train --out ""                                               # empty
        train --resume ""                                            # empty
        train --out new --corpus ""                                  # empty
        train --out new --corpus nothing.txt                         # nothing.txt
        train --out new --corpus folder                              # folder
        train --out new --corpus broken/empty.txt                    # empty.txt
        train --out new --corpus broken/blank.txt                    # blank.txt
        train --out new --corpus broken/latin1.txt                   # latin1.txt | UTF-8
        train --out new --corpus broken/binary.txt                   # binary.txt | UTF-8
        train --out new --corpus broken/one.txt                      # one.txt
        train --out new --corpus ~                                   # xxx
        train --out new --corpus latim                               # latim
        train --out new --tokenizer wordpiece                        # wordpiece | bpe
        train --out new --task classify --corpus corpus.txt          # corpus.txt
        train --out new --task classify --corpus contos              # contos
        train --out new --task classify --corpus broken/no-tab.tsv   # no-tab.tsv | 2
        train --out new --task classify --corpus broken/one-label.tsv   # 'p' | two
        train --out new --task classify --corpus broken/many-labels.tsv   # 10000 | 1000
        train --out new --task classify --corpus broken/half.jsonl   # half.jsonl | 2
        train --out new --task classify --corpus broken/lines.jsonl  # lines.jsonl | 2
        train --out new --task classify --corpus broken/no-label.jsonl  # no-label.jsonl | 1
        train --out new --task classify --corpus broken/empty.tsv    # no text
        train --out new --task instruct --corpus broken/roles.jsonl  # roles.jsonl | line 2 | assistant
        train --out new --task instruct --corpus broken/no-label.jsonl  # no-label.jsonl | line 1 | messages
        train --out new --task instruct --corpus broken/no-tab.tsv   # no-tab.tsv | line 2
        train --out new --task instruct --corpus broken/empty.tsv    # 3
        train --out new --task instruct --corpus contos              # contos | instrucoes
        train --out new --task instruct --corpus corpus.txt          # corpus.txt | .jsonl
        train --out new --task instruct --corpus nothing.jsonl       # nothing.jsonl
        train --out new --from runs/gpt --task prefer --corpus broken/roles.jsonl  # roles.jsonl | line 1 | chosen
        train --out corpus.txt                                       # corpus.txt
        train --out corpus.txt/new                                   # corpus.txt
        train --out runs/gpt                                         # runs/gpt
        train --out own                                              # own
        train --out nothing/deep/new --steps 0                       # steps
        train --resume nothing                                       # nothing
        train --resume folder                                        # folder
        train --resume corpus.txt                                    # corpus.txt
        train --resume runs/gpt --steps 1                            # steps | 1 | 4
        train --resume runs/gpt --steps 4                            # steps | 4
        train --resume runs/gpt                                      # steps | 4
        train --resume runs/gpt --layers 2                           # layers
        train --resume runs/gpt --offload all --recompute 1          # steps | 4
        train --resume runs/gpt --model llama                        # model
        train --resume runs/gpt --seed 1                             # seed
        train --resume runs/gpt --precision float16                  # precision
        train --resume runs/gpt --from runs/gpt                      # --from
        train --resume broken/runs/config-cut                        # config.json
        train --resume broken/runs/config-list                       # config.json
        train --resume broken/runs/config-unknown                    # wings
        train --resume broken/runs/config-layers                     # layers | 1000000000
        train --resume broken/runs/config-digits                     # config.json
        train --resume broken/runs/config-twice                      # twice
        train --resume broken/runs/no-checkpoint --steps 0           # steps | 0
        train --resume broken/runs/tokenizer-cut                     # tokenizer.json
        train --resume broken/runs/tokens-cut                        # train.npy
        train --out new --from nothing                               # nothing
        train --out new --from runs/gpt --layers 2                   # layers
        train --out new --from runs/gpt --corpus nothing.txt         # nothing.txt
        train --out new --from broken/runs/weights-cut               # model.safetensors
        train --out new --from broken/runs/weights-nan               # NaN
        train --out new extra                                        # extra
        train --out new --teacher nothing                            # nothing
        train --out new --teacher ""                                 # empty
        train --out new --teacher runs/labels                        # labels | gpt
        train --out new --teacher runs/bert                          # bert | gpt
        train --out new --teacher runs/gpt --model t5                # student | t5
        train --out new --teacher runs/gpt --corpus corpus.txt       # --corpus | --teacher
        train --out new --teacher runs/gpt --vocab-size 300 --task classify   # --task, --vocab-size
        train --out new --teacher runs/gpt --from runs/gpt           # --from
        train --resume runs/gpt --teacher runs/gpt                   # --resume
        train --out new --teacher broken/runs/no-checkpoint          # checkpoint
        train --out new --teacher broken/runs/weights-nan            # NaN
        train --out new --teacher runs/gpt --distill words           # distill | logits
        train --out new --teacher runs/gpt --distill-weight 1.5      # distill-weight | 1.5
        train --out new --teacher runs/gpt --distill-temperature 0   # distill-temperature | 0
        train --out new --teacher runs/gpt --distill hidden --precision float16   # hidden | float16
        train --out new --teacher runs/gpt --momentum 0.9            # momentum
        train --out new --distill hidden                             # --distill | --teacher
        train --resume runs/gpt --steps 9 --distill-weight 0.1       # distill-weight
    """,
    "quickstart, compare, estimate": """
        quickstart --steps 0                                         # steps | 0
        quickstart --texts 0                                         # texts | 0
        quickstart --texts @                                         # texts
        quickstart --seed x                                          # seed | x
        quickstart --seed -1                                         # seed | -1
        quickstart --out ""                                          # empty
        quickstart --out corpus.txt                                  # corpus.txt
        quickstart --out own                                         # own
        quickstart --out runs/bert                                   # runs/bert
        quickstart --out runs/rnn                                    # runs/rnn
        quickstart --out runs/labels                                 # runs/labels
        quickstart fast                                              # fast
        compare xyz                                                  # xyz | gpt
        compare gpt xyz                                              # xyz | gpt
        compare gpt --steps 0                                        # steps | 0
        compare gpt --texts 0                                        # texts | 0
        compare gpt --out ""                                         # empty
        compare gpt --out corpus.txt                                 # corpus.txt
        compare gpt --plot x.pgf                                     # x.pgf | .svg
        compare gpt --plot x                                         # x | .svg
        compare gpt --plot nothing/x.svg                             # nothing
        compare gpt --seed -1                                        # seed | -1
        estimate --layers 0                                          # layers | 0
        estimate --layers @                                          # layers
        estimate --width 193                                         # width | 193
        estimate --batch 0                                           # batch | 0
        estimate --batch -1                                          # batch | -1
        estimate --workers -2                                        # workers | -2
        estimate --recompute -1                                      # recompute | -1
        estimate --offload disk                                      # disk | weights
        estimate --tokens 0                                          # tokens | 0
        estimate --tokens 1.5                                        # tokens | 1.5
        estimate --model rnn --heads 3                               # heads | rnn
        estimate nothing                                             # nothing
        estimate folder                                              # folder
        estimate ""                                                  # empty
        estimate runs/gpt --model llama                              # model
        estimate runs/gpt --optimizer sgd                            # optimizer
        estimate --method dora                                       # dora | lora
        estimate --method ia3 --rank 3                               # rank | ia3
        estimate --rank 3                                            # rank | --method
        estimate --method lora --rank 0                              # rank | 0
        estimate --method prefix                                     # prefix
        estimate --method prompt --length 128                        # length=128 | context
        estimate --method lora --model rnn                           # query | input | another method
        estimate runs/int8 --method qlora                            # runs/int8 | int8 | nf4
        estimate runs/int8 --method lora                             # runs/int8 | int8
        estimate --method lora --offload all                         # offload=all
        estimate --method head --blocks 99                           # blocks=99
        estimate runs/lora --method ia3                              # method
        estimate runs/lora --rank 3                                  # rank
        estimate broken/runs/config-cut                              # config.json
        estimate broken/runs/config-layers                           # layers | 1000000000
    """,
    "plan": """
        plan --devices 0                                             # devices | 0
        plan --devices -1                                            # devices | -1
        plan --devices x                                             # devices | x
        plan --devices @                                             # devices
        plan --cluster v100                                          # v100 | a100
        plan --cluster t4 --batch 0                                  # batch | 0
        plan --cluster t4 --batch 7 --devices 11                     # devices=11 | batch=7
        plan --cluster t4 --batch 8 --micro-batch 3                  # batch | 3
        plan --cluster t4 --micro-batch 0                            # micro | 0
        plan --cluster t4 --parallel                                 # parallel
        plan --cluster t4 --parallel ""                              # dp=2
        plan --cluster t4 --parallel dp                              # dp | tp=2
        plan --cluster t4 --parallel dp=0                            # dp=0
        plan --cluster t4 --parallel dp=x                            # dp=x
        plan --cluster t4 --parallel dp=2,dp=2                       # dp | twice
        plan --cluster t4 --parallel cp=2                            # cp
        plan --cluster t4 --parallel zero=4                          # zero | 4
        plan --cluster t4 --parallel zero=1                          # zero=1
        plan --cluster t4 --parallel tp=3                            # tp=3 | heads | 4
        plan --cluster t4 --parallel dp=2,pp=2,zero=3                # zero=3 | pp=1
        plan --cluster t4 --parallel pp=5                            # pp=5 | pp=4
        plan --cluster t4 --parallel dp=3 --batch 8                  # dp=3 | 8
        plan --cluster t4 --parallel dp=2 --devices 4                # dp=2 | 4
        plan --cluster t4 --tokens 0                                 # tokens | 0
        plan --cluster t4 --price 0                                  # price | 0
        plan --cluster t4 --price nan                                # price | nan
        plan --cluster t4 --plot x.pgf                               # x.pgf | .svg
        plan --cluster t4 --plot nothing/x.svg                       # nothing
        plan --cluster t4 --width 193                                # width | 193
        plan --cluster t4 --model rnn --heads 3                      # heads | rnn
        plan --model rnn --cluster t4 --parallel tp=2                # tp=2 | heads
        plan nothing                                                 # nothing
        plan folder                                                  # folder
        plan runs/gpt --model llama                                  # model
        plan runs/gpt --optimizer sgd                                # optimizer
    """,
    "package": """
        package                                                      # PASTA
        package runs/gpt                                             # --out
        package nothing --out new.safetensors                        # nothing
        package "" --out new.safetensors                             # empty
        package runs/gpt --out ""                                    # --out
        package runs/gpt --out own                                   # own
        package runs/gpt --out runs/gpt/config.json                  # config.json
        package runs/gpt --out nowhere/new.safetensors               # nowhere
        package runs/gpt --out new.safetensors --card nothing        # nothing
        package runs/gpt --out new.safetensors --license nothing     # nothing
        package corpus.txt                                           # corpus.txt | safetensors
        package broken/runs/no-checkpoint --out new.safetensors      # checkpoint
    """,
    "compress": """
        compress                                                     # PASTA
        compress runs/gpt                                            # --out
        compress nothing --out new                                   # nothing
        compress "" --out new                                        # empty
        compress runs/gpt --out ""                                   # empty
        compress runs/gpt --out runs/gpt                             # runs/gpt
        compress runs/gpt --out own                                  # own
        compress runs/gpt --out corpus.txt                           # corpus.txt
        compress runs/gpt --out new --group 63                       # group=63 | 64
        compress runs/gpt --out new --group -64                      # group | -64
        compress runs/gpt --out new --group x                        # group | x
        compress runs/gpt --out new --method nf5                     # nf5 | int8 | nf4
        compress runs/gpt --out new --method nf4 --group 64          # nf4 | --group
        compress runs/int8 --out new                                 # runs/int8 | int8
        compress runs/int8 --out new --method nf4                    # runs/int8 | int8
        compress runs/gpt --out new --method int4 --bits 5           # bits=5 | 4 or 3
        compress runs/gpt --out new --method gptq --bits 5           # bits=5 | 8, 4 or 3
        compress runs/gpt --out new --method gptq --texts 0          # texts | 1
        compress runs/gpt --out new --method gptq --damping 0        # damping | 1e-06
        compress runs/gpt --out new --method awq --damping 0.1       # awq | --damping
        compress runs/gpt --out new --method smoothquant --smoothing 2  # smoothing | 1
        compress runs/gpt --out new --method magnitude --sparsity 1  # sparsity | 1
        compress runs/gpt --out new --method wanda --pattern 3:4     # 3:4 | rows | 2:4
        compress runs/gpt --out new --method wanda --pattern 2:4 --sparsity 0.7  # sparsity | 2:4
        compress runs/gpt --table --out new                          # --out | --table
        compress runs/gpt --table --method awq                       # --method | --table
        compress runs/gpt --table --bits 4                           # --bits | --table
        compress runs/gpt --out new --plot new.svg                   # --plot | --table
        compress runs/gpt --table --plot new.txt                     # new.txt
        compress runs/int8 --table                                   # runs/int8 | int8
        compress broken/runs/no-checkpoint --out new                 # checkpoint
        compress broken/runs/weights-nan --out new                   # NaN
        compress broken/runs/weights-nan --out new --method nf4      # NaN
        train --resume runs/int8                                     # int8 | --from
        train --resume runs/int8 --steps 9                           # int8 | --from
        quickstart --out runs/int8                                   # int8
    """,
    "compare-methods": """
        compare-methods xyz                                          # xyz | lora
        compare-methods lora xyz                                     # xyz | lora
        compare-methods lora --seeds 0                               # seeds | 0
        compare-methods lora --seeds @                               # seeds
        compare-methods lora --out ""                                # empty
        compare-methods lora --out corpus.txt                        # corpus.txt
        compare-methods lora --out new --base nothing                # nothing
        compare-methods lora --out new --base runs/lora              # fine-tuning | merge
        compare-methods lora --out new --base runs/labels            # classify | instruct
        compare-methods lora --out new --base runs/int8              # int8
        compare-methods lora --out new --base runs/bert              # bert | gpt
        compare-methods prefix --out new --base runs/rnn             # length=16 | 16
        compare-methods lora --plot x.pgf                            # x.pgf | .svg
    """,
    "finetune, merge": """
        finetune                                                     # --out | --resume
        finetune --out new                                           # base
        finetune runs/gpt                                            # --out | --resume
        finetune runs/gpt --out new --resume runs/gpt                # --resume
        finetune nothing --out new                                   # nothing
        finetune "" --out new                                        # empty
        finetune runs/gpt --out ""                                   # empty
        finetune runs/gpt --out runs/gpt                             # runs/gpt
        finetune runs/gpt --out own                                  # own
        finetune runs/gpt --out new --method dora                    # dora | lora
        finetune runs/gpt --out new --rank 0                         # rank | 0
        finetune runs/gpt --out new --alpha nan                      # alpha | nan
        finetune runs/gpt --out new --length 3                       # length | lora
        finetune runs/gpt --out new --method prompt --rank 3         # rank | prompt
        finetune runs/gpt --out new --method prompt --length 16 --texts 60 # length=16 | 16
        finetune runs/gpt --out new --layers nose --texts 60         # nose | qkv
        finetune runs/gpt --out new --method head --blocks 9 --texts 60 # blocks=9 | 1
        finetune runs/rnn --out new --method prefix --length 2 --texts 60 # RNN | prefix
        finetune runs/gpt --out new --tokenizer word                 # tokenizer
        finetune runs/gpt --out new --curriculum-steps 3             # --curriculum-steps 3 | --curriculum;
        finetune runs/gpt --out new --sample-prompt Oi               # --sample-prompt 'Oi' | --sample-every
        finetune --resume runs/lora --steps 9 --sample-prompt Oi     # --sample-prompt 'Oi' | --sample-every
        finetune runs/gpt --out new --width 9                        # --width
        finetune runs/labels --out new --task language               # classify | language
        finetune runs/bert --out new --task instruct --texts 60      # bert
        finetune runs/gpt --out new --task sing                      # sing | classify
        finetune --resume runs/gpt                                   # runs/gpt | train --resume
        finetune --resume runs/lora --steps 9 --rank 3               # rank
        finetune --resume runs/lora --steps 9 --method prompt        # method
        finetune runs/gpt --resume runs/lora --steps 9               # runs/gpt
        finetune --resume runs/lora                                  # steps
        finetune runs/lora --out new                                 # runs/lora | merge
        finetune runs/gpt --out new --task instruct --texts 60       # conversations | shorter texts
        train --resume runs/lora --steps 9 --overfit-one-batch       # runs/lora | base
        finetune broken/runs/no-checkpoint --out new --texts 60      # checkpoint
        merge                                                        # PASTA
        merge runs/lora                                              # --out
        merge runs/gpt --out new                                     # runs/gpt
        merge runs/gpt --to-peft new                                 # runs/gpt
        merge runs/lora --out runs/gpt                               # runs/gpt
        merge runs/gpt --adapter runs/gpt --out new                  # runs/gpt
        merge runs/rnn --adapter runs/lora --out new                 # runs/lora | runs/rnn
        merge runs/lora --to-peft own                                # own
        merge runs/lora --out new --to-peft new2                     # --to-peft
        generate runs/gpt --adapter nothing                          # nothing
        generate runs/gpt --adapter folder                           # folder
        generate runs/gpt --adapter runs/gpt                         # runs/gpt | --adapter
        generate runs/rnn --adapter runs/lora                        # runs/lora | runs/rnn
        generate runs/gpt --adapter ""                               # empty
        classify runs/gpt --adapter runs/lora bom                    # label
        launch -n 2 finetune runs/gpt --out new                      # finetune | train
    """,
    "generate": """
        generate runs/gpt --draft nothing                            # nothing
        generate runs/gpt --draft ""                                 # empty
        generate runs/gpt --draft runs/bert                          # tokenizer
        generate runs/gpt --draft runs/gpt --lookup                  # --draft | --lookup
        generate runs/gpt --mirostat 3 --top-k 5                     # mirostat | top-k
        generate runs/gpt --mirostat-rate 0.5                        # mirostat
        generate runs/gpt --min-p 2                                  # min-p | 1
        generate runs/gpt --bias lua                                 # bias
        generate runs/gpt --ban ""                                   # ban
        generate runs/gpt --logprobs 3                               # --json
        generate runs/gpt --logprobs 0 --json                        # logprobs
        generate runs/gpt --beams 0                                  # beams
        generate runs/gpt --beams 4 --beam-groups 3                  # beams | beam-groups
        generate runs/gpt --beams 4 --top-k 3                        # --top-k
        generate runs/gpt --beams 4 --count 5                        # --count | --beams
        generate runs/gpt --beams 4 --stopping soon                  # stopping | heuristic
        generate runs/gpt --regex "a)"                               # regex
        generate runs/gpt --schema nothing                           # nothing
        generate runs/gpt --schema corpus.txt                        # corpus.txt
        generate runs/gpt --grammar nothing                          # nothing
        generate runs/gpt --grammar corpus.txt                       # corpus.txt | line 1
        generate runs/gpt --grammar broken/latin1.txt                # broken/latin1.txt
        generate runs/gpt --grammar sums.ebnf --choices b            # --choices | --grammar
        generate runs/gpt --regex a --choices b                      # --regex | --choices
        generate runs/gpt --regex a{40} --max-tokens 9               # 40 | max-tokens=9
        generate runs/t5 --choices a                                 # runs/t5
        generate runs/gpt --ahead 3                                  # --ahead
        generate runs/gpt --lookup --ahead 0                         # ahead
        generate runs/t5 --lookup                                    # runs/t5
        generate                                                     # PASTA
        generate ""                                                  # empty
        generate nothing                                             # nothing
        generate folder                                              # folder
        generate corpus.txt                                          # corpus.txt
        generate ~                                                   # xxx
        generate runs/bert                                           # runs/bert
        generate runs/labels                                         # runs/labels
        generate runs/gpt --temperature -1                           # temperature | -1
        generate runs/gpt --temperature nan                          # temperature | nan
        generate runs/gpt --temperature inf                          # temperature | inf
        generate runs/gpt --temperature quente                       # temperature | quente
        generate runs/gpt --top-k -1                                 # top | -1
        generate runs/gpt --top-k @                                  # top
        generate runs/gpt --top-p 0                                  # top | 0
        generate runs/gpt --top-p 1.1                                # top | 1.1
        generate runs/gpt --top-p nan                                # top | nan
        generate runs/gpt --seed -1                                  # seed | -1
        generate runs/gpt --seed @                                   # seed
        generate runs/gpt --max-tokens 0                             # max-tokens | 0
        generate runs/gpt --max-tokens -1                            # max-tokens | -1
        generate runs/gpt --max-tokens @                             # max-tokens
        generate runs/gpt --count 0                                  # count | 0
        generate runs/gpt --count many                               # count | many
        generate runs/gpt --prompt                                   # --prompt
        generate runs/gpt --prompt -oi                               # -oi | =
        generate runs/gpt --stop ""                                  # stop
        generate runs/gpt --promt oi                                 # --promt | --prompt
        generate runs/gpt Era uma vez                                # vez | quotes
        generate runs/gpt --onnx nothing                             # nothing | export
        generate runs/gpt --onnx ""                                  # empty
        generate runs/gpt --onnx corpus.txt                          # ONNX
        generate runs/gpt --onnx corpus.txt --best                   # --best | --onnx
        generate runs/gpt --onnx corpus.txt --adapter runs/lora      # --adapter | --onnx
        generate broken/runs/config-cut                              # config.json
        generate broken/runs/config-layers                           # layers | 1000000000
        generate broken/runs/no-checkpoint                           # checkpoint
        generate broken/runs/weights-cut                             # model.safetensors
        generate broken/runs/weights-nested                          # model.safetensors
        generate broken/runs/weights-nan                             # NaN
        generate broken/runs/weights-other                           # model.safetensors
        generate broken/runs/manifest-infinity                       # manifest.json
        generate broken/runs/manifest-negative                       # manifest.json
        generate broken/runs/manifest-list                           # manifest.json
        generate broken/runs/tokenizer-cut                           # tokenizer.json
        generate broken/runs/tokenizer-none                          # tokenizer.json
        generate broken/runs/tokenizer-larger                        # tokenizer
    """,
    "export": """
        export                                                       # PASTA
        export runs/gpt                                              # --out
        export nothing --out new.onnx                                # nothing
        export folder --out new.onnx                                 # folder
        export "" --out new.onnx                                     # empty
        export runs/gpt --out ""                                     # empty
        export runs/gpt --out folder                                 # folder
        export runs/gpt --out nothing/new.onnx                       # nothing
        export runs/gpt --out runs/gpt/tokenizer.json                # tokenizer.json | runs/gpt
        export broken/runs/no-checkpoint --out new.onnx              # checkpoint
        export broken/runs/weights-nan --out new.onnx                # NaN
    """,
    "evaluate": """
        evaluate                                                     # PASTA
        evaluate nothing                                             # nothing
        evaluate runs/gpt nothing                                    # nothing
        evaluate runs/gpt --suite                                    # --suite
        evaluate runs/gpt --suite perplexity                         # perplexity | texts
        evaluate runs/gpt --suite labels                             # suite=labels | runs/gpt | language
        evaluate runs/labels --suite texts                           # suite=texts | runs/labels | labels
        evaluate runs/gpt runs/labels --suite texts                  # suite=texts | runs/labels
        evaluate runs/bert                                           # runs/bert | gaps
        evaluate runs/gpt --examples 19                              # examples=19 | 20
        evaluate runs/gpt --examples x                               # examples=x
        evaluate runs/gpt --seed -1                                  # seed=-1
        evaluate runs/gpt --shots -1                                 # shots=-1
        evaluate runs/gpt --shots @                                  # shots
        evaluate runs/gpt --shots 2                                  # shots=2 | instructions
        evaluate runs/gpt --shots 2 --suite texts                    # shots=2 | instructions
        evaluate runs/gpt --suite calame-pt                          # tinyllm data download calame-pt | --file
        evaluate runs/gpt --suite lambada-pt                         # lambada-pt | --file
        evaluate runs/gpt --suite calame-pt --file nothing.jsonl     # nothing.jsonl
        evaluate runs/gpt --suite calame-pt --file broken/no-label.jsonl  # no-label.jsonl | line 1
        evaluate runs/gpt --suite calame-pt --file broken/empty.txt  # .jsonl
        evaluate runs/gpt --suite calame-pt --suite enem --file corpus.txt  # --file | calame-pt, enem
        evaluate runs/gpt --file corpus.txt                          # --file | none
        evaluate runs/gpt --html folder                              # folder
        evaluate runs/gpt --html nothing/a.html                      # nothing
        evaluate broken/runs/weights-nan --suite texts               # NaN
        evaluate broken/runs/no-checkpoint                           # no-checkpoint
    """,
    "fill, classify, attention": """
        fill                                                         # PASTA
        fill runs/bert                                               # TEXTO
        fill runs/gpt "um ___"                                       # runs/gpt
        fill runs/bert "sem lacuna"                                  # ___
        fill runs/bert ""                                            # ___
        fill runs/bert "um ___" --candidates 0                       # candidates | 0
        fill runs/bert "um ___" --candidates @                       # candidates
        fill runs/t5 "um ___" --candidates 3                         # candidates
        fill runs/t5 "sem lacuna"                                    # ___
        fill nothing "um ___"                                        # nothing
        fill runs/bert "um ___" more                                 # more
        fill runs/bert "___ ___ ___ ___ ___ ___ ___ ___ ___ ___ ___ ___ ___ ___ ___ ___ ___ ___" # tokens
        classify                                                     # PASTA
        classify nothing oi                                          # nothing
        classify runs/gpt oi                                         # runs/gpt
        classify runs/labels ""                                      #
        classify runs/labels "   "                                   #
        classify runs/labels --errors 0                              # errors | 0
        classify runs/labels --errors x                              # errors | x
        classify runs/labels --errors 3 bom                          # --errors 3
        classify runs/labels --split test bom                        # --split test
        classify broken/runs/labels-nan oi                           # NaN
        classify broken/runs/labels-none oi                          # labels
        classify broken/runs/labels-half oi                          # config.json
        attention                                                    # PASTA
        attention runs/gpt                                           # TEXTO
        attention runs/rnn "Era uma vez"                             # attention
        attention nothing oi                                         # nothing
        attention runs/gpt "Era uma vez" --layer 0                   # layer | 0
        attention runs/gpt "Era uma vez" --layer 9                   # layer | 9
        attention runs/gpt "Era uma vez" --head 9                    # head | 9
        attention runs/gpt "Era uma vez" --head -1                   # head | -1
        attention runs/gpt "Era uma vez" --out x                     # x | .svg
        attention runs/gpt "Era uma vez" --out x.pgf                 # x.pgf | .svg
        attention runs/gpt "Era uma vez" --out ""                    # empty
        attention runs/gpt "Era uma vez" --out nothing/x.svg         # nothing
        attention runs/gpt "Era uma vez" --out folder.svg            # folder.svg
        attention runs/gpt "um dois um dois um dois um dois um dois um dois um dois um dois um dois um dois" # 16
    """,
    "tokenizers": """
        tokenizer train                                              # ENTRADA
        tokenizer train nothing.txt --out new.json                   # nothing.txt
        tokenizer train folder --out new.json                        # folder
        tokenizer train "" --out new.json                            # empty
        tokenizer train broken/empty.txt --out new.json              # empty
        tokenizer train broken/latin1.txt --out new.json             # latin1.txt | UTF-8
        tokenizer train broken/binary.txt --kind word --out new.json # binary.txt | UTF-8
        tokenizer train corpus.txt --vocab-size 0 --out new.json     # vocab | 0
        tokenizer train corpus.txt --vocab-size 10 --out new.json    # vocab | 10
        tokenizer train corpus.txt --vocab-size @ --out new.json     # vocab
        tokenizer train corpus.txt --vocab-size 2 --kind char --out new.json   # vocab | 2
        tokenizer train corpus.txt --kind word --pattern gpt4 --out new.json   # pattern
        tokenizer train corpus.txt --kind bytes --out new.json       # bytes | byte
        tokenizer train corpus.txt --pattern gpt5 --out new.json     # gpt5
        tokenizer train corpus.txt --out ""                          # empty
        tokenizer train corpus.txt --out folder                      # folder
        tokenizer train corpus.txt --out nothing/new.json            # nothing
        tokenizer train corpus.txt --out corpus.txt                  # corpus.txt
        tokenizer train corpus.txt --out ./corpus.txt                # corpus.txt
        tokenizer train corpus.txt --out link.txt                    # link.txt
        tokenizer train corpus.txt --out new.tiktoken                # .tiktoken
        tokenizer encode                                             # TOKENIZADOR
        tokenizer encode tokenizer.json                              # TEXTO
        tokenizer encode nothing.json oi                             # nothing.json
        tokenizer encode "" oi                                       # empty
        tokenizer encode corpus.txt oi                               # corpus.txt
        tokenizer encode folder oi                                   # folder
        tokenizer encode broken/cut.json oi                          # cut.json
        tokenizer encode broken/list.json oi                         # list.json
        tokenizer encode broken/deep.json oi                         # deep.json
        tokenizer encode broken/cut.tiktoken oi                      # cut.tiktoken
        tokenizer encode tokenizer.json -oi                          # -oi | --
        tokenizer decode tokenizer.json                              # ID
        tokenizer decode tokenizer.json x                            # x
        tokenizer decode tokenizer.json -1                           # -1
        tokenizer decode tokenizer.json 1000000                      # 1000000
        tokenizer decode tokenizer.json @                            #
        tokenizer decode tokenizer.json 1.5                          # 1.5
        tokenizer convert                                            # ENTRADA
        tokenizer convert tokenizer.json                             # SAÍDA
        tokenizer convert tokenizer.json ""                          # empty
        tokenizer convert tokenizer.json tokenizer.json              # tokenizer.json
        tokenizer convert tokenizer.json folder                      # folder
        tokenizer convert tokenizer.json nothing/new.json            # nothing
        tokenizer convert tokenizer.json new.txt                     # new.txt
        tokenizer convert char.json new.tiktoken                     # new.tiktoken | .json
        tokenizer convert nothing.json new.json                      # nothing.json
        tokenizer convert plain.tiktoken new.json --special "<x>=y"  # y
        tokenizer convert plain.tiktoken new.json --special "<x>=-1" # TEXT=ID
        tokenizer convert tokenizer.json new.json --pattern gpt5     # gpt5
        tokenizer measure                                            # TOKENIZADOR
        tokenizer measure tokenizer.json                             # TEXTO
        tokenizer measure tokenizer.json nothing.txt                 # nothing.txt
        tokenizer measure tokenizer.json broken/empty.txt            # empty
        tokenizer measure tokenizer.json folder                      # folder
        tokenizer measure tokenizer.json corpus.txt --against xyz    # xyz
        tokenizer measure tokenizer.json corpus.txt --corpus nothing.txt   # nothing.txt
        tokenizer measure char.json corpus.txt --corpus corpus.txt   #
    """,
    "data": """
        data generate                                                # corpus
        data generate poemas                                         # poemas | contos
        data generate contos --count 0                               # count | 0
        data generate contos --count -1                              # count | -1
        data generate contos --count dez                             # count | dez
        data generate contos --count @ --out new.txt                 # count
        data generate contos --seed -1                               # seed | -1
        data generate contos --seed x                                # seed | x
        data generate contos --split treino                          # treino | train
        data generate contos --out ""                                # empty
        data generate contos --out folder                            # folder
        data generate contos --out nothing/new.txt                   # nothing
        data generate resenhas --out new.csv                         # .csv
        data list x                                                  # x
        data download                                                # NOME
        data download nothing                                        # nothing
        data download http://example.invalid/x                       # https
        data download https://                                       # https://
        data download https://[                                      # https://[
        data download ftp://example.invalid/x                        # ftp
        data download file:///etc/passwd --out new.txt               # file
        data download https://example.invalid:99999999/x --out new.txt     # 99999999
        data download https://127.0.0.1:1/?a=ç --out new.txt         # 127.0.0.1
        data download https://xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.invalid/ --out new.txt  #
        data download dom-casmurro --limit 0                         # limit | 0
        data download dom-casmurro --sha256 xyz                      # xyz | 64
        data download dom-casmurro --out corpus.txt                  # corpus.txt
        data download dom-casmurro --out ""                          # empty
        data download dom-casmurro --out nothing/x.txt               # nothing
        data clean                                                   # ENTRADA
        data clean corpus.txt                                        # --out
        data clean nothing.txt --out new.txt                         # nothing.txt
        data clean folder --out new.txt                              # folder
        data clean corpus.txt --out corpus.txt                       # corpus.txt
        data clean corpus.txt --out link.txt                         # link.txt
        data clean corpus.txt --out ""                               # empty
        data clean corpus.txt --out folder                           # folder
        data clean broken/latin1.txt --out new.txt                   # latin1.txt | UTF-8
        data clean corpus.txt --out new.txt --min-characters -1      # --min-characters
        data dedup corpus.txt                                        # --out
        data dedup corpus.txt --out new.txt --threshold 0            # threshold | 0
        data dedup corpus.txt --out new.txt --threshold 1.5          # threshold | 1.5
        data dedup corpus.txt --out new.txt --threshold nan          # threshold | nan
        data dedup corpus.txt --out new.txt --seed -1                # seed | -1
        data dedup corpus.txt --out new.txt --seed @                 # seed
        data dedup corpus.txt --out corpus.txt                       # corpus.txt
        data dedup nothing --out new.txt                             # nothing
        data split corpus.txt                                        # --out
        data split corpus.txt --out folder                           # folder
        data split corpus.txt --out ""                               # empty
        data split corpus.txt --out new --held-out 0                 # held-out | 0
        data split corpus.txt --out new --held-out 0.5               # held-out | 0.5
        data split corpus.txt --out new --held-out nan               # held-out | nan
        data split corpus.txt --out new --threshold 2                # threshold | 2
        data split broken/one.txt --out new                          # 1
        data split broken/empty.txt --out new                        #
        data pack tokenizer.json corpus.txt                          # --out
        data pack tokenizer.json nothing.txt --out new.npy           # nothing.txt
        data pack nothing.json corpus.txt --out new.npy              # nothing.json
        data pack tokenizer.json corpus.txt --out corpus.txt         # corpus.txt
        data pack tokenizer.json corpus.txt --out tokenizer.json     # tokenizer.json
        data pack tokenizer.json corpus.txt --out ""                 # empty
        data pack tokenizer.json broken/empty.txt --out new.npy      # empty.txt
        data pack tokenizer.json broken/latin1.txt --out new.npy     # latin1.txt | UTF-8
    """,
    "report": """
        report                                                       # PASTA
        report --out new.html                                        # PASTA
        report nothing                                               # nothing
        report folder                                                # folder
        report ""                                                    # empty
        report runs/int8                                             # runs/int8
        report runs/gpt --out ""                                     # empty
        report runs/gpt --out folder                                 # folder
        report runs/gpt --out nothing/r.html                         # nothing
        report runs/gpt --out runs/gpt/samples.jsonl                 # belongs
        report runs/gpt --out corpus.txt/r.html                      # corpus.txt
        report a b c d e f g                                         # 7 | 6
        report broken/runs/config-cut                                # config.json
        report runs/gpt broken/runs/tokens-cut                       # train.npy
    """,
    "course and bench": """
        course test                                                  # EXERCÍCIO
        course test m99.e01                                          # m99.e01
        course test ""                                               #
        course test ~                                                # xxx
        course hint m01.e01 --level 4                                # level | 4
        course hint m01.e01 --level x                                # level | x
        course hint                                                  # EXERCÍCIO
        course solution m01                                          # m01
        course compare nothing                                       # nothing
        course reset m01.e99                                         # m01.e99
        course list m01                                              # m01
        course project                                               # m04
        course project m99 folder                                    # m99 | m04
        course project m04                                           # PASTA
        course project m04 folder                                    # orcamento.json
        course project m04 folder --test                             # orcamento.json
        course project m04 nothing                                   # orcamento.json
        course project m04 folder --memory 600MB                     # --minutes
        course project m04 folder --minutes 10                       # --memory
        course project m04 folder --memory 600 --minutes 10          # memory | 600 | 600MB
        course project m04 folder --memory 0MB --minutes 10          # memory | 0MB
        course project m04 folder --memory @MB --minutes 10          # memory
        course project m04 folder --memory 1MB --minutes 10          # 1 MB
        course project m04 folder --memory 600MB --minutes 0         # minutes | 0 | 1
        course project m04 folder --memory 600MB --minutes 10 --test   # --memory
        course project m04 runs --memory 600MB --minutes 10          # bert
        course project m04 corpus.txt --memory 600MB --minutes 10    # corpus.txt
        course project m04 "" --memory 600MB --minutes 10            # empty
        course project m05                                           # PASTA
        course project m05 folder                                    # plano.json
        course project m05 folder --test                             # plano.json
        course project m05 nothing                                   # plano.json
        course project m05 nothing --general runs/gpt                # partes | train.txt
        course project m05 folder --general                          # --general
        course project m05 folder --general runs/gpt --test          # --general | --test
        course project m06                                           # PASTA
        course project m06 folder                                    # plano.json | --base
        course project m06 folder --test                             # plano.json
        course project m06 nothing                                   # plano.json
        course project m06 nothing --base runs/bert                  # runs/bert
        course project m06 folder --base                             # --base
        course project m06 folder --corpus resenhas                  # --corpus | --base
        course project m06 folder --base runs/gpt --test             # --base | --test
        bench train --steps 0                                        # steps | 0
        bench train --steps 10001                                    # steps | 10001 | 10000
        bench train --races 0                                        # races | 0
        bench train --races 101                                      # races | 101 | 100
        bench train --workers -1                                     # workers | -1
        bench train --workers 1000000000000000000000                 # workers
        bench train --against jax                                    # jax | torch
        bench train --case gpt-xxl                                   # gpt-xxl
        bench train --model gtp                                      # gtp
        bench kernels --case nothing                                 # nothing
        bench memory --case nothing                                  # nothing
        bench memory --steps 0                                       # steps | 0
        bench kernels --against jax                                  # jax
        bench int8 --group 63                                        # group=63 | 64
        bench int8 --case nothing                                    # nothing
        bench int8 --against torch                                   # torch | float32
        bench int8 --steps 0                                         # steps | 0
        bench nf4 --case nothing                                     # nothing
        bench nf4 --against torch                                    # torch | float32
        bench nf4 --steps 0                                          # steps | 0
        bench bpe --megabytes 0                                      # megabytes | 0
        bench bpe --megabytes 10001                                  # megabytes | 10001
        bench bpe --against nltk                                     # nltk
    """,
}

ACCEPTED = """
    --version
    --help
    train --help
    tokenizer train --help
    data clean --help
    course --help
    bench bpe --help
    bench memory --help
    doctor
    doctor --json
    data list
    data list --json
    course list
    course --json
    course hint m01.e01 --level 3
    course project m04 made/project --memory 1,5GB --minutes 10
    course project m04 made/another --memory 600mb --minutes 1 --json
    estimate
    estimate --json --model t5 --layers 1 --decoder-layers 1
    estimate runs/gpt --json
    estimate --json runs/gpt --batch 1
    estimate --tokens 1
    estimate --method head --blocks 1
    estimate runs/gpt --method qlora --rank 2 --json
    estimate runs/labels --method adapter
    estimate runs/lora --json
    plan --json
    plan runs/gpt --cluster t4 --json
    plan --cluster a100 --devices 8 --parallel dp=2,tp=2,pp=2,zero=1 --recompute --micro-batch 1
    plan --cluster a100 --devices 1000000 --batch 1000000 --json
    plan --cluster h100 --context 1000000 --layers 1000 --width 1000000 --heads 1000000 --vocab-size 1000000
    plan --model t5 --cluster rtx2060 --context 1 --batch 1
    generate runs/gpt --max-tokens 1
    generate runs/gpt --draft runs/gpt --ahead 2 --max-tokens 5 --json
    generate runs/gpt --lookup --max-tokens 5
    generate runs/gpt --regex "(a|b){2,3}" --max-tokens 5
    generate runs/gpt --choices "sim|não" --max-tokens 5 --json
    generate runs/gpt --grammar sums.ebnf --max-tokens 9
    generate runs/gpt --beams 4 --beam-groups 2 --diversity 1 --count 4 --max-tokens 5
    generate runs/rnn --beams 3 --length-penalty 0.5 --stopping never --max-tokens 5 --json
    generate runs/gpt --mirostat 3 --mirostat-rate 0.2 --max-tokens 5
    generate runs/gpt --bias lua=2 --ban sol --min-tokens 3 --max-tokens 5 --json --logprobs 2
    generate runs/t5 --min-p 0.1 --typical-p 0.9 --epsilon 0.01 --eta 0.01 --no-repeat-ngram 2 --max-tokens 5
    generate runs/gpt --repetition-penalty 1.2 --presence-penalty 0.5 --frequency-penalty 0.5 --max-tokens 5
    generate --max-tokens 3 runs/gpt --prompt "Era uma vez"
    generate runs/gpt --prompt=-oi --max-tokens 2
    generate runs/gpt --prompt "Era uma " --max-tokens 3 --temperature 0
    generate runs/gpt --max-tokens 40 --count 2 --json
    generate runs/gpt --top-k 1000000 --max-tokens 2
    generate runs/gpt --seed 4294967295 --max-tokens 2
    generate runs/gpt --prompt "日本 🎉" --max-tokens 2
    generate runs/rnn --max-tokens 20
    generate runs/t5 --max-tokens 3 --prompt "Era uma vez"
    generate broken/runs/log-bad --max-tokens 2
    generate broken/runs/newest-cut --max-tokens 2
    report runs/gpt --out made/r.html
    report runs/gpt runs/labels broken/runs/log-bad --out made/r2.html --json
    package runs/t5 --out made/t5.safetensors
    package made/t5.safetensors
    package runs/int8 --out made/int8.safetensors --card corpus.txt --license corpus.txt --json
    compress runs/t5 --out made/t5 --group 64
    compress runs/labels --out made/labels --json
    compress runs/gpt --out made/nf4 --method nf4
    compress runs/t5 --out made/t5-gptq --method gptq --texts 4 --bits 3
    compress runs/labels --out made/labels-awq --method awq --texts 4
    compress runs/gpt --out made/smooth --method smoothquant --texts 4
    generate made/smooth --prompt casa --max-tokens 5
    compress runs/gpt --table --texts 4 --json
    compress runs/gpt --out made/sparse --method wanda --pattern 2:4 --texts 4
    train --resume made/sparse --steps 5
    train --out made/sparser --from made/sparse --corpus corpus.txt --steps 1 --batch 4
    compress runs/rnn --out made/magnitude --method magnitude --sparsity 0.25 --json
    generate made/nf4 --max-tokens 3
    finetune runs/gpt --out made/lora --corpus corpus.txt --steps 2 --batch 4 --rank 2
    finetune runs/gpt --out made/prompt --method prompt --length 3 --corpus corpus.txt --steps 1 --batch 4 --json
    finetune runs/int8 --out made/int8 --corpus corpus.txt --steps 1 --batch 4
    finetune --resume runs/lora --steps 5
    generate runs/lora --max-tokens 3
    generate runs/gpt --adapter runs/lora --max-tokens 3 --json
    generate runs/gpt --adapter made/prompt --max-tokens 20
    merge runs/lora --out made/merged --json
    merge runs/lora --to-peft made/peft
    generate runs/gpt --adapter made/peft --max-tokens 3
    generate made/merged --max-tokens 3
    merge runs/gpt --adapter made/peft --out made/merged2
    merge runs/gpt --adapter runs/lora --to-peft made/peft2
    report runs/lora --out made/lora.html
    compress runs/lora --out made/lora8
    train --out made/fromlora --from runs/lora --corpus corpus.txt --steps 1 --batch 4
    generate runs/int8 --max-tokens 3
    generate made/t5 --max-tokens 3 --prompt "Era uma vez"
    classify made/labels bom
    attention runs/int8 "Era uma vez"
    estimate runs/int8 --json
    train --out made/short --from runs/gpt --corpus corpus.txt --steps 2 --batch 4 --curriculum length
    train --out made/again --from runs/int8 --corpus corpus.txt --steps 1
    evaluate runs/gpt --examples 20 --suite texts
    evaluate runs/gpt runs/int8 --examples 20 --suite texts --json
    evaluate runs/rnn --examples 20 --html made/rnn.html --suite agreement
    evaluate --json runs/labels --examples 20 --seed 3
    fill runs/bert "Era uma ___ vez"
    fill runs/bert "Era uma ___ vez" --candidates 1 --json
    fill --candidates 100000 runs/bert "Era uma ___ vez"
    fill runs/t5 "Era uma ___ vez"
    classify runs/labels bom
    classify runs/labels --json bom
    classify --json runs/labels bom ruim
    classify runs/labels -- -ruim
    classify runs/labels "bom bom bom bom bom bom bom bom bom bom bom bom bom bom bom bom bom bom bom"
    attention runs/gpt "Era uma vez"
    attention runs/t5 "Era uma vez" --json
    attention --layer 1 runs/bert "Era uma vez" --head 2
    attention runs/gpt "Era uma vez" --out made/map.SVG
    check-gradient tinyllm.functional.activations:gelu --json
    check-gradient tinyllm.functional.norms:layer_norm --with eps=0.1 --shapes 3x4,4,4
    tokenizer train corpus.txt --out made/a.json --vocab-size 300
    tokenizer train corpus.txt --json --out made/b.json --vocab-size 1000000000
    tokenizer train --kind char corpus.txt broken/bom.txt --out made/c.JSON
    tokenizer train corpus.txt --kind byte --out made/d.json
    tokenizer train corpus.txt --kind word --vocab-size 10 --out made/e.json
    tokenizer train corpus.txt --out /dev/null --vocab-size 300
    tokenizer encode tokenizer.json ""
    tokenizer encode tokenizer.json --json "Olá, mundo!"
    tokenizer encode tokenizer.json -- -oi
    tokenizer encode runs/gpt "日本 🎉"
    tokenizer decode tokenizer.json 5 --json 6
    tokenizer decode tokenizer.json 0
    tokenizer convert tokenizer.json made/t.TIKTOKEN
    tokenizer convert plain.tiktoken made/t.json --special "<|fim|>=0"
    tokenizer convert tokenizer.json made/folder
    tokenizer measure tokenizer.json corpus.txt --json
    tokenizer measure tokenizer.json corpus.txt --against char.json
    data generate contos --count 2
    data generate contos --count 2 --json
    data generate contos --json --count 2 --out made/contos.jsonl
    data generate resenhas --count 3 --out made/r.TSV
    data generate resenhas --count 3 --out made/r.JSONL --seed 5 --split test
    data generate instrucoes --count 2 --out /dev/null
    data clean corpus.txt --out made/clean.txt broken/bom.txt
    data clean broken/empty.txt --out made/nothing.txt
    data dedup broken/empty.txt --out made/nothing-twice.txt
    attention runs/gpt ""
    data clean pages --out made/pages.txt --json
    data dedup corpus.txt --out made/dedup.txt --json
    data dedup corpus.txt --out made/dedup1.txt --threshold 1
    data split corpus.txt --out made/parts --held-out 0.2
    data split corpus.txt --json --out made/parts2 --held-out 0.4
    data pack tokenizer.json corpus.txt --out made/p.npy --json
    train --out made/student --teacher runs/gpt --heads 2 --layers 1 --width 8 --context 9 --steps 2 --batch 3
    train --out made/hidden --teacher runs/rnn --distill hidden --model rnn --layers 1 --width 8 --steps 2 --json
    train --out made/apart --teacher runs/int8 --distill none --heads 2 --layers 1 --width 8 --steps 2
    generate made/student --max-tokens 2
    train --resume broken/runs/log-bad --steps 5
    train --resume runs/gpt --steps 5
    generate runs/gpt --best --max-tokens 1
    train --resume runs/gpt --steps 6 --sample-every 1 --sample-prompt "Era" --workers 1
    train --resume runs/gpt --steps 7 --keep-last 3 --keep-best --save-in-background --statistics-every 1
    report runs/gpt runs/gpt --out made/r.html --json
    train --resume broken/runs/newest-cut --steps 5 --json
"""
