"use strict";
// Three linked planes: gray picture, dose wash, isodoses, outlines, crosshair.
(async () => {
  const root = document.getElementById("view");
  const source = document.getElementById("view-data");
  if (!root || !source || !("DecompressionStream" in window)) return;
  const data = JSON.parse(source.textContent);
  const [nk, nj, ni] = data.grid.shape;
  const f = data.factors;
  const fine = data.grid.shape.map((n, axis) => n * f[axis]);
  const size = data.grid.spacing_mm;
  const count = nk * nj * ni;

  async function inflate(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }
  const packed = await inflate(data.dose.data);
  const steps = new Uint16Array(count);
  for (let n = 0, value = 0; n < count; n++) {
    value = (value + (packed[n] << 8) + packed[count + n]) & 65535;
    steps[n] = value;
  }
  let gray = null;
  if (data.gray) {
    gray = await inflate(data.gray.data);
    for (let n = 1; n < gray.length; n++) gray[n] = (gray[n] + gray[n - 1]) & 255;
  }
  const structures = [];
  for (const one of data.structures) {
    structures.push({
      name: one.note ? `${one.name} (${one.note})` : one.name,
      color: one.color,
      dotted: one.dotted,
      bits: await inflate(one.data),
      shown: true,
    });
  }
  const gyAt = (k, j, i) => data.dose.low_gy + data.dose.step_gy * steps[(k * nj + j) * ni + i];
  const inside = (bits, n) => (bits[n >> 3] >> (n & 7)) & 1;

  const anchors = data.colormap;
  const lut = [];
  for (let n = 0; n < 256; n++) {
    const at = (n / 255) * (anchors.length - 1);
    const a = Math.min(Math.floor(at), anchors.length - 2);
    lut.push(anchors[a].map((c, x) => Math.round(c + (at - a) * (anchors[a + 1][x] - c))));
  }

  // Axes of each plane: through, across (to the right), down; heads are up.
  const planes = {
    axial: { through: 0, across: 2, down: 1, up: false, letters: ["R", "L", "A", "P"] },
    coronal: { through: 1, across: 2, down: 0, up: true, letters: ["R", "L", "H", "F"] },
    sagittal: { through: 2, across: 1, down: 0, up: true, letters: ["A", "P", "H", "F"] },
  };
  const state = {
    at: data.start.slice(), max: data.top_gy, opacity: 0.6, isodoses: true, smooth: false,
    low: data.gray ? data.gray.window[0] : 0, high: data.gray ? data.gray.window[1] : 1,
    levels: data.isodoses_gy,
  };
  const number = (value) => {
    if (!(Math.abs(value) > 0)) return "0";
    return value.toPrecision(Math.abs(value) >= 1000 ? Math.ceil(Math.log10(Math.abs(value) + 1)) : 4);
  };
  const place = ([k, j, i]) => {
    const m = data.grid.affine_mm;
    return [0, 1, 2].map((r) => m[r][0] * k + m[r][1] * j + m[r][2] * i + m[r][3]);
  };

  function fineIndex(plane, slice, x, y) {
    const index = [0, 0, 0];
    index[plane.through] = slice * f[plane.through] + (f[plane.through] >> 1);
    index[plane.across] = x;
    index[plane.down] = plane.up ? fine[plane.down] - 1 - y : y;
    return index;
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

  function draw(name) {
    const plane = planes[name];
    const canvas = plane.canvas;
    const context = canvas.getContext("2d");
    const slice = state.at[plane.through];
    const wide = fine[plane.across];
    const high = fine[plane.down];
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (gray) {
      const levels = data.gray.levels;
      const shade = levels.map((v) =>
        Math.max(0, Math.min(255, (255 * (v - state.low)) / (state.high - state.low || 1))));
      const picture = layer(wide, high, (pixels) => {
        for (let y = 0, n = 0; y < high; y++) {
          for (let x = 0; x < wide; x++, n += 4) {
            const [k, j, i] = fineIndex(plane, slice, x, y);
            pixels[n] = pixels[n + 1] = pixels[n + 2] = shade[gray[(k * fine[1] + j) * fine[2] + i]];
            pixels[n + 3] = 255;
          }
        }
      });
      context.imageSmoothingEnabled = true;
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    }
    const columns = data.grid.shape[plane.across];
    const rows = data.grid.shape[plane.down];
    const doses = new Float64Array(columns * rows);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const index = [0, 0, 0];
        index[plane.through] = slice;
        index[plane.across] = x;
        index[plane.down] = plane.up ? rows - 1 - y : y;
        doses[y * columns + x] = gyAt(...index);
      }
    }
    const wash = layer(columns, rows, (pixels) => {
      for (let n = 0; n < doses.length; n++) {
        const part = doses[n] / state.max;
        if (part < 0.05) continue;
        const color = lut[Math.min(255, Math.round(255 * part))];
        pixels.set([...color, Math.round(255 * state.opacity * (0.4 + 0.6 * Math.min(1, part)))], 4 * n);
      }
    });
    context.imageSmoothingEnabled = state.smooth;
    context.drawImage(wash, 0, 0, canvas.width, canvas.height);
    const sx = canvas.width / columns;
    const sy = canvas.height / rows;
    const ratio = canvas.width / parseFloat(canvas.style.width);
    if (state.isodoses) isodoses(context, doses, columns, rows, sx, sy, ratio);
    outlines(context, plane, slice, wide, high, canvas.width / wide, canvas.height / high, ratio);
    const cx = (state.at[plane.across] + 0.5) * sx;
    const cy = ((plane.up ? rows - 1 - state.at[plane.down] : state.at[plane.down]) + 0.5) * sy;
    context.strokeStyle = "rgba(255,255,255,0.75)";
    context.lineWidth = ratio;
    context.beginPath();
    context.moveTo(cx, 0);
    context.lineTo(cx, canvas.height);
    context.moveTo(0, cy);
    context.lineTo(canvas.width, cy);
    context.stroke();
    context.fillStyle = "#fff";
    context.font = `${12 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(plane.letters[0], 4 * ratio, canvas.height / 2);
    context.textAlign = "right";
    context.fillText(plane.letters[1], canvas.width - 4 * ratio, canvas.height / 2);
    context.textAlign = "center";
    context.fillText(plane.letters[2], canvas.width / 2, 9 * ratio);
    context.fillText(plane.letters[3], canvas.width / 2, canvas.height - 9 * ratio);
    const world = place(state.at);
    const at = `${"zyx"[plane.through]} = ${world[2 - plane.through].toFixed(0)} mm`;
    plane.caption.textContent = data.grid.tilt_deg > 2
      ? `near ${name}, up to ${data.grid.tilt_deg}° off; ${at} at the crosshair`
      : `${name}, ${at}`;
  }

  function isodoses(context, doses, columns, rows, sx, sy, ratio) {
    context.lineWidth = 1.4 * ratio;
    for (const level of state.levels) {
      const color = lut[Math.min(255, Math.round((255 * level) / state.max))];
      context.strokeStyle = `rgb(${color.map((c) => Math.min(255, c + 60)).join(",")})`;
      context.beginPath();
      for (let y = 0; y + 1 < rows; y++) {
        for (let x = 0; x + 1 < columns; x++) {
          const n = y * columns + x;
          const corner = [doses[n], doses[n + 1], doses[n + columns + 1], doses[n + columns]];
          const cuts = [];
          for (let side = 0; side < 4; side++) {
            const a = corner[side];
            const b = corner[(side + 1) % 4];
            if (a >= level === b >= level) continue;
            const t = (level - a) / (b - a);
            cuts.push([[x + t, y], [x + 1, y + t], [x + 1 - t, y + 1], [x, y + 1 - t]][side]);
          }
          for (let c = 0; c + 1 < cuts.length; c += 2) {
            context.moveTo((cuts[c][0] + 0.5) * sx, (cuts[c][1] + 0.5) * sy);
            context.lineTo((cuts[c + 1][0] + 0.5) * sx, (cuts[c + 1][1] + 0.5) * sy);
          }
        }
      }
      context.stroke();
    }
  }

  function outlines(context, plane, slice, wide, high, sx, sy, ratio) {
    context.lineWidth = 1.6 * ratio;
    for (const one of structures) {
      if (!one.shown) continue;
      const at = (x, y) => {
        if (x < 0 || y < 0 || x >= wide || y >= high) return 0;
        const [k, j, i] = fineIndex(plane, slice, x, y);
        return inside(one.bits, (k * fine[1] + j) * fine[2] + i);
      };
      context.strokeStyle = one.color;
      context.beginPath();
      for (let y = 0; y <= high; y++) {
        for (let x = 0; x <= wide; x++) {
          if (one.dotted && ((x + y) >> 1) & 1) continue;
          const here = at(x, y);
          if (here !== at(x - 1, y)) {
            context.moveTo(x * sx, y * sy);
            context.lineTo(x * sx, (y + 1) * sy);
          }
          if (here !== at(x, y - 1)) {
            context.moveTo(x * sx, y * sy);
            context.lineTo((x + 1) * sx, y * sy);
          }
        }
      }
      context.stroke();
    }
  }

  function tell(element, index, what) {
    const gy = gyAt(...index);
    const [x, y, z] = place(index);
    let text = `${what}: ${number(gy)} Gy at x ${x.toFixed(1)}, y ${y.toFixed(1)}, z ${z.toFixed(1)} mm`;
    const [a, b, c] = index.map((at, axis) => at * f[axis] + (f[axis] >> 1));
    const n = (a * fine[1] + b) * fine[2] + c;
    if (gray && data.gray.unit === "HU") {
      const beyond = gray[n] === 0 ? "at most " : gray[n] === 255 ? "at least " : "";
      text += `, ${beyond}${data.gray.levels[gray[n]].toFixed(0)} HU`;
    }
    const names = structures.filter((one) => inside(one.bits, n)).map((one) => one.name);
    if (names.length) text += `, in ${names.join(", ")}`;
    element.textContent = text;
    element.dataset.gy = gy;
    element.dataset.index = index.join(",");
  }

  function drawAll() {
    for (const name of Object.keys(planes)) draw(name);
    tell(document.getElementById("here"), state.at, "at the crosshair");
  }

  function under(event, plane) {
    const box = plane.canvas.getBoundingClientRect();
    const index = state.at.slice();
    const columns = data.grid.shape[plane.across];
    const rows = data.grid.shape[plane.down];
    const x = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const y = Math.floor(((event.clientY - box.top) / box.height) * rows);
    index[plane.across] = Math.max(0, Math.min(columns - 1, x));
    index[plane.down] = Math.max(0, Math.min(rows - 1, plane.up ? rows - 1 - y : y));
    return index;
  }

  function step(axis, by) {
    state.at[axis] = Math.max(0, Math.min(data.grid.shape[axis] - 1, state.at[axis] + by));
    drawAll();
  }

  // Shown first: what is hidden has no width.
  document.documentElement.classList.add("live");
  const holder = document.getElementById("view-planes");
  const wideMm = ni * size[2];
  const deepMm = nj * size[1];
  const scale = Math.max(0.6, Math.min(2.4, (holder.clientWidth - 36) / (2 * wideMm + deepMm)));
  for (const [name, plane] of Object.entries(planes)) {
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    const width = data.grid.shape[plane.across] * size[plane.across] * scale;
    const height = data.grid.shape[plane.down] * size[plane.down] * scale;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.tabIndex = 0;
    canvas.id = `plane-${name}`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${name} plane: arrow keys move the crosshair, page keys the slice`);
    plane.canvas = canvas;
    plane.caption = document.createElement("figcaption");
    figure.append(canvas, plane.caption);
    holder.append(figure);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      state.at = under(event, plane);
      drawAll();
    });
    canvas.addEventListener("pointermove", (event) => {
      const index = under(event, plane);
      tell(document.getElementById("pointer"), index, "under the pointer");
      if (event.buttons & 1) {
        state.at = index;
        drawAll();
      }
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      step(plane.through, event.deltaY > 0 ? -1 : 1);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const down = plane.up ? -1 : 1;
      const moves = {
        ArrowRight: [plane.across, 1], ArrowLeft: [plane.across, -1],
        ArrowDown: [plane.down, down], ArrowUp: [plane.down, -down],
        PageUp: [plane.through, 1], PageDown: [plane.through, -1],
      };
      if (!(event.key in moves)) return;
      event.preventDefault();
      step(...moves[event.key]);
    });
  }

  const control = (id, apply) => {
    const input = document.getElementById(id);
    if (!input) return;
    input.addEventListener("input", () => {
      apply(input);
      drawAll();
      bar();
    });
  };
  const typed = (input, key, valid) => {
    const value = Number(input.value);
    if (input.value !== "" && valid(value)) state[key] = value;
  };
  control("gray-low", (input) => typed(input, "low", (v) => v < state.high));
  control("gray-high", (input) => typed(input, "high", (v) => v > state.low));
  control("wash-max", (input) => typed(input, "max", (v) => v > 0));
  control("wash-opacity", (input) => { state.opacity = Number(input.value) / 100; });
  control("isodoses", (input) => { state.isodoses = input.checked; });
  control("smooth", (input) => { state.smooth = input.checked; });
  control("levels", (input) => {
    state.levels = input.value.split(/[\s,;]+/).map(Number).filter((v) => v > 0);
  });
  for (const one of structures) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("input", () => {
      one.shown = box.checked;
      drawAll();
    });
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    if (one.dotted) swatch.style.borderTop = `4px dotted ${one.color}`;
    else swatch.style.background = one.color;
    label.append(box, swatch, one.name);
    document.getElementById("view-structures").append(label);
  }
  function bar() {
    document.getElementById("bar-half").textContent = number(state.max / 2);
    document.getElementById("bar-max").textContent = `${number(state.max)} Gy`;
  }
  drawAll();
  bar();
  root.dataset.ready = "yes";
})();
