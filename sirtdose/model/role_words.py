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
_SIDES = (
    r"left|right|links|rechts|linker|rechter|gauche|droite?|destr[oa]|sinistr[oa]|"
    r"derech[oa]|izquierd[oa]"
)
# Words that are at times written as one: "wholeliver", "tumormask", "livernotgtv".
_JOINABLE = (
    r"liver|liv|leber|lever|foie|higado|fegato|lungs?|lobe|segments?|seg|"
    r"whole|total|entire|all|sum|union|gesamte?|ganze|normale?|healthy|background|"
    r"tumou?rs?|lesions?|metastas[ei]s|mets?|tum|hcc|gtv|ctv|ptv|lymph|nodes?|ln|"
    r"perfused|perf|treated|treatment|target|viable|main|bed|zone|area|region|"
    r"volumen?|vol|masks?|maske|contour|label|roi|voi|final|pet|"
    r"kidneys?|spleen|stomach|pancreas|bones?|adrenal|duodenum|bladder|heart|"
    r"minus|without|wo|not|non|no|off|un|outside|except|excl|exc|incl|with|sub|x|"
    rf"lt|rt|{_SIDES}"
)
_FIRST_JOINED = rf"({_JOINABLE})(?=({_JOINABLE})*$)"
_HELPER = r"z(?=[A-Z]|i?[gcp]tv|tum|les|liver)|[zZ][_ -]"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"

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
# No colon: a "colon met" in the liver is one of the colon's cancer.
OUTSIDE = (
    r"lungs?|pulmonary|bones?|vertebrae?|spine|ribs?|adrenals?|periton[a-z]*|spleen|"
    r"kidneys?|pancrea[a-z]*|brain|longen?|poumons?|lungen?|os|knochen|bot|hueso|osso|"
    r"pulmon(es)?|polmon[ei]|stomach|gastric|(?<!gall )bladder|duoden[a-z]*|bowel|"
    r"heart|o?esophag[a-z]*|renal|milt|maag|nier(en)?|hart|estomac|reins?|coeur|milz|"
    r"magen|nieren?|herz|bazo|estomago|rinon(es)?|corazon|milza|stomaco|ren[ei]|cuore"
)
# It may be what is left of a tumor, or a tumor that grows again.
ABLATED = r"ablat[a-z]*|ablad[oa]|abladiert[a-z]*|rfa|mwa"
# A target's name alone: it may be what is perfused, a tumor, or a tumor with a margin.
TARGET = r"i?ptv ?[a-z]?|tv"
# A name that is only a number of a region.
REGION = r"(voi|roi)s?( ?\d+[a-z]?)*( [a-z])?"
MARGIN = r"prv|margins?|expan[a-z]*|rings?|shells?"
# "GTV+5", "GTV 5 mm"; "Liver 5 mm" may be of slices of 5 mm.
ADDED = r"\+ ?\d"
MILLIMETERS = r"\d ?mm(?![a-z])"
# Only targets of external beams are grown: "Tumor 15 mm" and "HCC 3 cm" say a size.
GROWN = r"[gc]tv.*\d ?[cm]m(?![a-z])"
PERFUSED = (
    r"perfused|perfusion|treated|perf|target|"
    r"treatment (volumen?|vol|zone|area|region|lobe|segment|seg|site)|"
    r"geperfundeerd(e)?|behandeld?e?|"
    r"behandelt(e|es)?|perfundiert(e|es)?|perfuse|traitee?|perfundid[oa]|tratad[oa]|"
    r"perfus[oa]|trattat[oa]"
)
NORMAL_LUNGS = r"(normal|healthy) lungs?"
NORMAL = (
    r"normal(e|es|er|es|em)?|normaal|ntl|healthy|gezond(e)?|gesund(e|es)?|sain(e)?|"
    r"san[oa]|non[- _]?tumou?r(al|ous)?|uninvolved|unaffected|nl|"
    rf"background ({HEPATIC})|({HEPATIC}) background"
)
GALLBLADDER = (
    r"gall ?bladder|gb|galblaas|vesicule|gallenblase|vesicula|cistifellea|colecisti"
)
VESSEL = (
    r"vessels?|veins?|arter(y|ies)|aorta|vena ?(cava|porta)|ivc|portal|pfortader|"
    r"[av] (hepatic|celiac|splenic|renal|gastric|mesenteric[a-z]*)"
)
TARGET_VESSEL = r"target (vessels?|veins?|arter(y|ies))|(vessel|vein|artery) target"
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
_PLACES = r"lateral|medial|anterior|posterior|superior|inferior|remnant"
SEGMENT = (
    rf"(seg|segs|segments?|segmento|segmenti|sector|(leber|lever)segmente?) ?{_NUMBER}|"
    r"(lobes?|lob|lobo|lobulos?|lobus|lappen|leberlappen|lever ?kwab|kwab|caudate|flr|"
    r"(hemi|half) ?liver)(?![a-z])|"
    rf"(({HEPATIC})( [a-z]+)? (segments?|segmento|segmenti|l|r|lt|rt|dx|sx|{_SIDES}|"
    rf"{_PLACES}))(?![a-z])|({HEPATIC}) s ?{_NUMBER}|"
    rf"(l|r|lt|rt|linkes?|rechtes?|{_SIDES}|{_PLACES}) ({LIVER})(?![a-z])|"
    rf"segments? ({HEPATIC})(?![a-z])"
)
# The liver's segmentation, or a segment of it.
SEG_OF_LIVER = rf"(.* )?({LIVER}) seg"
ONLY_SEGMENT = r"s ?[1-8] ?[ab]?"
IN_LIVER = (
    r"cysts?|zysten?|kyste|abscess|hemangioma|haemangioma|dome|stents?|drain|isodose|"
    r"dose|capsule|surface|edge|nodul[a-z]*"
)
# What Slicer calls a segmentation's parts before anybody names them.
UNNAMED = r"Segment_\d+"

