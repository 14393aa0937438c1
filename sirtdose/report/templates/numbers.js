"use strict";
// Numbers as the program writes them: a number half between two takes the even digit.
const numbers = (() => {
  const rounded = (value, digits) => {
    const exact = BigInt(Math.abs(value).toFixed(100).replace(".", ""));
    const unit = 10n ** BigInt(100 - digits);
    const left = 2n * (exact % unit);
    const whole = exact / unit;
    return whole + (left > unit || (left === unit && whole % 2n === 1n) ? 1n : 0n);
  };
  const fixed = (value, digits) => {
    const text = String(rounded(value, digits)).padStart(digits + 1, "0");
    const cut = text.length - digits;
    return (value < 0 ? "-" : "") + text.slice(0, cut) + (digits ? `.${text.slice(cut)}` : "");
  };
  const shortened = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const general = (value, digits) => {
    if (value === 0) return "0";
    const power = Number(value.toExponential(digits - 1).split("e")[1]);
    const places = digits - 1 - power;
    if (power >= -4 && power < digits) return shortened(fixed(value, places));
    const all = String(rounded(value, places));
    const sign = power < 0 ? "-" : "+";
    const short = shortened(`${value < 0 ? "-" : ""}${all[0]}.${all.slice(1)}`);
    return `${short}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  };
  const roundedDown = (value) => {
    const scale = 10 ** (3 - Math.floor(Math.log10(value)));
    return general(Math.floor(value * scale * (1 + 1e-12)) / scale, 4);
  };
  const roundedUp = (value) => {
    const scale = 10 ** (3 - Math.floor(Math.log10(value)));
    return general(Math.ceil(value * scale * (1 - 1e-12)) / scale, 4);
  };
  const apartFrom = (value, bound) => {
    for (let digits = 4; digits < 10; digits += 1)
      if (Number(general(value, digits)) !== bound) return general(value, digits);
    return general(value, 4);
  };
  // By the format that the program's own text has there.
  const written = (value, form) => {
    if (form === "rounded down") return roundedDown(value);
    if (form === "rounded up") return roundedUp(value);
    if (form.startsWith("apart from ")) return apartFrom(value, Number(form.slice(11)));
    const [, sign, digits, kind] = /^(\+?)(?:\.(\d+))?([gf%])$/.exec(form);
    const count = digits === undefined ? 6 : Number(digits);
    const before = sign && value >= 0 ? sign : "";
    if (kind === "g") return before + general(value, count);
    return before + (kind === "f" ? fixed(value, count) : `${fixed(100 * value, count)}%`);
  };
  return { fixed, written };
})();
