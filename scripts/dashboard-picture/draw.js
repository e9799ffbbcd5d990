// Panels as one SVG: lines or coloured stretches of states, axes, titles, legends. Plain text, so that a diff shows it.
const columns = 4;
const cell = { width: 310, height: 200, gap: 12 };
const plot = { left: 46, top: 30, right: 10, bottom: 52 };
const colors = ["#3274d9", "#e0752d", "#56a64b", "#c4162a", "#8f3bb8", "#b8860b", "#00838f", "#7a7a7a"];
const stateColors = { green: "#73bf69", yellow: "#f2cc0c", orange: "#ff9830", red: "#e02f44", blue: "#5794f2", gray: "#b0b0b0" };
const mostSeries = 6;

/**
 * @param panels `{ title, unit, mappings?, series: { name, points: [second, value][] }[] }`
 * @param span in seconds from 0, and which part of it to shade and how to call it
 */
export function drawPanels(panels, { end, shaded, caption }) {
  const width = columns * (cell.width + cell.gap) + cell.gap;
  const rows = Math.ceil(panels.length / columns);
  const height = rows * (cell.height + cell.gap) + cell.gap + 26;
  const cells = panels.map((panel, index) => {
    const x = cell.gap + (index % columns) * (cell.width + cell.gap);
    const y = 26 + cell.gap + Math.floor(index / columns) * (cell.height + cell.gap);
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, end, shaded)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="10" fill="#444">`,
    `<rect width="${width}" height="${height}" fill="#f4f5f7"/>`,
    text(cell.gap, 22, caption, 'font-size="13" fill="#222"'),
    ...cells,
    "</svg>\n",
  ].join("\n");
}

function drawPanel(panel, end, shaded) {
  const w = cell.width - plot.left - plot.right;
  const h = cell.height - plot.top - plot.bottom;
  const x = (second) => round(plot.left + (second / end) * w);
  const frame = [
    `<rect width="${cell.width}" height="${cell.height}" rx="3" fill="#fff" stroke="#dcdfe4"/>`,
    text(10, 18, panel.title, 'font-size="12" font-weight="600" fill="#222"'),
    `<rect x="${x(shaded.from)}" y="${plot.top}" width="${round(x(shaded.to) - x(shaded.from))}" height="${h}" fill="#fdecea"/>`,
    ...timeAxis(end, x, h),
  ];
  const body = panel.mappings === undefined ? drawLines(panel, x, h) : drawStates(panel, x, h, end);
  return [...frame, ...body].join("\n");
}

function timeAxis(end, x, h) {
  const step = end > 20 ? 10 : 5;
  const seconds = Array.from({ length: Math.floor(end / step) + 1 }, (_, n) => n * step);
  const anchor = (second) => (second === end ? "end" : "middle"); // the last would stand outside
  return seconds.map((second) => text(x(second), plot.top + h + 13, `${second} s`, `text-anchor="${anchor(second)}" fill="#888"`));
}

function drawLines({ unit, series }, x, h) {
  const highest = Math.max(0, ...series.flatMap(({ points }) => points.map(([, value]) => value)));
  const { top, ticks } = scale(highest, unit);
  const y = (value) => round(plot.top + h - (value / top) * h);
  const grid = ticks.flatMap((tick) => [
    `<path d="M${plot.left} ${y(tick)}H${cell.width - plot.right}" stroke="#e8eaee"/>`,
    text(plot.left - 5, y(tick) + 3, format(tick, unit), 'text-anchor="end" fill="#888"'),
  ]);
  const lines = series.slice(0, mostSeries).map(({ points }, index) => {
    const path = segments(points).map((part) => `M${part.map(([second, value]) => `${x(second)} ${y(value)}`).join("L")}`).join("");
    return `<path d="${path}" fill="none" stroke="${colors[index]}" stroke-width="1.5" stroke-linejoin="round"/>`;
  });
  return [...grid, ...lines, ...legend(series.slice(0, mostSeries).map(({ name }, index) => [name, colors[index]]))];
}

/** A point that is no number ends a line, and the next number begins another. */
function segments(points) {
  const parts = [[]];
  for (const point of points) {
    if (Number.isFinite(point[1])) parts.at(-1).push(point);
    else if (parts.at(-1).length > 0) parts.push([]);
  }
  return parts.filter((part) => part.length > 0);
}

function drawStates({ series, mappings }, x, h, end) {
  const band = Math.min(40, h / series.length - 8);
  const seen = new Set();
  const strips = series.flatMap(({ name, points }, row) => {
    const y = round(plot.top + (row + 0.5) * (h / series.length) - band / 2 + 6);
    // One rectangle for each stretch: the seams of many would be seen.
    const changes = points.filter(([, value], index) => value !== points[index - 1]?.[1]);
    const rects = changes.map(([second, value], index) => {
      const mapping = mappings[value];
      if (mapping === undefined) return "";
      seen.add(mapping);
      const until = changes[index + 1]?.[0] ?? end;
      return `<rect x="${x(second)}" y="${y}" width="${round(x(until) - x(second))}" height="${round(band)}" fill="${stateColors[mapping.color]}"/>`;
    });
    return [...rects, text(plot.left, y - 4, name, "")];
  });
  const shown = [...seen].sort((a, b) => a.index - b.index).map(({ text: state, color }) => [state, stateColors[color]]);
  return [...strips, ...legend(shown)];
}

function legend(entries) {
  let left = 10;
  let line = 0;
  return entries.flatMap(([name, color]) => {
    const width = 16 + name.length * 5.6;
    if (left > 10 && left + width > cell.width) [left, line] = [10, line + 1];
    const [x, y] = [round(left), cell.height - 22 + 13 * line];
    left += width + 8;
    return [`<rect x="${x}" y="${y - 6}" width="9" height="3" fill="${color}"/>`, text(x + 13, y, name, "")];
  });
}

/** A round number above the highest, and the ticks up to it. */
function scale(highest, unit) {
  if (highest <= 0) return { top: 1, ticks: [0] };
  const base = unit === "bytes" ? 2 ** (10 * Math.floor(Math.log2(highest) / 10)) : 1;
  const raw = highest / base / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) * base;
  const count = Math.ceil(highest / step);
  return { top: count * step, ticks: Array.from({ length: count + 1 }, (_, n) => n * step) };
}

function format(value, unit) {
  if (value === 0) return "0";
  if (unit === "percentunit") return `${short(value * 100)} %`;
  if (unit === "s") return value < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`;
  if (unit === "bytes") return `${short(value / 2 ** 20)} MiB`;
  return unit === "reqps" || unit === "ops" ? `${short(value)}/s` : short(value);
}

const short = (value) => String(Number(value.toPrecision(3)));
const round = (value) => Math.round(value * 10) / 10;

function text(x, y, content, attributes) {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${round(y)}"${attributes === "" ? "" : ` ${attributes}`}>${escaped}</text>`;
}