_ORGANS = (
    rf"({LIVER}|liv|parenchyma|lungs?( [lr])?|lobe|perfused|perf|treated|lob|lobulo)"
)
TAKEN_OUT = (
    r"minus|without|w/o|w o|wo|exc|excl[a-z]*|except[a-z]*|ex|less|not|non|no|outside|"
    r"sub|subtract[a-z]*|x|m|zonder|behalve|min|sans|moins|hors|sauf|ohne|ausser|sin|"
    r"menos|excepto|senza|meno|eccetto|tranne"
)
_WITH = (
    r"with|w/?|incl[a-z]*|and|plus|mit|inkl[a-z]*|und|avec|et|con|(?<=lever )met|samt"
)
_TUMORS = r"(tum|lesion|laes|lasion|mets?\b|metast|hcc|icc)"
_TARGETS = r"(gtv|ctv|ptv|itv)"
_OF_TUMORS = rf"((the|all|any) )*({_TUMORS}|{_TARGETS})"
_SPACE = r"[ .()-]*"
_PARTS = rf"({VESSEL}|{GALLBLADDER}|{ORGAN}|{IN_LIVER}|{LIVER})"
# "Liver right lobe minus", but not "liver tumor minus".
_MORE = rf"( (?!{_TUMORS}|{_TARGETS})[a-z\d]+){{0,3}}"
_NOT = r"(non|not|no|nicht|niet|pas)"
# "Liver-GTV" is a difference, as is "liver - tumor"; "liver-tumor 1" is a tumor.
WITHOUT = (
    rf"\b{_ORGANS}{_MORE}{_SPACE}\b({TAKEN_OUT})\b{_SPACE}{_OF_TUMORS}|"
    rf"{_ORGANS}{_MORE}\s+[-\\]\s+\(?{_OF_TUMORS}|"
    rf"{_ORGANS} *[-\\] *\(? *{_TARGETS}|"
    rf"\b{_ORGANS}{_MORE} ({_TUMORS}[a-z]*|{_TARGETS})( [a-z\d]{{1,2}})* "
    r"(sub|subtracted|removed|excl|excluded|out)$|"
    rf"\b{_NOT}[ .-]*({_TUMORS}|{_TARGETS})|^outside {_OF_TUMORS}|"
    r"tumou?r[ .-]*(free|frei|vrij)|"
    rf"\b{_ORGANS}{_MORE}{_SPACE}\b({TAKEN_OUT})\b{_SPACE}"
    rf"({_PARTS}( and|,| ,| ?[+&])? )+{_OF_TUMORS}"
)
# A hyphen that joins two words, or a minus sign: only a number after it tells.
JOINED_OR_MINUS = (
    rf"\b({LIVER}|liv|lobe|perfused|treated) *- *\(?({TUMOR})(?![a-z])(?!.*\d)"
)
# "Liver with tumor" is the liver: what stands before, or after, tells.
WITH_TUMOR = (
    rf"^(?P<around>.*?{_ORGANS}{_MORE})( *[+&] *| *-? *\b({_WITH})[ .]+)\(?{_OF_TUMORS}"
)
AND_LIVER = (
    rf"{_OF_TUMORS}[a-z]*( *[+&] *| (and|plus|und|et) )(?P<around>({LIVER})\b.*)"
)
# "Liver minus vessels" is the liver: what stands before tells.
LESS_PART = (
    rf"^(?P<around>.*?\b{_ORGANS}{_MORE})( +[-\\] +|{_SPACE}"
    rf"\b({TAKEN_OUT}|with|incl[a-z]*)\b{_SPACE}){_PARTS}(?![a-z])"
)
# A target less another is a ring around it.
BETWEEN_TARGETS = rf"\b{_TARGETS}[ a-z\d]{{0,6}}- *{_TARGETS}"
NOT_LIVER = (
    rf"\b(non|not|no|nicht|niet|outside|out|minus|without|w/o|wo|excl[a-z]*|ohne|sans|"
    rf"zonder|sin|senza)[ .-]*((of|the|from) )*({HEPATIC})\b|"
    rf"\b(body|external|skin|abdomen|torso|trunk)[ -]+({LIVER})\b"
)
_TREATED = r"(ge)?(perfus|perfund|perfond|treat|target|behand|trait|tratad|trattat)"
_UN = rf"({_NOT}[ .-]*|(un|on)[ .-]?)"
# A tumor that is not treated is one.
UNTREATED_TUMOR = (
    rf"\b{_UN}{_TREATED}[a-z]* ({_TUMORS}|{_TARGETS})|"
    rf"^{_TUMORS}[a-z]*[ \d]* {_UN}{_TREATED}"
)
UNTREATED = (
    rf"\b{_UN}{_TREATED}|\s-\s*(perfus|perfund|treat)|"
    r"\b(off|minus|without|ohne|sans|zonder|sin|senza|outside|except|exc|excl[a-z]*|"
    rf"w/?o)[ .-]*((of|the) )*{_TREATED}"
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
    text = re.sub(r"[_.]+", " ", re.sub(f"[{_DASHES}]", "-", name))
    text = re.sub(rf"(?<![A-Za-z]){_ACRONYMS}(?=[A-Za-z])", r"\1 ", text, flags=re.I)
    text = re.sub(r"(?<![A-Za-z])ln(?=met|tum|les|gtv)", r"\g<0> ", text, flags=re.I)
    # TumorLeft, LNTumor: a word begins with its capital.
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", text)
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    text = "".join(c for c in decomposed if not unicodedata.combining(c))
    text = re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z]{2})", " ", text)
    text = re.sub(r"\b(lung|long)(?=[lr]\b)|\b[lr](?=(lung|liver)\b)", r"\g<0> ", text)
    text = re.sub(r"[a-z]{4,}", lambda found: _apart(found[0]), text)
    return re.sub(r" +", " ", text).strip()


def before_what_it_holds(text: str) -> str:
    """What a spelled name says to hold a tumor, or to be less one of its parts.

    Empty where it says no such thing.

    >>> before_what_it_holds("liver with tumor"), before_what_it_holds("tumor + liver")
    ('liver', 'liver')
    >>> before_what_it_holds("liver minus vessels")
    'liver'
    >>> before_what_it_holds("liver tumor")
    ''
    """
    for pattern in (WITH_TUMOR, AND_LIVER, LESS_PART):
        found = re.search(pattern, text)
        if found and not has(TUMOR, found["around"]):
            return found["around"].replace("-", " ").strip()
    return ""


def is_helper(name: str) -> bool:
    """Whether a name begins with the z of a structure that helps to plan (TG-263)."""
    return re.match(_HELPER, name.strip()) is not None


def _apart(word: str) -> str:
    """Words that were written as one, where all of it is words that are known."""
    parts, rest = [], word
    while rest and (first := re.match(_FIRST_JOINED, rest)):
        parts.append(first[0])
        rest = rest[first.end() :]
    return word if rest else " ".join(parts)
