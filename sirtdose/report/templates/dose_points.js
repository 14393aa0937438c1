"use strict";
// A histogram at other activities: doses by 1 GBq of each injection add up.
const dosePoints = (() => {
  const decoded = new WeakMap();
  const listed = (text, bytes, read) => {
    const view = new DataView(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer);
    return Float64Array.from({ length: view.byteLength / bytes }, (_, n) => read(view, n * bytes));
  };
  const volumes = (text) => listed(text, 4, (view, n) => view.getFloat32(n, true));
  const doses = ({ least, most, steps }) =>
    listed(steps, 2, (view, n) => least + ((most - least) * view.getUint16(n, true)) / 65535);
  const read = (points) => {
    if (!decoded.has(points))
      decoded.set(points, {
        k: points.gy_per_gbq.map(doses),
        // What earlier sessions gave, which no activity changes.
        c: points.earlier_gy && doses(points.earlier_gy),
        ml: volumes(points.ml),
        by: "",
        found: null,
      });
    return decoded.get(points);
  };
  // Doses from the hottest on, with the volume from there on.
  const sorted = ({ k, c, ml }, at) => {
    const sums = ml.map((_, n) => k.reduce((sum, one, i) => sum + one[n] * at[i], c ? c[n] : 0));
    const order = Uint32Array.from(sums, (_, n) => n).sort((a, b) => sums[b] - sums[a]);
    const gy = Float64Array.from(order, (n) => sums[n]);
    let volume = 0;
    const above = Float64Array.from(order, (n) => (volume += ml[n]));
    return { gy, above, ml: volume };
  };
  const histogram = (points, at) => {
    const own = read(points);
    if (own.by !== at.join(" ")) {
      own.by = at.join(" ");
      own.found = sorted(own, at);
    }
    return own.found;
  };
  // The first place, from 0, where something holds that holds from there on.
  const firstWhere = (count, holds) => {
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const partAbove = ({ gy, above, ml }, dose) => {
    const count = firstWhere(gy.length, (n) => gy[n] < dose * (1 - 2e-5));
    return count ? above[count - 1] / ml : 0;
  };
  const doseTo = ({ gy, above, ml }, part) => {
    const wanted = part * ml * (1 - 1e-7);
    return gy[Math.min(firstWhere(gy.length, (n) => above[n] >= wanted), gy.length - 1)];
  };
  const spread = ({ gy, above, ml }) => {
    const mean = (of) => gy.reduce((sum, dose, n) => sum + of(dose) * (above[n] - (n ? above[n - 1] : 0)), 0) / ml;
    const middle = mean((dose) => dose);
    return Math.sqrt(mean((dose) => (dose - middle) ** 2));
  };
  const simple = { max: ({ gy }) => gy[0], min: ({ gy }) => gy[gy.length - 1], sd: spread };
  // By a metric's key in the plan: d70, d2cc, v100, max.
  const metric = (points, key, at) => {
    const own = histogram(points, at);
    if (simple[key]) return simple[key](own);
    const [, kind, number, cc] = /^([dv])([\d.]+)(cc)?$/.exec(key);
    if (kind === "v") return 100 * partAbove(own, Number(number));
    return doseTo(own, cc ? Math.min(number / own.ml, 1) : number / 100);
  };
  return { histogram, metric, partAbove };
})();
