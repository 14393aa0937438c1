"use strict";
// The plan's own checks at other activities: the program wrote every bound and every outcome.
const movedChecks = (trees, stay, at) => {
  const sum = (terms) => terms.slice(1).reduce((all, slope, n) => all + slope * at[n], 0) + terms[0];
  const valueOf = ({ over, under }) => (under ? sum(over) / sum(under) : sum(over));
  const holds = (asked) => {
    const value = valueOf(asked);
    const { sign, bound } = asked;
    if (sign === ">") return value > bound;
    if (sign === ">=") return value >= bound;
    return sign === "<" ? value < bound : value <= bound;
  };
  const outcome = (tree) => (Array.isArray(tree) ? tree : outcome(holds(tree.if) ? tree.yes : tree.no));
  const text = (pieces) =>
    pieces.map((piece) => (typeof piece === "string" ? piece : numbers.written(valueOf(piece), piece.form))).join("");
  const found = new Map();
  for (const { code, severity, said, do: remedy } of [...stay, ...trees.flatMap(outcome)]) {
    const one = { code, severity, said: text(said), remedy: text(remedy) };
    found.set(JSON.stringify(one), one);
  }
  const all = [...found.values()];
  const element = (name, kind, content) => {
    const made = document.createElement(name);
    made.className = kind;
    made.append(...content);
    return made;
  };
  const items = [];
  for (const severity of ["stop", "ask", "warn"]) {
    const some = all.filter((one) => one.severity === severity);
    for (const code of [...new Set(some.map((one) => one.code))].sort()) {
      const tags = [element("span", "tag", [severity.toUpperCase()]), " ", element("span", "code", [code])];
      const own = some
        .filter((one) => one.code === code)
        .map(({ said, remedy }) =>
          element("div", "one", [
            element("p", "", [said]),
            ...(remedy ? [element("p", "do", [remedy])] : []),
          ]),
        );
      items.push(element("li", severity, [element("p", "tags", tags), ...own]));
    }
  }
  const count = (some, what) => `${some.length} ${what}${some.length > 1 ? "s" : ""}.`;
  const notes = all.filter((one) => one.severity === "note");
  const grave = all.filter((one) => one.severity !== "note");
  const words = grave.length ? count(grave, "warning") : "No warnings.";
  return { items, words, under: [...(items.length ? [] : [words]), ...(notes.length ? [count(notes, "note")] : [])] };
};
