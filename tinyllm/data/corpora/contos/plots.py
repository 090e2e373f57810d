"""The plots: a name, the scenes in order and what they are about. Splits share scenes, never plots."""

from typing import NamedTuple


class Plot(NamedTuple):
    """What happens in a story: the names of its scenes in order, and the categories of words its slots draw from."""

    name: str
    scenes: tuple[str, ...]
    categories: dict[str, str]


def plot(name: str, scenes: str, **categories: str) -> Plot:
    return Plot(name, tuple(scenes.split()), categories)


TRAIN = (
    # -- lost
    plot(
        "o brinquedo no caminho",
        "opening treasure day_with_thing lost search sad think found_on_the_way joy home learn_patience",
        thing="toy",
    ),
    plot(
        "o brinquedo e o bichinho",
        "opening friend treasure day_with_thing lost ask_friend found_with_pet joy learn_friendship",
        thing="toy",
    ),
    plot(
        "o presente da família",
        "opening habit treasure day lost search sad found_by_worker thank_worker learn_help",
        thing="keepsake",
    ),
    plot(
        "quatro olhos veem mais",
        "opening friend treasure day_together lost search friend_is_there found_by_friend picnic",
        thing="keepsake",
    ),
    plot(
        "o brinquedo devolvido",
        "opening habit treasure day_with_thing lost ask_elder found_by_worker thank_worker night",
        thing="toy",
    ),
    # -- stuck
    plot(
        "a escada",
        "opening habit treasure day_with_thing stuck jump_in_vain ask_worker ladder thank_worker learn_help",
        thing="flyer",
    ),
    plot(
        "nos ombros do amigo",
        "opening friend treasure day_together stuck jump_in_vain idea shoulders joy_together learn_friendship",
        thing="flyer",
    ),
    plot(
        "o vento leva e o vento traz",
        "opening treasure day_with_thing walk stuck jump_in_vain sad ask_elder wind_returns joy learn_patience",
        thing="flyer",
    ),
    # -- broken
    plot(
        "os cacos escondidos",
        "opening habit day_at_home broke hide confess forgive glue learn_honesty",
        thing="fragile",
    ),
    plot("a culpa do bichinho", "opening day_at_home broke blame confess forgive night learn_honesty", thing="fragile"),
    plot(
        "a oficina",
        "opening habit treasure toy_breaks repair_in_vain ask_worker repair thank_worker joy learn_help",
        thing="machine",
    ),
    plot(
        "a pecinha solta",
        "opening friend treasure toy_breaks repair_in_vain ask_friend repair_together joy_together learn_friendship",
        thing="machine",
    ),
    # -- quarrels
    plot(
        "um pouco de cada vez",
        "opening friend treasure day_together quarrel alone apology turns learn_share",
        thing="toy",
    ),
    plot("o pedido de desculpas", "opening friend treasure quarrel alone letter apology joy_together", thing="toy"),
    plot("a hora esquecida", "opening habit friend late waited sad apology make_up_for_it learn_friendship"),
    plot(
        "o presente do atraso", "opening friend late waited ask_elder letter gift_given joy_together learn_friendship"
    ),
    plot("o falso socorro", "opening friend day_together false_alarm not_believed sad apology picnic learn_honesty"),
    # -- fears
    plot("a lanterna", "opening habit evening dark ask_elder lamp joy night learn_courage"),
    plot("o teatro de sombras", "opening habit evening dark think shadow_play joy night learn_courage"),
    plot("a contagem dos trovões", "opening habit day_at_home thunder ask_elder count_thunder feast learn_courage"),
    plot("a vista lá do alto", "opening friend day_together walk height hand step_by_step picnic learn_courage"),
    plot("a música esquecida", "opening friend habit stage sad sing_along thank_friend learn_friendship"),
    plot("o barulho da noite", "opening habit noise investigate ask_elder noisy_guest night learn_courage"),
    plot("o galho na janela", "opening habit noise investigate think branch night learn_courage"),
    # -- learning
    plot("cair e levantar", "opening habit wish_skill day fall laughed_at practise skill_at_last joy learn_patience"),
    plot("a mão do amigo", "opening friend wish_skill fall ask_friend hand skill_at_last thank_friend learn_help"),
    plot(
        "a primeira obra",
        "opening wish_skill day_at_home art_in_vain laughed_at lesson skill_at_last feast learn_patience",
        skill="art",
    ),
    # -- small lives
    plot("o filhote perdido", "opening habit day walk cub feed_cub search mother joy learn_care"),
    plot("a asa machucada", "opening habit day hurt_bird ask_elder nurse_bird bird_flies joy learn_care"),
    plot("o ninho caído", "opening friend day rain nest ask_friend rebuild_nest joy_together learn_care"),
    # -- company
    plot("a sopa quente", "opening friend habit sick_friend ask_elder soup recovered joy_together learn_care"),
    plot("o presente para a janela", "opening friend sick_friend sad make_gift gift_given recovered learn_friendship"),
    plot(
        "histórias na janela",
        "opening friend habit sick_friend ask_elder window_games recovered joy_together learn_care",
    ),
    plot(
        "amizade nova",
        "opening habit treasure day_with_thing meet_friend shy think invite joy_together learn_friendship",
        thing="toy",
    ),
    plot("metade para cada um", "opening habit day pack meet_friend hungry share_food joy_together learn_share"),
    plot(
        "um guarda-chuva para dois", "opening friend day rain one_umbrella under_one_umbrella thank_friend learn_share"
    ),
    # -- parties
    plot("o segundo bolo", "opening friend party burnt sad ask_friend second_cake party_ends_well learn_help"),
    plot("a salada de frutas", "opening habit party burnt think fruit_instead party_ends_well joy learn_patience"),
    plot("o presente feito à mão", "opening friend no_money ask_elder make_gift gift_given picnic learn_friendship"),
    plot("a festa surpresa", "opening friend habit forgotten_birthday sad surprise joy_together thank_friend"),
    # -- garden
    plot("a semente preguiçosa", "opening habit plant no_sprout ask_elder water_daily sprout joy learn_patience"),
    plot("o mês sem chuva", "opening friend plant drought sad idea carry_water sprout joy_together learn_help"),
    plot("a horta gigante", "opening habit friend giant ask_friend pull_together feast learn_help"),
    plot("a cesta pesada", "opening habit day walk heavy_basket think carry_basket joy home learn_care"),
    # -- the place we share
    plot("o mutirão", "opening friend day rubbish clean_in_vain ask_friend clean picnic learn_care"),
    plot("a ponte de tronco", "opening friend day_together pack bridge idea log picnic learn_help"),
    plot("a travessia de barco", "opening habit day walk bridge ask_worker boat thank_worker home learn_help"),
    plot(
        "o castelo de areia",
        "opening friend day_together sand_castle sad idea rebuild_castle joy_together learn_patience",
        place="shore",
    ),
    # -- journeys
    plot("a trilha errada", "opening habit day walk lost_way stay_put found_by_elder thank_elder learn_courage"),
    plot(
        "o assobio", "opening friend day_together pack lost_way sad think follow_friend_sign joy_together learn_courage"
    ),
    plot("o arco-íris", "opening friend day_together rain rainbow rainbow_far rainbow_treasure picnic home"),
    plot("a corrida", "opening habit friend race friend_falls stop_to_help applause learn_friendship"),
    plot("de quem é?", "opening habit day walk found_purse temptation owner thanked learn_honesty", thing="keepsake"),
    plot(
        "o amigo escondido",
        "opening friend day_together hide_and_seek search think asleep joy_together learn_friendship",
    ),
)
VALIDATION = (
    plot(
        "a ventania e o bichinho",
        "opening habit treasure day_with_thing lost search sad found_with_pet night learn_patience",
        thing="keepsake",
    ),
    plot(
        "o vizinho da escada",
        "opening friend treasure day_together stuck ask_worker ladder thank_worker picnic",
        thing="toy",
    ),
    plot("o barulho no escuro", "opening habit noise dark ask_elder lamp noisy_guest night learn_courage"),
    plot(
        "a sopa e a semente", "opening friend plant sick_friend water_daily sprout gift_of_flower recovered learn_care"
    ),
    plot("o filhote na chuva", "opening friend day cub rain feed_cub ask_friend mother learn_care"),
)
TEST = (
    plot(
        "a briga na ponte",
        "opening friend treasure day_together quarrel bridge apology log learn_friendship",
        thing="toy",
    ),
    plot(
        "a oficina da família",
        "opening habit treasure toy_breaks ask_elder repair_in_vain ask_worker repair learn_patience",
        thing="machine",
    ),
    plot(
        "o passeio na mata", "opening habit day pack lost_way sad ask_worker way_home thank_worker night learn_courage"
    ),
    plot("o bolo dividido", "opening habit day meet_friend hungry keep_food sad apology share_food learn_share"),
    plot(
        "o pé que quase secou",
        "opening friend plant sprout drought sad ask_friend carry_water revive joy_together learn_patience",
    ),
)
PLOTS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
