"""Words that end in a full stop without ending a sentence, lower-cased and without that stop.

English first; then the common ones of German, French, Spanish, Italian, Portuguese and Dutch. A word that
often ends sentences itself (sun, sat, max, km) is left out: a missed abbreviation costs less.
"""

from __future__ import annotations


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


NEVER_LAST = _words("""
    mr mrs ms mx dr drs prof rev fr hon gen col maj capt cpt cmdr lt sgt gov sen rep pres messrs
    mme mmes mlle supt adm amb pvt cpl e.g i.e eg ie cf vs v viz resp incl excl approx esp ca
    hr hrn frl dipl z.b d.h u.a s.o s.u v.a i.d.r bzw sog ggf evtl vgl inkl zzgl bspw geb gest
    sr sra srta sres dña ud uds p.ej ej sig sigg dott ing avv egr exmo exma dhr mevr bijv o.a
""")
"""Titles and joints: something always follows."""

BEFORE_NUMBER = _words("""
    no nos nr nrs num nº n fig figs eq eqs eqn p pp pg pgs vol vols ch chap sec sect art arts para pt bd abb
    abs tab kap ziff ex exs ver op ref refs app apt ste rm ln lib cap pág págs pag núm núms § ed eds ser
""")
"""They hold a number or a letter to themselves: `Fig. 3`, `No. 7`, `App. B`."""

MAYBE_LAST = _words("""
    inc ltd co corp llc plc bros jr al est dept univ assn st mt ft ave blvd rd sq bldg hwy intl natl govt mfg
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri
    ph.d m.sc b.sc b.c.e u.s.s.r usw mio mrd tsd jh jhd gmbh n.chr v.chr ecc ibid
    ee.uu dpto avda env apr.j.-c j.-c
""")
"""They end a sentence only where the next word is one that opens sentences. So do all such as `U.S.`."""

OPENERS = _words("""
    the a an this that these those it its he she they we you i his her their our my your there here in on at
    by for from with without to of as if when while where who what which why how after before since although
    though because but and or so yet however then thus therefore moreover furthermore meanwhile also many
    most some several few each every all both one two no not nobody under over during until unless is are
    was were do does did has have had can could may might will would should must let
    der die das ein eine er sie es wir ihr dies diese dieser dieses im am auf bei nach vor mit und aber
    doch wenn als weil obwohl dann danach
    le la les un une il elle ils elles nous vous ce cette ces dans en après avant mais et
    el los las una unos él ella ellos nosotros este esta estos pero y cuando después
    lo gli uno questo questa nel nella ma quando dopo o os um uma ele ela eles mas não de het een hij zij
""")
"""Words that open sentences, and seldom follow an abbreviation within one."""

AFTER_ORDINAL = _words("""
    januar februar märz april mai juni juli august september oktober november dezember jänner
    jahrhundert jahrhunderts jahrtausend lebensjahr mal stock klasse kapitel auflage weltkrieg weltkriegs
""")
"""German writes ordinals with a stop: `3. Oktober`, `19. Jahrhundert`."""
