"""Function words by language: what carries no meaning of its own, and what tells languages apart.

Short on purpose: articles, pronouns, prepositions, conjunctions, auxiliaries, and the words that open
a question. A word that can be what somebody is looking for is not in here. All are casefolded.
"""

from __future__ import annotations

from functools import cache

_WORDS = {
    "english": """a about an and any are as at be because been being but by can could did do does for
        from had has have he her him his how i if in into is it its me my no nor not of on or our
        she should so such than that the their them then there these they this those to us was we
        were what when where which while who whom whose why will with would you your""",
    "german": """aber als am an auch auf aus bei bin bis da damit das dass dem den denn der des die
        dies diese diesem diesen dieser dieses doch du durch ein eine einem einen einer eines er es
        für hat hatte ich ihm ihn ihr ihre im in ist kann mit nach nicht noch nur ob oder ohne sein
        seine sich sie sind so über um und uns unter vom von vor war waren warum was welche welcher
        welches wenn wer werden wie wir wird wo wurde wurden zu zum zur""",
    "french": """à au aux avec c ce ces cet cette comme d dans de des dont du elle elles en est et
        était être eu il ils j je l la le les leur leurs lui m mais me mes moi mon n ne nos notre
        nous on ont ou où par pas pour qu que quel quelle quelles quels qui s sa se ses si son sont
        sur t ta te tes toi ton tu un une vos votre vous y""",
    "spanish": """a al ante como con cual cuál cuando cuándo de del desde donde dónde e el él ella
        ellas ellos en entre era es esa ese eso esta está estaba este esto fue ha había han hasta
        hay la las le les lo los más me mi muy ni no nos o para pero por porque que qué quien quién
        se sea según ser si sí sin sobre son su sus también te tu un una uno unos y ya yo""",
    "italian": """a ad agli ai al alla alle anche c che chi ci come con cosa cui d da dagli dai dal
        dalla dalle degli dei del della delle di dove e è ed era essere fu gli ha hanno i il in io l
        la le lei lo loro lui ma mi ne negli nei nel nella nelle noi non o per perché più quale
        quali quando quanto quella quello questa questo se si sono su sua sue sugli sui sul sulla
        suo suoi ti tra tu un una uno voi""",
    "portuguese": """a à ao aos as às com como da das de dele do dos e é ela elas ele eles em entre
        era essa esse esta está este eu foi foram há isso isto já lhe mais mas me na não nas nem no
        nos nós num numa o onde os ou para pela pelas pelo pelos por porque qual quais quando que
        quem se sem ser seu seus são só sobre sua suas também te tem um uma você""",
    "dutch": """aan al als bij dan dat de den der deze die dit doch door een en er ge geen had haar
        heb hebben heeft hem het hij hoe ik in is ja je kan maar me met mij mijn na naar niet nog nu
        of om omdat onder ons ook op over te tot u uit van voor waar waarom wanneer waren was wat we
        welke werd wie wij worden wordt ze zich zij zijn zo zou""",
    "swedish": """alla att av blev bli blir de dem den denna deras dess det detta där då efter ej
        eller en er ett från för ha hade han hans har hon hur här i icke inte jag kan man med men
        mig min mot mycket ni nu när någon och om oss på sig sin ska som så till under upp ut utan
        vad var varför vem vid vi vilka vilken är över""",
    "norwegian": """alle at av ble blir da de deg dem den denne der dere deres det dette du eller en
        er et etter for fra før ha hadde han hans har hun hva hvem hvilken hvor hvorfor i ikke jeg
        kan med meg men min mot noe noen når og også om opp oss over på seg selv si sin skal som så
        til under ut var ved vi være vært å""",
    "danish": """af alle at blev bliver da de den denne der deres det dette dig du efter eller en end
        er et for fra før ham han hans har havde hun hvad hvem hvilken hvor hvorfor hvordan i ikke
        jeg kan man med meget men mig min mod noget nogle nu når og også om op os over på sig sin
        skal som så til ud under var ved vi være været""",
    "finnish": """ei eivät en että he hän ja jo joka jos jotka kanssa koska kuin kuka kun me mikä
        miksi missä mitä mutta myös ne niin nyt oli olivat olla on ovat se sekä sen siitä sillä tai
        tämä vai vain""",
    "hungarian": """a az azt be csak de ez ezt egy el és ha hogy hol is ki le meg mert mi mint miért
        nem sem sok szerint van vagy volt voltak""",
    "polish": """a ale aby bez bo by był była było były być ci co czy dla do gdy gdzie go i ich ile im
        ja jak jako je jego jej jest już która które który ma mi na nad nie niż o od oraz po pod
        przez przy są się tak także tam te tego tej ten to tu tym u w we więc wszystko z za ze że""",
    "czech": """a aby ale ani až bez bude by byl byla bylo být co do i jak jako je jeho jejich jen
        ještě jeden její jsem jsou k kde kdo kdy když která které který ma mezi mu na nad ne nebo
        než o od po pod podle pro proč proti při s se si tak také tato ten to toho tom u už v ve
        však z za ze že""",
    "romanian": """a acest această al ale am ar are as au că care ce cu cum când dacă de decât deci
        din dar după ea ei el ele era este eu fi fost iar în între își la le lor lui mai mea ne nici
        nu o or pe pentru prin sa sale sau să se spre sub sunt și te un una unde unei unui""",
    "turkish": """ama ancak bir bu bunu çok da daha de değil diye en gibi hem her için ile ise kadar
        ki kim mı mi mu mü ne nasıl neden nerede o olan olarak olduğu on onu onun şu ve veya ya""",
    "catalan": """a al als amb aquest aquesta com d de del dels des dins el ella ells els en és era es
        està fins ha han hi i l la les li lo més no o on per perquè però què que qui s se sense ser
        seu seva si sobre són també un una unes uns va""",
    "indonesian": """ada adalah akan atau bagaimana bahwa bisa dalam dan dapat dari dengan di dia ia
        ini itu juga karena ke kepada mana mereka oleh pada sebagai sudah telah tidak untuk yang""",
    "russian": """а без был была были было быть в вам вас весь во вот все вы где да для до его ее если
        есть еще же за и из или им их к как кто когда который ли мне может мы на над не него нет но
        ну о об он она они оно от по под после почему при с свой себя со так также там то того тоже
        только том ты у уже что чтобы чем эта это этот я""",
    "serbian": """а али без био била било бити да до за и из или је јер као који која које ко ли на не
        него ни о од он она они по при са се сам само су та тај то у шта што""",
    "greek": """από αν αλλά αυτά αυτή αυτό για δεν είναι ένα ένας εμείς εσείς η ή ήταν θα και κι κατά
        με μας μετά μη μην να ο οι όπου όπως όταν ότι που πού προς πως πώς σαν σε στα στη στην στο
        στον στους τα την της τι τις το τον του τους των ως""",
    "arabic": """أن أو إلى إن التي الذي ثم عن على في قد كان كانت كل كما كيف لا لم لماذا ليس ما متى من
        منذ هذا هذه هل هو هي و""",
    "persian": """آن از است اما این با بر برای به بود بودند تا چرا چه خود در را شد شده که کجا می نیز
        ها هم هر و یا یک""",
    "hindi": """इस उस एक और का कि की के को कौन क्या क्यों गया जो तक तो था थी थे ने पर भी में यह या वह
        से ही है हैं हो""",
}

LANGUAGES = tuple(_WORDS)
"""The languages that have a list."""


@cache
def stop_words(language: str) -> frozenset[str]:
    """The function words of a language; none where there is no list."""
    return frozenset(word.casefold() for word in _WORDS.get(language, "").split())
