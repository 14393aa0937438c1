"""The words that names of structures are made of, in six languages.

English, Dutch, French, German, Spanish and Italian, without accents. Patterns are
compiled when they are first used: planning knows no structures.
"""

import re
import unicodedata

_LETTERS = str.maketrans(
    {"\u0153": "oe", "\u00e6": "ae", "\u00df": "ss", "\u00f8": "o"}
)
# No word of any language begins with these: what follows is a word of its own.
_ACRONYMS = r"(i?gtv|i?ctv|itv|i?ptv|hcc|crlm|pvtt)"
_SIDES = r"(left|right|links|rechts|linker|rechter|gauche|droit|droite)"
# Words that are at times written as one.
_JOINED = (
    rf"\b(liver|left|right|lt|rt|viable|main)(?=(tumou?rs?|lesions?|mets?|lungs?|lobe)"
    rf"(\b|{_SIDES}))|"
    rf"\b(tumou?rs?|lesions?|lungs?|perfused|treated)(?={_SIDES}\b|viable|liver|liv\b|"
    r"seg|volume|lobe)|"
    r"\b(lung|long)(?=[lr]\b)|\b(mets?|tum)(?=(seg|left|right|liver|liv)\b)"
)

LIVER = r"liver|hepar|lever|foie|leber|higado|fegato"
HEPATIC = rf"{LIVER}|liv|hepatic|hepatica?|hepatique|hepatis(ch|che)|epatic[oa]"
TUMOR = (
    r"tumou?r[a-z]?|lesions?|lesion[a-d]|hcc|icc|crlm|i?gtv|i?ctv|itv|mtv|mets?|"
    r"metastas[ei]s|metastatic|tum|tumore[ns]?|tumeurs?|tumores|tumori|tumoral[ei]?|"
    r"laesies?|lasion(en)?|laesion(en)?|lesion(es|i|e)|metastasen?|metastases?|"
    r"metastasi|metastatique|neoplasm?s?|neoplasia|cancer|carcinom[ae]?|karzinom[e]?|"
    r"hepatoma|cholangioca(rcinoma)?|hepatocarcinom[ae]?|"
    r"(leber|lever)(tumou?r|metasta|laesi|lasion|laesion|herd)[a-z]*|"
    r"(lungen|knochen|lymphknoten)metasta[a-z]*"
)
# TG-263: sb is a surgical bed; v and vas lie in a vessel, as a thrombus does.
NO_TUMOR = (
    r"(tumou?r|gtv|ctv|surgical|operat[a-z]*) ?bed|tumou?rbett|lit tumoral|"
    r"i?[gc]tv ?(sb|v|vas)|cavity|resect[a-z]*|resezier[a-z]*|peri ?tumou?r[a-z]*|"
    r"pvtt?|thromb[a-z]*|h[ae]e?matom[a-z]*"
)
NODES = (
    r"ln|lns|nodes?|nodal|lymph[a-z]*|lymphknoten|lymfeklier[a-z]*|ganglion[a-z]*|"
    r"adenopath[a-z]*|adenopatia|ganglio[s]?|linfonod[a-z]*|"
    r"(lungen|knochen|lymphknoten)metasta[a-z]*|"
    r"extra ?(hepatic|hepatique|hepatisch[a-z]*|epatic[oa]|hepatica?)|i?[gc]tv ?nd?"
)
OUTSIDE = (
    r"lungs?|pulmonary|bones?|vertebrae?|spine|ribs?|adrenals?|periton[a-z]*|spleen|"
    r"kidneys?|pancrea[a-z]*|brain|longen?|poumons?|lungen?|os|knochen|bot|hueso|osso|"
    r"pulmon(es)?|polmon[ei]"
)
# A target's name alone: it may be what is perfused, a tumor, or a tumor with a margin.
TARGET = r"i?ptv ?[a-z]?|tv"
# A name that is only a number of a region.
REGION = r"(voi|roi)s?( ?\d+[a-z]?)*( [a-z])?"
MARGIN = r"prv|margins?|expan[a-z]*|rings?|shells?"
PERFUSED = (
    r"perfused|perfusion|treated|perf|target|geperfundeerd(e)?|behandeld?e?|"
    r"behandelt(e|es)?|perfundiert(e|es)?|perfuse|traitee?|perfundid[oa]|tratad[oa]|"
    r"perfus[oa]|trattat[oa]"
)
NORMAL_LUNGS = r"(normal|healthy) lungs?"
NORMAL = (
    r"normal(e|es|er|es|em)?|normaal|ntl|healthy|gezond(e)?|gesund(e|es)?|sain(e)?|"
    r"san[oa]|non[- _]?tumou?r(al|ous)?|uninvolved|unaffected|nl"
)
GALLBLADDER = (
    r"gall ?bladder|gb|galblaas|vesicule|gallenblase|vesicula|cistifellea|colecisti"
)
VESSEL = (
    r"vessels?|veins?|arter(y|ies)|aorta|vena ?(cava|porta)|ivc|portal|pfortader|"
    r"[av] (hepatic|celiac|splenic|renal|gastric|mesenteric[a-z]*)"
)
LUNGS = (
    r"lungs?|longen|(linker|rechter) ?long|long (l|r|li|re|links|rechts)|poumons?|"
    r"lungen?|lungenflugel|pulmon(es)?|polmon[ei]"
)
ORGAN = (
    r"spleen|stomach|kidneys?|duodenum|pancreas|bowel|colon|heart|esophagus|"
    r"oesophagus|spinal ?cord|bladder|milt|maag|nier(en)?|hart|estomac|reins?|coeur|"
    r"milz|magen|nieren?|herz|bazo|estomago|rinon(es)?|corazon|milza|stomaco|ren[ei]|"
    r"cuore"
)
# Of the liver's volume but not the liver: a part of it, or something in it.
_NUMBER = r"(\d|i{1,3}|iv|vi{0,3})[ab]?(?![a-z\d])"
SEGMENT = (
    rf"(seg|segs|segments?|segmento|segmenti|sector|(leber|lever)segmente?) ?{_NUMBER}|"
    r"(lobes?|lob|lobo|lobulos?|lobus|lappen|leberlappen|lever ?kwab|kwab|caudate|"
    r"(hemi|half) ?liver)(?![a-z])|"
    rf"(({HEPATIC})( [a-z]+)? (segments?|segmento|segmenti|l|r|lt|rt|left|right|"
    rf"links|rechts|gauche|droit|izquierdo|derecho))(?![a-z])|"
    rf"(left|right|lt|rt|linke|rechte|linker|rechter) ({LIVER})(?![a-z])|"
    rf"segments? ({HEPATIC})(?![a-z])"
)
ONLY_SEGMENT = r"s ?[1-8] ?[ab]?"
IN_LIVER = (
    r"cysts?|zysten?|kyste|abscess|hemangioma|haemangioma|dome|stents?|drain|isodose|"
    r"dose|capsule|surface|edge|nodul[a-z]*"
)
# What Slicer calls a segmentation's parts before anybody names them.
UNNAMED = r"Segment_\d+"

