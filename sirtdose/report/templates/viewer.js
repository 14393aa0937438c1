"use strict";
// Three linked planes of one size: gray picture, dose wash, isodoses, outlines, crosshair.
(async () => {
  const root = document.getElementById("view");
  const source = document.getElementById("view-data");
  if (!root || !source || !("DecompressionStream" in window)) return;
  const data = JSON.parse(source.textContent);
  const shape = data.grid.shape;
  const [, nj, ni] = shape;
  const size = data.grid.spacing_mm;
  const f = data.factors;
  const fine = shape.map((n, axis) => n * f[axis]);
  const element = (id) => document.getElementById(id);
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  async function inflate(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }
  async function bytesOf(text) {
    const values = await inflate(text);
    for (let n = 1; n < values.length; n++) values[n] = (values[n] + values[n - 1]) & 255;
    return values;
  }
  async function dosesOf(one) {
    const packed = await inflate(one.data);
    const count = packed.length / 2;
    const doses = new Float32Array(count);
    for (let n = 0, step = 0; n < count; n++) {
      step = (step + (packed[n] << 8) + packed[count + n]) & 65535;
      doses[n] = step === 65535 ? NaN : one.low_gy + one.scale_gy * step * step;
    }
    return one.every > 1 ? between(doses, one) : doses;
  }
  // A map of which one voxel in a few is kept: those between are interpolated.
  function between(kept, { every, shape: [, rows, columns], shape: kept_shape }) {
    const doses = new Float32Array(shape[0] * nj * ni);
    const split = shape.map((count, axis) => Array.from({ length: count }, (_, n) => {
      const low = Math.min(Math.floor(n / every), kept_shape[axis] - 1);
      return [low, Math.min(low + 1, kept_shape[axis] - 1), n / every - low];
    }));
    let n = 0;
    for (const [k, k1, c] of split[0]) {
      for (const [j, j1, b] of split[1]) {
        const rowsAt = [[k, j], [k, j1], [k1, j], [k1, j1]].map(([z, y]) => (z * rows + y) * columns);
        const parts = [(1 - c) * (1 - b), (1 - c) * b, c * (1 - b), c * b];
        for (const [i, i1, a] of split[2]) {
          let gy = 0;
          for (let m = 0; m < 4; m++) gy += parts[m] * (kept[rowsAt[m] + i] * (1 - a) + kept[rowsAt[m] + i1] * a);
          doses[n++] = gy;
        }
      }
    }
    return doses;
  }
  const maps = [];
  for (const one of data.maps) maps.push({ ...one, doses: await dosesOf(one) });
  for (const one of data.differences) maps.push({ ...one, top: one.top_gy });
  const gray = data.gray ? await bytesOf(data.gray.data) : null;
  const isCt = gray && data.gray.unit === "HU";
  const structures = [];
  for (const one of data.structures) {
    structures.push({ ...one, values: await bytesOf(one.data), shown: true });
  }

  // Axes of each plane: through, across (to the right), down; heads are up.
  const planes = {
    axial: { through: 0, across: 2, down: 1, sign: 1, letters: "RLAP" },
    coronal: { through: 1, across: 2, down: 0, sign: -1, letters: "RLHF" },
    sagittal: { through: 2, across: 1, down: 0, sign: -1, letters: "APHF" },
  };
  const windows = { "soft tissue": [-160, 240], lung: [-1350, 150], bone: [-500, 1300] };
  const state = {
    at: data.start.slice(), middle: data.field.middle.slice(), side: data.field.side_mm,
    map: maps[0], top: data.top_gy, levels: data.levels_gy, opacity: isCt ? 0.45 : gray ? 0 : 0.85,
    isodoses: true, outlines: true, smooth: true, mode: "crosshair", factor: 1, moved: false,
    low: gray ? data.gray.window[0] : 0, high: gray ? data.gray.window[1] : 1, print: false,
  };

  // Numbers and places.
  const gyText = (gy) => {
    const size = Math.abs(gy);
    const text = size >= 99.95 ? gy.toFixed(0) : size >= 9.995 ? gy.toFixed(1)
      : size >= 0.995 ? gy.toFixed(2) : size > 1e-9 ? String(Number(gy.toPrecision(3))) : "0";
    return text.replace("-", "\u2212");
  };
  const levelText = (gy) => String(Number(gy.toPrecision(3)));
  const mmText = (mm) => mm.toFixed(1).replace("-", "\u2212");
  const place = (index) => [0, 1, 2].map((row) => {
    const m = data.grid.affine_mm[row];
    return m[0] * index[0] + m[1] * index[1] + m[2] * index[2] + m[3];
  });
  const indexOf = (mm) => data.grid.to_index.map((m) =>
    Math.round(m[0] * mm[0] + m[1] * mm[1] + m[2] * mm[2] + m[3]));
  const flat = ([k, j, i]) => (k * nj + j) * ni + i;
  const isDifference = () => Boolean(state.map.of);
  const doseAt = (index) => {
    const n = flat(index);
    const one = state.map;
    return state.factor * (one.of ? maps[one.of[0]].doses[n] - maps[one.of[1]].doses[n] : one.doses[n]);
  };
  const huAt = (index) => {
    const [a, b, c] = index.map((at, axis) => at * f[axis] + (f[axis] >> 1));
    return gray[(a * fine[1] + b) * fine[2] + c];
  };

  // Slices: values with their place in voxels of the doses, rows downwards in the picture.
  function doseSlice(plane) {
    const columns = shape[plane.across];
    const rows = shape[plane.down];
    const values = new Float32Array(columns * rows);
    const index = state.at.slice();
    for (let v = 0, n = 0; v < rows; v++) {
      index[plane.down] = v;
      for (let u = 0; u < columns; u++, n++) {
        index[plane.across] = u;
        values[n] = doseAt(index);
      }
    }
    return { values, columns, rows, u0: 0, v0: 0, du: 1, dv: 1 };
  }
  function maskSlice(one, plane) {
    const at = (state.at[plane.through] - one.start[plane.through]) / one.step[plane.through];
    const below = Math.floor(at);
    if (below < 0 || below + 1 >= one.shape[plane.through]) return null;
    const columns = one.shape[plane.across];
    const rows = one.shape[plane.down];
    const values = new Float32Array(columns * rows);
    const stride = [one.shape[1] * one.shape[2], one.shape[2], 1];
    const up = stride[plane.through];
    let most = 0;
    for (let v = 0, n = 0; v < rows; v++) {
      let from = below * up + v * stride[plane.down];
      for (let u = 0; u < columns; u++, n++, from += stride[plane.across]) {
        values[n] = one.values[from] + (at - below) * (one.values[from + up] - one.values[from]);
        if (values[n] > most) most = values[n];
      }
    }
    if (most < 128) return null;
    const grid = { u0: one.start[plane.across], v0: one.start[plane.down] };
    return { values, columns, rows, ...grid, du: one.step[plane.across], dv: one.step[plane.down] };
  }
  function insideAt(one, index) {
    const at = index.map((n, axis) => Math.round((n - one.start[axis]) / one.step[axis]));
    if (at.some((n, axis) => n < 0 || n >= one.shape[axis])) return false;
    return one.values[(at[0] * one.shape[1] + at[1]) * one.shape[2] + at[2]] >= 128;
  }

  // Marching squares: lines of [column, row] where values cross a level.
  function contour({ values, columns, rows }, level) {
    const points = new Map();
    const links = new Map();
    const crossing = (u, v, downwards) => {
      const id = (v * columns + u) * 2 + downwards;
      if (!points.has(id)) {
        const n = v * columns + u;
        const a = values[n];
        const b = downwards ? values[n + columns] : values[n + 1];
        const t = (level - a) / (b - a || 1e-9);
        points.set(id, downwards ? [u, v + t] : [u + t, v]);
        links.set(id, []);
      }
      return id;
    };
    const link = (a, b) => { links.get(a).push(b); links.get(b).push(a); };
    for (let v = 0; v + 1 < rows; v++) {
      for (let u = 0; u + 1 < columns; u++) {
        const n = v * columns + u;
        const corners = (values[n] >= level) | ((values[n + 1] >= level) << 1)
          | ((values[n + columns + 1] >= level) << 2) | ((values[n + columns] >= level) << 3);
        if (corners === 0 || corners === 15) continue;
        // No line where a map ends.
        if (Number.isNaN(values[n] + values[n + 1] + values[n + columns] + values[n + columns + 1])) continue;
        const top = () => crossing(u, v, 0);
        const bottom = () => crossing(u, v + 1, 0);
        const left = () => crossing(u, v, 1);
        const right = () => crossing(u + 1, v, 1);
        if (corners === 1 || corners === 14) link(left(), top());
        else if (corners === 2 || corners === 13) link(top(), right());
        else if (corners === 4 || corners === 11) link(right(), bottom());
        else if (corners === 8 || corners === 7) link(left(), bottom());
        else if (corners === 3 || corners === 12) link(left(), right());
        else if (corners === 6 || corners === 9) link(top(), bottom());
        else if (corners === 5) { link(left(), top()); link(right(), bottom()); }
        else { link(top(), right()); link(left(), bottom()); }
      }
    }
    const lines = [];
    const seen = new Set();
    const open = [...links.keys()].filter((id) => links.get(id).length === 1);
    for (const start of open.concat([...links.keys()])) {
      if (seen.has(start)) continue;
      const line = [];
      for (let id = start; id !== undefined; id = links.get(id).find((next) => !seen.has(next))) {
        seen.add(id);
        line.push(id);
      }
      if (line.length < 4) continue;
      const closed = links.get(start).includes(line[line.length - 1]);
      lines.push({ points: line.map((id) => points.get(id)), closed });
    }
    return lines;
  }

  function follow(context, points, closed) {
    const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    context.beginPath();
    if (closed) {
      context.moveTo(...middle(points[points.length - 1], points[0]));
      points.forEach((one, n) => context.quadraticCurveTo(...one, ...middle(one, points[(n + 1) % points.length])));
      context.closePath();
    } else {
      context.moveTo(...points[0]);
      for (let n = 1; n + 1 < points.length; n++) {
        context.quadraticCurveTo(...points[n], ...middle(points[n], points[n + 1]));
      }
      context.lineTo(...points[points.length - 1]);
    }
  }

  // Colors.
  const rgb = (text) => [1, 3, 5].map((n) => parseInt(text.slice(n, n + 2), 16));
  const palette = data.colors.dose;
  function bar() {
    const used = state.levels.filter((level) => level < state.top);
    if (!used.length) used.push(state.top / 2);
    return [[0.25 * used[0], data.colors.dose_below], ...used.map((gy, n) => [gy, palette[n]]),
      [state.top, data.colors.dose_above]];
  }
  function washOf() {
    if (isDifference()) {
      const [below, above] = data.colors.difference.map(rgb);
      return (gy) => {
        const part = Math.min(Math.abs(gy) / state.map.top, 1);
        return [...(gy < 0 ? below : above), 255 * 0.85 * part];
      };
    }
    const stops = bar().map(([gy, color]) => [gy, rgb(color)]);
    const [start, full] = [stops[0][0], stops[1][0]];
    return (gy) => {
      if (gy <= start) return [0, 0, 0, 0];
      let n = 1;
      while (n + 1 < stops.length && gy > stops[n][0]) n++;
      const [low, a] = stops[n - 1];
      const [high, b] = stops[n];
      const t = clamp((gy - low) / (high - low), 0, 1);
      const shown = 255 * state.opacity * clamp((gy - start) / (full - start), 0, 1);
      return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2]), shown];
    };
  }

  function layer(width, height, paint) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    paint(image.data);
    context.putImageData(image, 0, 0);
    return canvas;
  }
  function frameOf(plane, pixels) {
    const scale = pixels / state.side;
    const du = size[plane.across] * scale;
    const dv = size[plane.down] * scale * plane.sign;
    return {
      x: (u) => (u - state.middle[plane.across]) * du + pixels / 2,
      y: (v) => (v - state.middle[plane.down]) * dv + pixels / 2,
      u: (x) => (x - pixels / 2) / du + state.middle[plane.across],
      v: (y) => (y - pixels / 2) / dv + state.middle[plane.down],
    };
  }

  function paintGray(context, plane, frame) {
    const shade = data.gray.levels.map((v) => clamp((255 * (v - state.low)) / (state.high - state.low || 1), 0, 255));
    const wide = fine[plane.across];
    const high = fine[plane.down];
    const strides = [fine[1] * fine[2], fine[2], 1];
    const first = (state.at[plane.through] * f[plane.through] + (f[plane.through] >> 1)) * strides[plane.through];
    const picture = layer(wide, high, (pixels) => {
      for (let y = 0, n = 0; y < high; y++) {
        const row = plane.sign > 0 ? y : high - 1 - y;
        let from = first + row * strides[plane.down];
        for (let x = 0; x < wide; x++, n += 4, from += strides[plane.across]) {
          pixels[n] = pixels[n + 1] = pixels[n + 2] = shade[gray[from]];
          pixels[n + 3] = 255;
        }
      }
    });
    const x = [frame.x(-0.5), frame.x(shape[plane.across] - 0.5)];
    const y = [frame.y(-0.5), frame.y(shape[plane.down] - 0.5)].sort((a, b) => a - b);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, x[0], y[0], x[1] - x[0], y[1] - y[0]);
  }

  function paintWash(context, slice, frame, pixels) {
    const wash = washOf();
    const count = Math.min(pixels, state.smooth ? 300 : 480);
    const { values, columns, rows } = slice;
    const picture = layer(count, count, (bytes) => {
      for (let y = 0, n = 0; y < count; y++) {
        const v = frame.v(((y + 0.5) * pixels) / count);
        for (let x = 0; x < count; x++, n += 4) {
          const u = frame.u(((x + 0.5) * pixels) / count);
          if (u < -0.5 || v < -0.5 || u > columns - 0.5 || v > rows - 0.5) continue;
          let gy;
          if (state.smooth) {
            const a = clamp(u, 0, columns - 1);
            const b = clamp(v, 0, rows - 1);
            const i = Math.min(Math.floor(a), Math.max(columns - 2, 0));
            const j = Math.min(Math.floor(b), Math.max(rows - 2, 0));
            const right = columns > 1 ? 1 : 0;
            const at = j * columns + i;
            const next = at + (rows > 1 ? columns : 0);
            gy = (values[at] * (1 - a + i) + values[at + right] * (a - i)) * (1 - b + j)
              + (values[next] * (1 - a + i) + values[next + right] * (a - i)) * (b - j);
          } else gy = values[Math.round(v) * columns + Math.round(u)];
          if (!Number.isNaN(gy)) bytes.set(wash(gy), n);
        }
      }
    });
    context.imageSmoothingEnabled = state.smooth;
    context.drawImage(picture, 0, 0, pixels, pixels);
  }

  // Labels lie on their own line, clear of each other; one without room is dropped.
  function labeler(context, pixels, unit) {
    const taken = [];
    const font = Math.round(11.5 * unit);
    const write = (text, x, y, color, weight = 600, high = font) => {
      context.font = `${weight} ${high}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineJoin = "round";
      context.lineWidth = 3.2 * unit;
      context.strokeStyle = "rgba(0,0,0,0.85)";
      context.strokeText(text, x, y);
      context.fillStyle = color;
      context.fillText(text, x, y);
    };
    const onLine = (points, text, color, direction) => {
      context.font = `600 ${font}px system-ui, sans-serif`;
      const wide = context.measureText(text).width + 5 * unit;
      const high = font * 1.25;
      const outward = [Math.cos(direction), Math.sin(direction)];
      let best = null;
      for (const [x, y] of points) {
        if (x < wide / 2 + 18 * unit || x > pixels - wide / 2 - 18 * unit) continue;
        if (y < high + 12 * unit || y > pixels - high - 24 * unit) continue;
        if (taken.some((one) => Math.abs(one.x - x) < (one.wide + wide) / 2 && Math.abs(one.y - y) < high)) continue;
        const score = x * outward[0] + y * outward[1];
        if (!best || score > best.score) best = { x, y, wide, score };
      }
      if (!best) return;
      taken.push(best);
      write(text, best.x, best.y, color);
      placed.push(text);
    };
    const placed = [];
    return { write, onLine, placed };
  }

  const directions = [2.4, 0.7, -0.9, 1.6, -2.3, 0.1];
  function draw(name) {
    const plane = planes[name];
    const canvas = plane.canvas;
    const wide = state.print ? 245 : canvas.clientWidth || 320;
    const pixels = Math.round(state.print ? 860 : wide * Math.max(window.devicePixelRatio || 1, 2));
    canvas.width = canvas.height = pixels;
    const unit = pixels / wide;
    const context = canvas.getContext("2d");
    const frame = frameOf(plane, pixels);
    context.fillStyle = "#000";
    context.fillRect(0, 0, pixels, pixels);
    if (gray) paintGray(context, plane, frame);
    const slice = doseSlice(plane);
    if (state.opacity > 0 || isDifference()) paintWash(context, slice, frame, pixels);
    const labels = labeler(context, pixels, unit);
    const lines = (one, level) => contour(one, level).map(({ points, closed }) => ({
      closed, points: points.map(([u, v]) => [frame.x(one.u0 + u * one.du), frame.y(one.v0 + v * one.dv)]),
    })).sort((a, b) => b.points.length - a.points.length);
    const stroke = (line, color, wide, dash = []) => {
      follow(context, line.points, line.closed);
      context.setLineDash([]);
      context.strokeStyle = "rgba(0,0,0,0.6)";
      context.lineWidth = (wide + 1.4) * unit;
      context.stroke();
      context.setLineDash(dash.map((n) => n * unit));
      context.strokeStyle = color;
      context.lineWidth = wide * unit;
      context.stroke();
      context.setLineDash([]);
    };
    const todo = [];
    if (state.isodoses && !isDifference()) {
      state.levels.forEach((level, n) => {
        const found = lines(slice, level);
        for (const line of found) stroke(line, palette[n], 1.2);
        for (const line of found.slice(0, 2)) {
          if (line.points.length > 8) todo.push([line, levelText(level), palette[n], directions[n]]);
        }
      });
    }
    if (state.outlines) {
      structures.forEach((one, n) => {
        const values = one.shown && maskSlice(one, plane);
        if (!values) return;
        const found = lines(values, 128);
        const color = isDifference() ? "#e6e9ed" : one.dark;
        for (const line of found) stroke(line, color, 2.1, one.dashed ? [6, 4] : []);
        const direction = directions[n % directions.length] + (one.dashed ? 0.8 : 0);
        if (found.length) todo.unshift([found[0], one.short, color, direction]);
      });
    }
    for (const [line, text, color, direction] of todo) labels.onLine(line.points, text, color, direction);
    plane.canvas.dataset.labels = labels.placed.join("|");
    crosshair(context, frame, plane, pixels, unit);
    furniture(labels, context, plane, pixels, unit);
    caption(name, plane);
  }
  function crosshair(context, frame, plane, pixels, unit) {
    const x = frame.x(state.at[plane.across]);
    const y = frame.y(state.at[plane.down]);
    const gap = 9 * unit;
    context.strokeStyle = "rgba(255,255,255,0.6)";
    context.lineWidth = 0.8 * unit;
    context.beginPath();
    const across = [[0, y, x - gap, y], [x + gap, y, pixels, y]];
    const down = [[x, 0, x, y - gap], [x, y + gap, x, pixels]];
    for (const [a, b, c, d] of [...across, ...down]) {
      context.moveTo(a, b);
      context.lineTo(c, d);
    }
    context.stroke();
  }
  function furniture(labels, context, plane, pixels, unit) {
    const high = Math.round(13 * unit);
    const edge = 10 * unit;
    [[edge, pixels / 2], [pixels - edge, pixels / 2], [pixels / 2, edge + unit], [pixels / 2, pixels - edge - unit]]
      .forEach(([x, y], n) => labels.write(plane.letters[n], x, y, "#fff", 600, high));
    const long = (50 * pixels) / state.side;
    const y = pixels - 12 * unit;
    for (const [width, color] of [[5, "rgba(0,0,0,0.8)"], [2.2, "#fff"]]) {
      context.lineWidth = width * unit;
      context.strokeStyle = color;
      context.beginPath();
      context.moveTo(12 * unit, y);
      context.lineTo(12 * unit + long, y);
      context.stroke();
    }
    labels.write("5 cm", clamp(12 * unit + long / 2, 28 * unit, pixels), y - 11 * unit, "#fff", 400);
    if (state.moved) labels.write("NOT THE PLAN", pixels - 62 * unit, 30 * unit, "#fff", 700, Math.round(15 * unit));
  }
  function caption(name, plane) {
    const world = place(state.at);
    // Plus 0: a minus zero is none.
    const mm = String(Math.round(world[2 - plane.through]) + 0).replace("-", "\u2212");
    const at = `${"zyx"[plane.through]} = ${mm} mm`;
    const title = name[0].toUpperCase() + name.slice(1);
    plane.caption.textContent = data.grid.tilt_deg > 2
      ? `Near ${name}, up to ${data.grid.tilt_deg}° off; ${at} at the crosshair` : `${title}, ${at}`;
  }

  function tell(output, index, what) {
    const gy = doseAt(index);
    const [x, y, z] = place(index).map(mmText);
    const strong = document.createElement("b");
    strong.textContent = Number.isNaN(gy) ? "not in the map"
      : `${isDifference() && gy > 0 ? "+" : ""}${gyText(gy)} Gy`;
    const guessed = (state.map.of || [maps.indexOf(state.map)]).some((n) => maps[n].interpolated);
    let rest = maps.length > 1 ? ` (${state.map.name}${guessed ? ", interpolated" : ""})` : "";
    if (isCt) {
      const hu = huAt(index);
      const beyond = hu === 0 ? "at most " : hu === 255 ? "at least " : "";
      rest += `, ${beyond}${data.gray.levels[hu].toFixed(0).replace("-", "\u2212")} HU`;
    }
    const names = structures.filter((one) => insideAt(one, index))
      .map((one) => (one.note ? `${one.name} (${one.note})` : one.name));
    rest += names.length ? `, in ${names.join(", ")}` : ", outside all structures";
    output.replaceChildren(`${what}: `, strong, `${rest}; x ${x}, y ${y}, z ${z} mm`);
    output.dataset.gy = gy;
    output.dataset.index = index.join(",");
  }
  function drawAll() {
    for (const name of Object.keys(planes)) draw(name);
    tell(element("here"), state.at, "At the crosshair");
  }
  let asked = 0;
  function redraw() {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(drawAll);
  }

  // Moving: crosshair, window, field.
  function spot(event, plane) {
    const box = plane.canvas.getBoundingClientRect();
    const frame = frameOf(plane, box.width);
    const index = state.at.slice();
    index[plane.across] = clamp(Math.round(frame.u(event.clientX - box.left)), 0, shape[plane.across] - 1);
    index[plane.down] = clamp(Math.round(frame.v(event.clientY - box.top)), 0, shape[plane.down] - 1);
    return index;
  }
  function step(axis, by) {
    state.at[axis] = clamp(state.at[axis] + by, 0, shape[axis] - 1);
    drawAll();
  }
  function zoom(by, event, plane) {
    const side = clamp(state.side * by, 20, 3 * data.field.side_mm);
    if (event && plane) {
      // What lies under the pointer stays there.
      const box = plane.canvas.getBoundingClientRect();
      const before = frameOf(plane, box.width);
      const [u, v] = [before.u(event.clientX - box.left), before.v(event.clientY - box.top)];
      state.side = side;
      const after = frameOf(plane, box.width);
      state.middle[plane.across] += u - after.u(event.clientX - box.left);
      state.middle[plane.down] += v - after.v(event.clientY - box.top);
    } else {
      state.side = side;
      if (by < 1) state.middle = state.at.slice();
    }
    redraw();
  }
  function pan(dx, dy, plane) {
    const mm = state.side / plane.canvas.clientWidth;
    state.middle[plane.across] -= (dx * mm) / size[plane.across];
    state.middle[plane.down] -= (plane.sign * dy * mm) / size[plane.down];
    redraw();
  }
  function setWindow(low, high, name = "") {
    [state.low, state.high] = [low, high];
    const round = (value) => String(Number(value.toPrecision(4)));
    if (element("gray-low")) {
      element("gray-low").value = round(low);
      element("gray-high").value = round(high);
      for (const id of ["gray-low", "gray-high"]) accept(element(id));
    }
    if (element("window")) element("window").value = name;
    redraw();
  }
  function dragWindow(dx, dy) {
    const range = isCt ? 4 : (data.gray.levels[255] || 1) / 256;
    const width = Math.max((state.high - state.low) + dx * range, range);
    const level = (state.high + state.low) / 2 + dy * range;
    setWindow(level - width / 2, level + width / 2);
  }
  function fit() {
    state.side = data.field.side_mm;
    state.middle = data.field.middle.slice();
    redraw();
  }

  // Shown first: what is hidden has no width.
  document.documentElement.classList.add("live");
  const holder = element("view-planes");
  for (const [name, plane] of Object.entries(planes)) {
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    canvas.tabIndex = 0;
    canvas.id = `plane-${name}`;
    canvas.setAttribute("role", "img");
    const keys = "arrow keys move the crosshair, page keys the slice, plus and minus zoom";
    canvas.setAttribute("aria-label", `${name} plane: ${keys}`);
    plane.canvas = canvas;
    plane.caption = document.createElement("figcaption");
    figure.append(canvas, plane.caption);
    holder.append(figure);
    listen(canvas, plane);
  }
  function listen(canvas, plane) {
    const down = new Map();
    const apart = () => {
      const [a, b] = [...down.values()];
      return Math.hypot(a.x - b.x, a.y - b.y);
    };
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      const mode = event.button === 2 ? "window" : event.button === 1 || event.shiftKey ? "move" : state.mode;
      const own = gray || mode !== "window" ? mode : "crosshair";
      down.set(event.pointerId, { x: event.clientX, y: event.clientY, mode: own });
      if (mode !== "crosshair") return;
      state.at = spot(event, plane);
      drawAll();
    });
    canvas.addEventListener("pointermove", (event) => {
      tell(element("pointer"), spot(event, plane), "Under the pointer");
      const from = down.get(event.pointerId);
      if (!from || !event.buttons) return;
      const before = down.size === 2 ? apart() : 0;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      [from.x, from.y] = [event.clientX, event.clientY];
      if (down.size === 2) zoom(before / Math.max(apart(), 1), event, plane);
      else if (from.mode === "window") dragWindow(dx, dy);
      else if (from.mode === "move") pan(dx, dy, plane);
      else {
        state.at = spot(event, plane);
        redraw();
      }
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => down.delete(event.pointerId));
    }
    canvas.addEventListener("pointerleave", () => element("pointer").replaceChildren());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const zooms = event.ctrlKey || event.metaKey || state.mode === "move";
      if (zooms) zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, event, plane);
      else step(plane.through, event.deltaY > 0 ? -1 : 1);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const moves = {
        ArrowRight: [plane.across, 1], ArrowLeft: [plane.across, -1],
        ArrowDown: [plane.down, plane.sign], ArrowUp: [plane.down, -plane.sign],
        PageUp: [plane.through, 1], PageDown: [plane.through, -1],
      };
      const zooms = { "+": 1 / 1.25, "=": 1 / 1.25, "-": 1.25 };
      if (event.key in moves) step(...moves[event.key]);
      else if (event.key in zooms) zoom(zooms[event.key]);
      else if (event.key === "0") fit();
      else return;
      event.preventDefault();
    });
  }

  // What is typed is taken, or refused beside its field with a word.
  function refuse(input, why) {
    input.setAttribute("aria-invalid", "true");
    let said = input.parentElement.querySelector(".refused");
    if (!said) {
      said = document.createElement("span");
      said.className = "refused";
      said.setAttribute("role", "alert");
      input.parentElement.append(said);
    }
    said.textContent = why;
  }
  function accept(input) {
    input.removeAttribute("aria-invalid");
    input.parentElement.querySelector(".refused")?.remove();
  }
  const numberOf = (text) => {
    const plain = text.trim().replace("\u2212", "-");
    return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : NaN;
  };
  function typed(id, apply) {
    const input = element(id);
    if (!input) return;
    input.addEventListener("input", () => {
      const why = apply(input.value);
      if (why) refuse(input, why);
      else {
        accept(input);
        legend();
        redraw();
      }
    });
  }
  const oneNumber = (text, example, use) => {
    const value = numberOf(text);
    if (Number.isNaN(value)) return `"${text.trim()}" is not a number: type one, such as ${example}`;
    return use(value);
  };
  typed("gray-low", (text) => oneNumber(text, "-160", (value) => {
    if (value >= state.high) return `must be below ${state.high}`;
    state.low = value;
    if (element("window")) element("window").value = "";
  }));
  typed("gray-high", (text) => oneNumber(text, "240", (value) => {
    if (value <= state.low) return `must be above ${state.low}`;
    state.high = value;
    if (element("window")) element("window").value = "";
  }));
  typed("wash-max", (text) => oneNumber(text, "300", (value) => {
    if (value <= 0) return "must be above 0 Gy";
    if (isDifference()) state.map.top = value;
    else state.top = value;
  }));
  typed("levels", (text) => {
    const parts = text.split(/[\s,;]+/).filter(Boolean);
    const levels = parts.map(numberOf);
    const wrong = parts.find((one, n) => !(levels[n] > 0));
    if (wrong) return `"${wrong}" is not a dose: type Gy above 0, such as 50, 120`;
    if (levels.length > palette.length) return `${levels.length} levels: at most ${palette.length}`;
    state.levels = [...new Set(levels)].sort((a, b) => a - b);
  });
  const option = (id, event, apply) => element(id)?.addEventListener(event, (e) => { apply(e.target); redraw(); });
  option("wash-opacity", "input", (input) => { state.opacity = Number(input.value) / 100; legend(); });
  option("isodoses", "input", (input) => { state.isodoses = input.checked; });
  option("outlines", "input", (input) => { state.outlines = input.checked; });
  option("smooth", "input", (input) => { state.smooth = input.checked; });
  element("window")?.addEventListener("change", (event) => {
    const name = event.target.value;
    if (name in windows) setWindow(...windows[name], name);
  });
  function pressed(group, chosen) {
    for (const one of group.children) one.setAttribute("aria-pressed", String(one === chosen));
  }
  for (const button of element("view-mode").children) {
    if (button.value === "window" && !gray) button.hidden = true;
    button.addEventListener("click", () => {
      state.mode = button.value;
      holder.dataset.mode = state.mode;
      pressed(element("view-mode"), button);
    });
  }
  element("zoom-in").addEventListener("click", () => zoom(1 / 1.25));
  element("zoom-out").addEventListener("click", () => zoom(1.25));
  element("zoom-fit").addEventListener("click", fit);
  // A few maps have a button each, more of them a list.
  function choose(one) {
    state.map = one;
    const input = element("wash-max");
    accept(input);
    input.value = String(isDifference() ? one.top : Number(state.top.toPrecision(4)));
    element("wash-max-of").textContent = isDifference() ? "scale to \u00b1" : "color to";
    legend();
    redraw();
  }
  const switches = element("view-maps");
  switches.hidden = maps.length < 2;
  if (maps.length > 5) {
    const list = document.createElement("select");
    list.setAttribute("aria-label", "Dose map");
    const kinds = { Doses: maps.filter((one) => !one.of), Differences: maps.filter((one) => one.of) };
    for (const [label, some] of Object.entries(kinds)) {
      const group = document.createElement("optgroup");
      group.label = label;
      group.append(...some.map((one) => new Option(one.name, String(maps.indexOf(one)))));
      if (some.length) list.append(group);
    }
    list.addEventListener("change", () => choose(maps[Number(list.value)]));
    switches.append(list);
  } else {
    for (const one of maps) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = one.name;
      button.setAttribute("aria-pressed", String(one === state.map));
      button.addEventListener("click", () => {
        pressed(switches, button);
        choose(one);
      });
      switches.append(button);
    }
  }

  // The legend says the levels, and where the wash starts and clips.
  const swatch = (color, text, name = "iso") => {
    const item = document.createElement("li");
    const mark = document.createElement("i");
    mark.className = name;
    mark.style[name === "iso" ? "background" : "borderTopColor"] = color;
    item.append(mark, text);
    return item;
  };
  function legend() {
    const ramp = element("ramp");
    const ticks = element("ramp-ticks");
    const says = element("ramp-says");
    const tick = (part, text) => {
      const one = document.createElement("span");
      one.style.left = `${100 * part}%`;
      one.textContent = text;
      return one;
    };
    const keys = element("isodose-key");
    keys.hidden = isDifference();
    if (isDifference()) {
      ramp.parentElement.hidden = false;
      ramp.classList.remove("clips");
      const [below, above] = data.colors.difference;
      const top = gyText(state.map.top);
      ramp.style.background = `linear-gradient(to right, ${below}, #000 50%, ${above})`;
      ticks.replaceChildren(tick(0, `\u2212${top}`), tick(0.5, "0"), tick(1, `+${top} Gy`));
      says.textContent = `${state.map.name}. Clips at \u00b1${top} Gy. Outlines are gray on this map.`;
      return;
    }
    const stops = bar();
    const part = (gy) => Math.min(1, gy / state.top);
    ramp.style.background = `linear-gradient(to right, #000 ${100 * part(stops[0][0])}%, ${stops.map(([gy, color]) =>
      `${color} ${100 * part(gy)}%`).join(", ")})`;
    let last = 0;
    const used = [];
    for (const [gy] of stops.slice(1, -1)) {
      if (part(gy) >= 0.84 || part(gy) - last <= 0.09) continue;
      last = part(gy);
      used.push(tick(last, levelText(gy)));
    }
    ticks.replaceChildren(tick(0, "0"), ...used, tick(1, `${gyText(state.top)} Gy`));
    const most = state.factor * state.map.max_gy;
    ramp.parentElement.hidden = state.opacity === 0;
    if (state.opacity === 0) {
      says.textContent = `Maximum ${gyText(most)} Gy.`;
      keys.replaceChildren(keys.firstElementChild, ...state.levels.map((gy, n) => swatch(palette[n], levelText(gy))));
      return;
    }
    says.textContent = `Wash starts at ${gyText(stops[0][0])} Gy${most > state.top
      ? ` and clips at ${gyText(state.top)} Gy; maximum ${gyText(most)} Gy` : `; maximum ${gyText(most)} Gy`}.`;
    ramp.classList.toggle("clips", most > state.top);
    keys.replaceChildren(keys.firstElementChild, ...state.levels.map((gy, n) => swatch(palette[n], levelText(gy))));
  }
  for (const one of structures) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("input", () => {
      one.shown = box.checked;
      redraw();
    });
    const mark = document.createElement("i");
    mark.className = "str";
    mark.style.borderTopColor = one.color;
    if (one.dashed) mark.style.borderTopStyle = "dashed";
    label.append(box, mark, one.note ? `${one.name} (${one.note})` : one.name);
    element("view-structures").append(label);
  }

  // A finding shows its place; a plan that is played with scales all doses.
  for (const button of document.querySelectorAll("[data-show]")) {
    const index = indexOf(button.dataset.show.split(",").map(Number));
    if (index.some((n, axis) => n < 0 || n >= shape[axis])) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      state.at = index.slice();
      drawAll();
      root.scrollIntoView({ block: "center" });
      planes.axial.canvas.focus({ preventScroll: true });
    });
  }
  window.addEventListener("moved", () => {
    state.factor = Number(document.body.dataset.ratio || 1);
    state.moved = state.factor !== 1;
    legend();
    redraw();
  });
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 120);
  });
  window.addEventListener("beforeprint", () => { state.print = true; drawAll(); });
  window.addEventListener("afterprint", () => { state.print = false; drawAll(); });
  element("wash-opacity").value = String(100 * state.opacity);
  legend();
  drawAll();
  root.dataset.ready = "yes";
})();
