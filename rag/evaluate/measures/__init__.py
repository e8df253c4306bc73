"""One case and what came of it → numbers from 0 to 1, higher is better, None where a measure does not apply.

- `names.py`: measures by name, as ir_measures writes them (`nDCG@10`), and what each means
- `ranking.py`: nDCG, R, P, RR, AP, Success: equal to trec_eval's
- `words.py`: EM, F1, ROUGE-L, Contains: equal to SQuAD's and ROUGE's definitions
- `proof.py`: CiteP, CiteR, Support
- `decision.py`: Correct, Answered, AbstainP, AbstainR
- `risk.py`: the risk–coverage curve

Set-level figures are means over the questions a measure applies to, so each has an interval of its own.
"""

from __future__ import annotations

from .names import DEFAULT, Measure, meaning, measure
from .risk import Curve, risk_coverage

__all__ = ["DEFAULT", "Curve", "Measure", "meaning", "measure", "risk_coverage"]