_ORGANS = (
    r"(liver|lungs?( [lr])?|lobe|perfused|treated|lever|foie|leber|higado|fegato|lob|"
    r"lobulo)"
)
_TAKEN_OUT = (
    r"(minus|without|w/o|excl[a-z]*|ex|less|no|zonder|sans|ohne|sin|senza|moins|menos|"
    r"meno|min|hors)"
)
_TUMORS = r"(tum|lesion|laes|lasion|mets?\b|metast|hcc|icc)"
_TARGETS = r"(gtv|ctv|ptv|itv)"
_SPACE = r"[ .()-]*"
# "Liver-GTV" is a difference, as is "liver - tumor"; "liver-tumor 1" is a tumor.
WITHOUT = (
    rf"{_ORGANS}{_SPACE}\b{_TAKEN_OUT}\b{_SPACE}(the )?(all )?({_TUMORS}|{_TARGETS})|"
    rf"{_ORGANS}\s+-\s+({_TUMORS}|{_TARGETS})|"
    rf"{_ORGANS} *- *{_TARGETS}|"
    rf"\b(non|not|no|nicht|niet|pas)[ .-]*{_TUMORS}|"
    r"tumou?r[ .-]*(free|frei|vrij)"
)
# A target less another is a ring around it.
BETWEEN_TARGETS = rf"\b{_TARGETS}[ a-z\d]{{0,6}}- *{_TARGETS}"
UNTREATED = (
    r"\b(non|not|no|nicht|niet|pas|minus|without|ohne|sans|zonder|sin|senza|excl[a-z]*)"
    r"[ .-]*(ge)?(perfus|perfund|perfond|treat|target|behand|trait|tratad|trattat)|"
    r"\b(un|on)[ .-]?(perfus|perfund|treat|target|behand)|\s-\s*(perfus|perfund|treat)"
)


def has(words: str, text: str) -> bool:
    """Whether one of the words stands in a text by itself.

    Examples
    --------
    >>> has("met|hcc", "met seg 6"), has("met|hcc", "metal")
    (True, False)
    """
    return re.search(rf"(?<![a-z])({words})(?![a-z])", text) is not None


def finds(pattern: str, text: str) -> bool:
    """Whether a pattern that bounds itself matches anywhere in a text."""
    return re.search(pattern, text) is not None


def is_only(words: str, text: str) -> bool:
    """Whether a text is nothing but what a pattern matches."""
    return re.fullmatch(words, text) is not None


def spelled(name: str) -> str:
    """A name in lower case without accents, its words apart; hyphens stay.

    Examples
    --------
    >>> spelled("TumorLeft"), spelled("GTVp1"), spelled("Lésion_2"), spelled("LungL")
    ('tumor left', 'gtv p 1', 'lesion 2', 'lung l')
    """
    text = re.sub(r"[_.]+", " ", name)
    text = re.sub(rf"(?<![A-Za-z]){_ACRONYMS}(?=[A-Za-z])", r"\1 ", text, flags=re.I)
    # TumorLeft, LNTumor: a word begins with its capital.
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", text)
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    text = "".join(c for c in decomposed if not unicodedata.combining(c))
    text = re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z]{2})", " ", text)
    text = re.sub(_JOINED, r"\g<0> ", text)
    return re.sub(r" +", " ", text).strip()
