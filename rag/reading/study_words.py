"""Words by which the report of a study is known, and those that say what it found, hoped for or doubts.

English only; fitted on `benchmarks/data/findings.toml` as `findings.py` says.
"""

from __future__ import annotations

import re

STUDY = re.compile(
    r"\b(?P<mark>patients?|participants?|stud(?:y|ies)|trials?|randomi[sz]ed|cohorts?|placebo|controls?"
    r"|groups?|outcomes?|significant(?:ly)?|confidence|CI|P(?= ?[<>=≤≥])|(?:odds|hazard|risk) ratios?"
    r"|relative risk|(?:multi|uni)variat?(?:e|able)|adjust(?:ed|ment)|incidence|prevalence|mortality"
    r"|baseline|median|follow-up|prospective(?:ly)?|retrospective(?:ly)?|sensitivity|specificity"
    r"|diagnos\w+|treatments?|clinic\w*|hospitals?|surg\w+|symptoms?|disease|aim|objectives?|methods?"
    r"|results?|conclusions?|associat\w+|correlat\w+|hypothes\w+|regist(?:er|ry|ers|ries)|(?:women|men"
    r"|adults|children|infants|residents|persons|volunteers|subjects|cases)(?= (?:were|was|with|who|had"
    r"|aged|under|over))|evidence|effective\w*|benefit\w*|risks?|interviewed|questionnaires?|correlation"
    r"|coefficients?|analysis|(?:intra|inter)class|differ(?:ed|ences?)?|blinded|mean|versus|effects?"
    r"|measured|recorded|randomly|allocated|analy[sz]ed|rated|scores?|crossover|unrelated|similar"
    r"|episodes|(?:half|each|both) of the (?:group|patient|participant)s|respondents|wards?|compar(?:ed"
    r"|ison)|over \w+ years)\b",
    re.IGNORECASE,
)
WE = re.compile(r"\bwe (?:\w+ly )?(?:\w+ed|found|gave|saw|did|ran)\b", re.IGNORECASE)
SAMPLE = re.compile(  # how many were looked at
    r"(?<![\d,.])\d[\d,]{0,9} (?:[\w-]+ ){0,2}(?:patients|women|men|adults|children|people|persons"
    r"|participants|infants|volunteers|residents|records|operations|cases|controls)\b",
    re.IGNORECASE,
)
SHARE = re.compile(r"\d(?:\.\d+)? ?%|\bper cent\b|(?<![\w.])\.\d\d")
LABEL = re.compile(r"(?:(?<!\W)\W++)?(?P<label>[A-Z][A-Za-z /&]{2,40}):\s")
CONCLUDES = re.compile(
    r"\b(?:conclu\w+|in summary|overall|taken together|thus|therefore|hence|these (?:findings|results"
    r"|data)|(?:our|the|this) (?:findings?|results?|data|stud(?:y|ies)|trials?"
    r"|analysis) (?:\w+ )?(?:suggest|show|indicate|support|demonstrate|provide|confirm|do(?:es)? not)\w*"
    r"|we (?:recommend|suggest|found that|believe)|should|is recommended|evidence)\b",
    re.IGNORECASE,
)
FINDS = re.compile(
    r"\b(?:significant(?:ly)?|P ?[<>=≤≥]|CI|ratio|higher|lower|more|less|fewer|increased?|decreased?"
    r"|reduc\w+|improv\w+|associated|correlated|predict\w+|differ(?:ed|ence|ences)?|similar|comparable"
    r"|effective\w*|benefit\w*|safe\w*|risk|no|not)\b|\d %|\d%",
    re.IGNORECASE,
)
AIM = re.compile(
    r"\b(?:aim(?:s|ed)?|objectives?|purpose|goal|sought|hypothes\w+|to (?:determine|assess|evaluate"
    r"|investigate|examine|explore|find out|test|see|compare|identify|study|describe|analy[sz]e)"
    r"|we (?:\w+ly )?(?:asked|tested|modelled|examined|investigated|evaluated|assessed|studied|compared"
    r"|explored|analy[sz]ed|reviewed|wondered))\b",
    re.IGNORECASE,
)
METHOD = re.compile(
    r"\b(?:(?:was|were|are) (?:then |also |prospectively |retrospectively |randomly )?(?:randomi[sz]ed"
    r"|allocated|assigned|recruited|enrolled|included|invited|measured|recorded|interviewed|collected"
    r"|reviewed|followed|sent|offered|asked|classified|identified|performed|pooled|linked|searched"
    r"|counted|tracked|analy[sz]ed|compared|used|done|retrieved|determined|tested|matched|completed|given"
    r"|examined|assessed|obtained|applied)|we (?:\w+ly )?(?:measured|recorded|interviewed|collected"
    r"|followed|identified|pooled|searched|included|enrolled|recruited|randomi[sz]ed|assigned|performed"
    r"|audited|surveyed|carried out|conducted|summari[sz]ed))\b",
    re.IGNORECASE,
)
OPEN = re.compile(  # doubt
    r"\b(?:uncertain\w*|unclear|inconclusive|inconsistent|conflicting|contradictory|equivocal|mixed"
    r"|insufficient|unproven|unknown|unresolved|undetermined|premature|underpowered|open question"
    r"|debatable|controvers\w+|not (?:yet )?(?:clear|known|proven|established|conclusive|definitive)"
    r"|(?:no|not? enough|little|limited) (?:firm |definite |clear |reliable )?(?:conclusions?"
    r"|recommendations?|data)|can(?:not| neither| not)? (?:yet )?be (?:\w+ )?(?:confirmed|excluded"
    r"|established|decided|determined|drawn|recommended|shown|ruled out|refuted|answered)(?! (?:by|with))"
    r"|could (?:not|neither) be (?:\w+ )?(?:confirmed|excluded|established|decided|determined|drawn|shown"
    r"|ruled out)|neither (?:be )?(?:confirm|prove|support|establish)\w*"
    r"|whether\b[^.]{1,160}\b(?:remains?|depends?|is (?:not|un))|depends? on|remains? (?:to be|un\w+|open"
    r"|questionable|doubtful))\b",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?P<call>(?:further|larger|more|better|future|additional|prospective|randomi[sz]ed|controlled"
    r"|confirmatory)(?: \w+){0,4} (?:stud(?:y|ies)|trials?|research|data|investigations?"
    r"|evaluation)(?: \w+){0,3}(?: (?:are|is|should|needed|required|warranted|necessary|before|to"
    r"|follow))|stud(?:y|ies) (?:is|are) (?:required|needed|warranted))|\b(?P<modal>may|might|could"
    r"|possib(?:le|ly)|potential(?:ly)?|perhaps|seems?)\b(?! be (?:omitted|used|left|safely|replaced"
    r"|performed|recommended|abandoned|discontinued|withheld|stopped))|(?P<limit>\b(?:only (?:in|for|if"
    r"|when|with)|(?:in|for|to) (?:some|certain|selected|motivated|a subset)|limited|partial(?:ly)?"
    r"|to some extent|in part|(?:quiescent|mild|severe|early|active)\b[^.]{0,60} only|disease only"
    r"|heterogen\w+|if)\b)|(?P<turn>[,;] (?:but|while|whereas|although|though)\b|\b(?:however|yet"
    r"|nevertheless|on the other hand)\b|;)",
    re.IGNORECASE,
)
HARMS = (
    r"(?:adverse|side|serious|major|severe|harm\w*|complications?|toxic\w*|safety|increase|accidental"
    r"|unwanted|recurrences?|deaths?|loss|additional risks?|compromis\w+|negative)"
)
NOTHING = re.compile(
    rf"\b(?:no(?! (?:{HARMS}|less|longer|fewer|more than|doubt))|not(?! (?:only"
    rf"|differ(?:ent)? from zero))|never"
    r"|neither|nor|none|nothing|cannot|\w+n['’]t|fail(?:s|ed|ure)? to|lack(?:s|ed)? (?:of )?|unable"
    r"|in(?:effective|accurate|sufficient|adequate|ferior|appropriate)|un(?:related|affected|necessary"
    r"|changed|likely|reliable|specific|suitable|safe|justified|warranted|helpful)|independent(?:ly)? of"
    r"|without (?:influence|effect|benefit)|useless|against|poor(?:ly)?|harmless|too \w+ (?:for|to)"
    r"|irrelevant|negligible|myth|belief|refut\w+|disprove\w*|contradict\w*|rather than|little (?:effect"
    r"|influence|impact|value|benefit))\b",
    re.IGNORECASE,
)
AVOID = re.compile(
    r"\b(?:abandon|omit|avoid|postpon|withh[eo]ld|discontinu|stopp|refrain|obsolete|unfixed"
    r"|dispensed with)\w*",
    re.IGNORECASE,
)
KEPT = re.compile(rf"\b(?:not|never|no)\b(?: \w+){{0,3}} {AVOID.pattern[2:]}", re.IGNORECASE)
SAME = re.compile(
    r"\b(?:similar(?:ly)?|comparable|compar(?:es?|ed) (?:well|favou?rably)|identical|equivalent"
    r"|equal(?:ly)?|the same|alike|as \w+(?: and \w+)? as|likewise|equalled|(?:did|do|does) not differ"
    r"|no (?:\w+ )?differences?)\b",
    re.IGNORECASE,
)
ASKS_SAME = re.compile(
    r"\b(?:as \w+(?: and \w+)? as|same|equivalent|equal(?:ly)?|comparable|similar(?:ly)?|reproducib\w+"
    r"|repeatab\w+|consistent|agree(?:ment)?|replace|substitute|alternative|noninferior|non-inferior"
    r"|safe(?:ly|ty)?|feasib\w+|tolerated|accept\w+|independent(?:ly)?|unaffected|unchanged|sufficient"
    r"|adequate|enough)\b",
    re.IGNORECASE,
)
ASKS_NOTHING = re.compile(
    r"\b(?:not|no|never|un(?:necessary|related|safe|reliable|affected|justified)|ineffective|useless"
    r"|harmless|overestimated|overrated|overused)\b",
    re.IGNORECASE,
)
HARMLESS = re.compile(
    rf"\b(?:without|no|none|never|low|free of|not (?:cause|increase|raise|lead to|compromise"
    rf"|be attributed to))\b(?: \w+){{0,3}} {HARMS}\b|\b(?:safe(?:ly)?|harmless|well tolerated)\b",
    re.IGNORECASE,
)
ASKS_HARM = re.compile(
    r"\b(?:cause\w*|harm\w*|risks?|complications?|worse\w*|increase\w*|problems?|danger\w*|adverse"
    r"|decline|mortality)\b",
    re.IGNORECASE,
)
FIGURE = r"(?:\d{1,7}(?:\.\d{1,5})?|\.\d{1,5})"
PAIR = re.compile(  # two figures that are compared
    rf"(?P<one>(?<![\d.]){FIGURE})(?: ?%| \w+)?[^.;]{{0,60}}?"
    r"\b(?:and|versus|vs\.?|than|compared (?:to|with))\b"
    rf"(?: \w+){{0,2}}? (?P<other>{FIGURE})(?! ?(?:years|days of|hours|weeks|months))",
    re.IGNORECASE,
)
P = re.compile(r"\bP ?= ?0?(?P<p>\.\d+)", re.IGNORECASE)
AROUND = re.compile(
    r"\b(?:ratio|risk|OR|HR|RR)\b(?:[^;.]|\.\d){0,40}?\b(?:CI|interval)\b:? ?(?P<low>0?\.\d+"
    r"|\d(?:\.\d+)?) ?(?:to|[-–,]) ?(?P<high>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
